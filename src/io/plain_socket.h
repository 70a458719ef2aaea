// SPDX-License-Identifier: Apache-2.0
//
// Socket on a TCP socket that epoll watches edge by edge, registered once for its whole life.
// Everything epoll said is remembered here, so that a request costs one read and one write on each
// side and no other system call. Small, because most connections are idle.
#pragma once

#include <memory>
#include <optional>

#include "io/epoll.h"
#include "io/loop.h"
#include "io/socket.h"

namespace daruma::io {

class PlainSocket final : public Socket, private Watched {
 public:
  // Null if the system has no room to watch it.
  static std::unique_ptr<PlainSocket> accepted(Epoll& epoll, Descriptor descriptor,
                                               const Address& peer);
  // Or why the system refused at once.
  static tl::expected<std::unique_ptr<PlainSocket>, SocketError> connecting(Epoll& epoll,
                                                                            const Address& peer,
                                                                            SocketHandler& handler);
  PlainSocket(Epoll& epoll, Descriptor descriptor, const Address& peer, SocketHandler* handler);
  ~PlainSocket() override;

  void set_handler(SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override { return readable_ || ended_ || dead_; }
  IoResult read(std::span<char> into) override;
  using Socket::write;
  IoResult write(std::span<const std::string_view> pieces) override;
  void finish_writing() override;
  void abort_on_close() override { abort_on_close_ = true; }
  SocketError error() const override { return error_; }
  Address local() const override;
  Address peer() const override { return peer_; }

 private:
  void on_events(uint32_t events) override;
  bool watch();
  // True if connected.
  bool finish_connecting(uint32_t events);
  // Takes note of what the events say about reading; true if that is news to the handler.
  bool note_readable(uint32_t events);
  IoResult fail(int error_number);

  SocketHandler* handler_;  // null until an accepted socket is given one
  Descriptor descriptor_;
  SocketError error_ = SocketError::none;
  bool connecting_ : 1;
  bool readable_ : 1 = false;       // reading may bring something
  bool hung_up_ : 1 = false;        // FIN or an error has come in: no edge will announce the rest
  bool urgent_ : 1 = false;         // urgent data has come: reads may stop at its mark
  bool ended_ : 1 = false;          // FIN was read
  bool dead_ : 1 = false;           // nothing can be read any more
  bool write_blocked_ : 1 = false;  // the kernel took less than asked
  bool finished_ : 1 = false;       // FIN was sent
  bool abort_on_close_ : 1 = false;
  Address peer_;
  mutable std::optional<Address> local_;  // asked for once
};

// What connect() returns when the system refuses at once: tells its handler later, as for any other
// failure.
class FailedSocket final : public Socket, private Task {
 public:
  FailedSocket(Loop& loop, const Address& peer, SocketHandler& handler, SocketError error);

  void set_handler(SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override { return true; }
  IoResult read(std::span<char>) override { return {IoStatus::failed}; }
  using Socket::write;
  IoResult write(std::span<const std::string_view>) override { return {IoStatus::failed}; }
  void finish_writing() override {}
  void abort_on_close() override {}
  SocketError error() const override { return error_; }
  Address local() const override { return Address(); }
  Address peer() const override { return peer_; }

 private:
  void run() override { handler_->on_connect_failed(); }

  SocketHandler* handler_;
  Address peer_;
  SocketError error_;
};

}  // namespace daruma::io
