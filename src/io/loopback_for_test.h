// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this folder share: a loop that turns until something is so, handlers that
// record, and a peer that speaks to the kernel directly.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/descriptor.h"
#include "io/epoll_loop.h"

namespace daruma::io {

// Turns until `condition` holds; false if it does not within ten seconds.
template <class Condition>
bool turn_until(EpollLoop& loop, Condition condition) {
  const Instant give_up = loop.now() + 10s;
  while (!condition()) {
    if (loop.now() >= give_up) return false;
    loop.turn(100ms);
  }
  return true;
}

// Handles everything that is ready, and returns when nothing is.
inline void settle(EpollLoop& loop) {
  for (int i = 0; i < 5; ++i) loop.turn(0ms);
}

// Counts calls; may be told to do something within them.
struct Recorder final : SocketHandler {
  void on_connected() override {
    ++connected;
    if (then_connected) then_connected();
  }
  void on_connect_failed() override {
    ++connect_failed;
    if (then_connect_failed) then_connect_failed();
  }
  void on_readable() override {
    ++readable;
    if (then_readable) then_readable();
  }
  void on_writable() override {
    ++writable;
    if (then_writable) then_writable();
  }
  int calls() const { return connected + connect_failed + readable + writable; }

  int connected = 0;
  int connect_failed = 0;
  int readable = 0;
  int writable = 0;
  std::function<void()> then_connected, then_connect_failed, then_readable, then_writable;
};

// Keeps what it accepts, all under one handler.
struct Keeper final : AcceptHandler {
  void on_accept(std::unique_ptr<Socket> socket) override {
    socket->set_handler(handler);
    sockets.push_back(std::move(socket));
    if (then) then();
  }
  void on_accept_paused(SocketError error) override { pauses.push_back(error); }

  Recorder handler;
  std::vector<std::unique_ptr<Socket>> sockets;
  std::vector<SocketError> pauses;
  std::function<void()> then;
};

struct Received {
  IoStatus status;
  std::string bytes;
};

inline Received read_some(Socket& socket, size_t bytes_max) {
  std::string into(bytes_max, '\0');
  const IoResult result = socket.read(into);
  into.resize(result.bytes);
  return {result.status, into};
}

inline const Address loopback = Address::v4({127, 0, 0, 1}, 0);

inline std::unique_ptr<Acceptor> listen_on_loopback(Loop& loop, AcceptHandler& handler,
                                                    const ListenOptions& options = {}) {
  auto acceptor = loop.listen(loopback, handler, options);
  EXPECT_TRUE(acceptor) << acceptor.error().message;
  return std::move(*acceptor);
}

// Until destroyed, this process can open no descriptor. Keep it short: sanitizers need some too.
class DescriptorsExhausted {
 public:
  DescriptorsExhausted() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~DescriptorsExhausted() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

// A blocking socket outside every loop, with a deadline on each call.
class RawPeer {
 public:
  explicit RawPeer(const Address& to) : RawPeer(Descriptor(socket(AF_INET, SOCK_STREAM, 0))) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(number(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  explicit RawPeer(Descriptor descriptor)
      : descriptor_(std::make_unique<Descriptor>(std::move(descriptor))) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  int number() const { return descriptor_->number(); }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(number(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()))
        << std::strerror(errno);
  }
  // Its last byte is the urgent one.
  void send_urgent(std::string_view bytes) {
    EXPECT_EQ(::send(number(), bytes.data(), bytes.size(), MSG_OOB | MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()))
        << std::strerror(errno);
  }
  // As much as comes at once; "" at the end of the stream, nothing but an error number otherwise.
  struct Answer {
    std::string bytes;
    int error_number;
  };
  Answer receive(size_t bytes_max = 65536) {
    std::string into(bytes_max, '\0');
    const ssize_t count = recv(number(), into.data(), into.size(), 0);
    if (count < 0) return {"", errno};
    into.resize(static_cast<size_t>(count));
    return {into, 0};
  }
  // Whether something, or the end, can be received within ten seconds.
  bool wait_readable() {
    pollfd wanted{.fd = number(), .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, 10000) == 1;
  }
  void finish() { shutdown(number(), SHUT_WR); }
  void close() { descriptor_.reset(); }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(number(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

 private:
  std::unique_ptr<Descriptor> descriptor_;
};

}  // namespace daruma::io
