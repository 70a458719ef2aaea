// SPDX-License-Identifier: Apache-2.0
//
// peers_relay: what a proxy costs that understands nothing. One connection to the target for each
// of a client, bytes carried across as they come, TLS on either side if asked for. No HTTP, no
// rules, no pool: the limit that a load balancer is measured against.
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>

#include "stream.h"

namespace {

using daruma::io::Descriptor;
using daruma::peers::Listener;
using daruma::peers::Moved;
using daruma::peers::Poller;
using daruma::peers::Role;
using daruma::peers::Step;
using daruma::peers::Stream;
using daruma::peers::Watched;

class Pair;

// One of the two connections of a pair.
class Side final : public Watched {
 public:
  Side(Pair& pair, Descriptor socket, SSL_CTX* tls, Role role)
      : pair_(pair),
        stream_(std::move(socket), tls, role),
        ready_(tls == nullptr && role == Role::server),
        connecting_(role == Role::client) {}
  void on_event() override;

 private:
  friend class Pair;
  Pair& pair_;
  Stream stream_;
  std::string waiting_;  // bytes for this side that could not be written yet
  bool ready_;           // connected, and handshaken
  bool connecting_;
};

class Pair final : public Watched {
 public:
  Pair(Poller& poller, Descriptor client, SSL_CTX* client_tls, Descriptor target,
       SSL_CTX* target_tls)
      : poller_(poller),
        client_(*this, std::move(client), client_tls, Role::server),
        target_(*this, std::move(target), target_tls, Role::client) {
    poller_.add(client_.stream_.fd(), EPOLLIN, client_);
    poller_.add(target_.stream_.fd(), EPOLLOUT, target_);
  }
  void on_event() override {}

  void advance(Side& side) {
    if (ended_) return;
    Side& other = &side == &client_ ? target_ : client_;
    // Bytes that TLS has read already, and that nobody took, no event will tell of.
    if (carry(side, other) == Step::ended ||
        (side.waiting_.empty() && other.stream_.holds_bytes() &&
         carry(other, side) == Step::ended)) {
      ended_ = true;
      return poller_.bury(*this);
    }
    watch(client_, target_);
    watch(target_, client_);
  }

 private:
  // Everything that can be done now for an event of `side`.
  Step carry(Side& side, Side& other) {
    if (!side.ready_) {
      side.connecting_ = false;
      if (const Step step = side.stream_.handshake(); step != Step::done) return step;
      side.ready_ = true;
    }
    if (const Step step = flush(side); step != Step::done) return step;
    while (other.waiting_.empty()) {
      const Moved moved = side.stream_.read(buffer_);
      if (moved.step != Step::done) return moved.step;
      if (pass(other, {buffer_.data(), moved.bytes}) == Step::ended) return Step::ended;
      // A short read has emptied the socket: the level will tell of more.
      if (moved.bytes < buffer_.size() && !side.stream_.holds_bytes()) break;
    }
    return Step::done;
  }

  static Step pass(Side& to, std::string_view bytes) {
    while (to.ready_ && !bytes.empty()) {
      const Moved moved = to.stream_.write(bytes);
      if (moved.step == Step::ended) return Step::ended;
      if (moved.step == Step::blocked) break;
      bytes.remove_prefix(moved.bytes);
    }
    to.waiting_.append(bytes);
    return Step::done;
  }

  static Step flush(Side& side) {
    while (!side.waiting_.empty()) {
      const Moved moved = side.stream_.write(side.waiting_);
      if (moved.step != Step::done) return moved.step;
      side.waiting_.erase(0, moved.bytes);
    }
    return Step::done;
  }

  // A side is read only while the other one takes what it says.
  void watch(Side& side, const Side& other) {
    uint32_t events = 0;
    if (side.connecting_ || (side.ready_ && !side.waiting_.empty())) events |= EPOLLOUT;
    if (!side.connecting_ && (!side.ready_ || other.waiting_.empty())) events |= EPOLLIN;
    poller_.want(side.stream_.fd(), events, side);
  }

  static inline std::array<char, 128 * 1024> buffer_;

  Poller& poller_;
  Side client_;
  Side target_;
  bool ended_ = false;
};

void Side::on_event() {
  pair_.advance(*this);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Carries bytes between 127.0.0.1 and a target, and understands none of them"};
  uint16_t port = 0, target_port = 0;
  std::string target = "127.0.0.2", certificate, key;
  bool target_tls = false;
  app.add_option("--port", port, "where to listen")->required();
  app.add_option("--target", target, "address of the target");
  app.add_option("--target-port", target_port, "port of the target")->required();
  auto* file = app.add_option("--certificate", certificate, "PEM file: clients speak TLS");
  app.add_option("--key", key, "PEM file")->needs(file);
  app.add_flag("--target-tls", target_tls, "the target speaks TLS");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  Poller poller;
  daruma::peers::TlsContext to_clients, to_target;
  if (!certificate.empty()) to_clients = daruma::peers::make_server_context(certificate, key);
  if (target_tls) to_target = daruma::peers::make_client_context();
  poller.adopt(std::make_unique<Listener>(poller, "127.0.0.1", port, [&](Descriptor client) {
    poller.adopt(std::make_unique<Pair>(poller, std::move(client), to_clients.get(),
                                        daruma::peers::begin_connect(target, target_port),
                                        to_target.get()));
  }));
  for (;;) poller.turn(std::chrono::nanoseconds(-1));
}
