// SPDX-License-Identifier: Apache-2.0
//
// A Socket that speaks TLS over another Socket. Handshakes by itself; then reads and writes are
// plaintext, under the same contract as any Socket's. Where TLS shows:
//
// - on_readable may be followed by a read() that returns `blocked`: session tickets and other
//   messages of TLS itself are not data.
// - write() keeps bytes that the network did not take, up to output_bytes_max, and accepts no more
//   until half of that is free. Pieces that fit one record (16 KB) go out as one.
// - finish_writing() says close_notify, then FIN. If the network does not take them at once,
//   on_writable is called when it has; pending_bytes() is then 0 and the socket may be destroyed.
// - A peer that ends without close_notify makes read() fail with tls_truncated, after all that came
//   before. Whoever knows by other means that the message was complete may ignore that.
// - Destroying says close_notify, if the network takes it, except after abort_on_close() or
// failure.
// - Session tickets of an accepting TLS 1.3 socket travel with its first answer.
#pragma once

#include <memory>

#include "base/buffer.h"
#include "io/loop.h"
#include "io/socket.h"
#include "tls/session.h"

namespace daruma::transport {

class PieceReader;

// Per thread: the slabs, one large buffer that every TLS read of this thread goes through, and one
// where the pieces of a record come together. Nothing stays in the two between calls.
class SecureTransport {
 public:
  explicit SecureTransport(SlabPool& pool);
  SecureTransport(const SecureTransport&) = delete;
  SecureTransport& operator=(const SecureTransport&) = delete;

  SlabPool& pool() { return pool_; }
  std::span<char> read_buffer() { return {read_buffer_.get(), read_bytes}; }
  std::span<char> gather_buffer() { return {gather_buffer_.get(), gather_bytes}; }

 private:
  static constexpr size_t read_bytes = 66 * 1024;  // 64 KB of plaintext and its records' headers
  static constexpr size_t gather_bytes = tls::Session::record_bytes_max;

  SlabPool& pool_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> gather_buffer_;
};

class SecureSocket final : public io::Socket, private io::SocketHandler, private io::Task {
 public:
  // Accepted: the handshake begins when the client speaks; the handler hears on_connected or
  // on_connect_failed. The context (with cache and transport) outlives the socket.
  static std::unique_ptr<SecureSocket> accept(io::Loop& loop, SecureTransport& transport,
                                              tls::ServerContext& context,
                                              std::unique_ptr<io::Socket> lower,
                                              io::SocketHandler& handler);
  // Outgoing: connects, then handshakes. tcp_connected() tells which of the two is under way. What
  // is written within on_connected leaves together with the end of the handshake.
  static std::unique_ptr<SecureSocket> connect(io::Loop& loop, SecureTransport& transport,
                                               tls::ClientContext& context,
                                               tls::SessionCache* cache, const Address& address,
                                               std::string_view server_name,
                                               io::SocketHandler& handler,
                                               tls::AlpnOffer offer = tls::AlpnOffer::nothing);
  ~SecureSocket() override;

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override;
  io::IoResult read(std::span<char> into) override;
  using Socket::write;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  // REQUIRES: the handshake is complete.
  void finish_writing() override;
  void abort_on_close() override;
  size_t pending_bytes() const override;
  io::SocketError error() const override { return error_; }
  Address local() const override { return lower_->local(); }
  Address peer() const override { return lower_->peer(); }

  // The socket beneath, to tell a client in its own language that it spoke plain HTTP to an HTTPS
  // port. What has been read is lost; this one can only be destroyed. REQUIRES: on_connect_failed
  // was called, and session().peer_spoke_http().
  std::unique_ptr<io::Socket> give_up_tls();

  bool tcp_connected() const { return tcp_connected_; }
  // When it was; for an accepted socket, when it was accepted. REQUIRES: tcp_connected().
  Instant tcp_connected_at() const { return tcp_connected_at_; }
  const tls::Session& session() const { return *session_; }
  // What error() means here, for the log: the TLS library's words where there are any.
  std::string_view error_text() const;

  // Four full records, and what a handshake may have left before them.
  static constexpr size_t output_bytes_max =
      4 * (tls::Session::record_bytes_max + tls::Session::record_overhead_max) + 1024;
  // When the handler may write again, 16 KB find room in the smallest records too.
  static_assert(output_bytes_max / 2 >=
                tls::Session::record_bytes_max +
                    (tls::Session::record_bytes_max / tls::Session::record_bytes_least + 1) *
                        tls::Session::record_overhead_max);
  // Alerts and answers to key updates find room above.
  static_assert(output_bytes_max + 2 * 1024 <= Buffer::size_max());

 private:
  enum class State : uint8_t { connecting, handshaking, open, failed };
  class Watch;

  SecureSocket(io::Loop& loop, SecureTransport& transport, io::SocketHandler& handler, State state);
  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void run() override;

  void advance_handshake();
  void complete_handshake();
  void fail_handshake(io::SocketError error);
  io::IoStatus fetch(size_t bytes_wanted);
  void note_read_end(io::IoStatus status, io::SocketError error);
  void note_error(io::SocketError error);
  void drain_after_end();
  void encrypt(PieceReader& plain);
  void flush();
  void finish_lower();
  void tell_writable();

  io::Loop& loop_;
  SecureTransport& transport_;
  io::SocketHandler* handler_;
  std::unique_ptr<io::Socket> lower_;
  std::unique_ptr<tls::Session> session_;
  Buffer output_;           // ciphertext for the lower socket
  Watch* watch_ = nullptr;  // tells a caller up the stack that this object is gone
  Instant tcp_connected_at_{};
  State state_;
  io::SocketError error_ = io::SocketError::none;
  io::IoStatus read_end_ = io::IoStatus::blocked;  // `end` or `failed` once reading is over
  bool accepted_ : 1 = false;
  bool tcp_connected_ : 1 = false;
  bool output_blocked_ : 1 = false;  // the lower socket will call on_writable
  bool write_wanted_ : 1 = false;    // the handler waits for on_writable
  bool write_failed_ : 1 = false;
  bool renegotiating_ : 1 = false;   // writing goes on when reading has brought the target's part
  bool finishing_ : 1 = false;       // finish_writing() was called
  bool lower_finished_ : 1 = false;  // and FIN is on its way
  bool abort_on_close_ : 1 = false;
};

}  // namespace daruma::transport
