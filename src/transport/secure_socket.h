// SPDX-License-Identifier: Apache-2.0
//
// A Socket that speaks TLS over another Socket. Handshakes by itself; then reads and writes are
// plaintext.
#pragma once

#include <memory>

#include "base/buffer.h"
#include "io/loop.h"
#include "io/socket.h"
#include "tls/session.h"

namespace daruma::transport {

// Per thread: the slabs, and one large buffer that every TLS read of this thread goes through.
class SecureTransport {
 public:
  explicit SecureTransport(SlabPool& pool);
  ~SecureTransport();
  SlabPool& pool() { return pool_; }
  std::span<char> read_buffer() { return read_buffer_; }

 private:
  SlabPool& pool_;
  std::span<char> read_buffer_;
};

class SecureSocket final : public io::Socket, private io::SocketHandler {
 public:
  // Accepted: the handshake begins when the client speaks; the handler hears on_connected or
  // on_connect_failed.
  static std::unique_ptr<SecureSocket> accept(io::Loop& loop, SecureTransport& transport,
                                              tls::ServerContext& context,
                                              std::unique_ptr<io::Socket> lower,
                                              io::SocketHandler& handler);
  // Outgoing: connects, then handshakes. tcp_connected() tells which of the two is under way.
  static std::unique_ptr<SecureSocket> connect(io::Loop& loop, SecureTransport& transport,
                                               tls::ClientContext& context,
                                               tls::SessionCache* cache, const Address& address,
                                               std::string_view server_name,
                                               io::SocketHandler& handler);
  ~SecureSocket() override;

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override;
  io::IoResult read(std::span<char> into) override;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  void finish_writing() override;
  void abort_on_close() override;
  size_t pending_bytes() const override;
  io::SocketError error() const override;
  Address local() const override { return lower_->local(); }
  Address peer() const override { return lower_->peer(); }

  bool tcp_connected() const { return tcp_connected_; }
  const tls::Session& session() const { return *session_; }

 private:
  SecureSocket(io::Loop& loop, SecureTransport& transport, io::SocketHandler& handler);
  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  // … the implementation adds what it needs

  io::Loop& loop_;
  SecureTransport& transport_;
  io::SocketHandler* handler_;
  std::unique_ptr<io::Socket> lower_;
  std::unique_ptr<tls::Session> session_;
  bool tcp_connected_ = false;
};

}  // namespace daruma::transport
