// SPDX-License-Identifier: Apache-2.0
#include "transport/secure_socket.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "transport/piece_reader.h"

namespace daruma::transport {
namespace {

using io::IoResult;
using io::IoStatus;
using io::SocketError;
using tls::SessionStatus;

// More than any one flight of a handshake that is worth reading at once.
constexpr size_t handshake_read_bytes = 16 * 1024;
// Below this the handler may write again: then a wake-up is worth at least two full records.
constexpr size_t output_bytes_low = SecureSocket::output_bytes_max / 2;

// What to ask of the network to fill `plain` bytes: records add 22 bytes or more to each 16 KB or
// less, and asking for a whole record keeps OpenSSL from holding the head of one.
size_t ciphertext_for(size_t plain) {
  return std::max(plain + plain / 64, tls::Session::record_bytes_max) +
         tls::Session::record_overhead_max;
}

}  // namespace

// Stands on the stack while the handler is called and this object is needed afterwards.
class SecureSocket::Watch {
 public:
  explicit Watch(SecureSocket& socket) : socket_(&socket) {
    DARUMA_ASSERT(socket.watch_ == nullptr);
    socket.watch_ = this;
  }
  ~Watch() {
    if (socket_ != nullptr) socket_->watch_ = nullptr;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void socket_destroyed() { socket_ = nullptr; }
  bool alive() const { return socket_ != nullptr; }

 private:
  SecureSocket* socket_;
};

SecureTransport::SecureTransport(SlabPool& pool)
    : pool_(pool),
      read_buffer_(std::make_unique_for_overwrite<char[]>(read_bytes)),
      gather_buffer_(std::make_unique_for_overwrite<char[]>(gather_bytes)) {}

SecureSocket::SecureSocket(io::Loop& loop, SecureTransport& transport, io::SocketHandler& handler,
                           State state)
    : loop_(loop),
      transport_(transport),
      handler_(&handler),
      output_(transport.pool()),
      state_(state) {}

std::unique_ptr<SecureSocket> SecureSocket::accept(io::Loop& loop, SecureTransport& transport,
                                                   tls::ServerContext& context,
                                                   std::unique_ptr<io::Socket> lower,
                                                   io::SocketHandler& handler) {
  std::unique_ptr<SecureSocket> socket(
      new SecureSocket(loop, transport, handler, State::handshaking));
  socket->accepted_ = true;
  socket->tcp_connected_ = true;
  socket->tcp_connected_at_ = loop.now();
  socket->session_ = tls::Session::accept(context);
  socket->lower_ = std::move(lower);
  socket->lower_->set_handler(*socket);
  // What arrived before will not be announced again.
  if (socket->lower_->readable()) loop.call_soon(*socket);
  return socket;
}

std::unique_ptr<SecureSocket> SecureSocket::connect(
    io::Loop& loop, SecureTransport& transport, tls::ClientContext& context,
    tls::SessionCache* cache, const Address& address, std::string_view server_name,
    io::SocketHandler& handler, tls::AlpnOffer offer) {
  std::unique_ptr<SecureSocket> socket(
      new SecureSocket(loop, transport, handler, State::connecting));
  socket->session_ = tls::Session::connect(context, cache, server_name, offer);
  socket->lower_ = loop.connect(address, *socket);
  return socket;
}

SecureSocket::~SecureSocket() {
  if (watch_ != nullptr) watch_->socket_destroyed();
  if (state_ != State::open || finishing_ || abort_on_close_) return;
  if (output_blocked_ || write_failed_ || read_end_ == IoStatus::failed) return;
  session_->close_notify(output_);
  flush();
}

void SecureSocket::on_connected() {
  DARUMA_ASSERT(state_ == State::connecting);
  tcp_connected_ = true;
  tcp_connected_at_ = loop_.now();
  state_ = State::handshaking;
  advance_handshake();
}

void SecureSocket::on_connect_failed() {
  DARUMA_ASSERT(state_ == State::connecting);
  state_ = State::failed;
  note_error(lower_->error());
  handler_->on_connect_failed();
}

void SecureSocket::on_readable() {
  switch (state_) {
    case State::handshaking:
      return advance_handshake();
    case State::open:
      if (read_end_ == IoStatus::end) return drain_after_end();
      return handler_->on_readable();
    case State::connecting:
    case State::failed:
      return;
  }
}

void SecureSocket::on_writable() {
  output_blocked_ = false;
  flush();
  if (state_ == State::handshaking && write_failed_) return fail_handshake(error_);
  if (finishing_) finish_lower();
  tell_writable();
}

void SecureSocket::run() {
  if (state_ == State::handshaking) return advance_handshake();
  tell_writable();
}

void SecureSocket::advance_handshake() {
  SessionStatus status = session_->handshake(output_).status;
  IoStatus input = IoStatus::done;
  while (status == SessionStatus::want_input &&
         (input = fetch(handshake_read_bytes)) == IoStatus::done) {
    status = session_->handshake(output_).status;
  }
  session_->release_input();
  if (status == SessionStatus::done) return complete_handshake();
  if (status == SessionStatus::failed) return fail_handshake(SocketError::tls_handshake);
  if (input == IoStatus::end) return fail_handshake(SocketError::tls_handshake);
  if (input == IoStatus::failed) return fail_handshake(lower_->error());
  flush();
  if (write_failed_) fail_handshake(error_);
}

// The handler is told first, so that a request written at once shares a segment with the end of the
// handshake. A TLS 1.3 server has only tickets left to say: nobody waits for them.
void SecureSocket::complete_handshake() {
  state_ = State::open;
  Watch watch(*this);
  handler_->on_connected();
  if (!watch.alive()) return;
  if (!accepted_ || session_->version() != "TLSv1.3") flush();
  if (readable()) handler_->on_readable();
  if (watch.alive() && write_wanted_) tell_writable();
}

void SecureSocket::fail_handshake(SocketError error) {
  note_error(error);
  flush();  // the alert
  state_ = State::failed;
  handler_->on_connect_failed();
}

std::string_view SecureSocket::error_text() const {
  if (!session_->error_text().empty()) return session_->error_text();
  if (error_ == SocketError::tls_handshake) return "the peer closed during the handshake";
  return io::name_of(error_);
}

void SecureSocket::note_error(SocketError error) {
  if (error_ == SocketError::none) error_ = error;
}

void SecureSocket::note_read_end(IoStatus status, SocketError error) {
  read_end_ = status;
  if (status == IoStatus::failed) note_error(error);
}

// One read from the network into the thread's buffer; `done` if the session was fed.
IoStatus SecureSocket::fetch(size_t bytes_wanted) {
  if (!lower_->readable()) return IoStatus::blocked;
  const std::span<char> buffer = transport_.read_buffer();
  const IoResult result = lower_->read(buffer.first(std::min(bytes_wanted, buffer.size())));
  if (result.status == IoStatus::done) session_->feed({buffer.data(), result.bytes});
  return result.status;
}

// After close_notify nothing can come but the end of the connection, in an orderly way or not.
void SecureSocket::drain_after_end() {
  if (lower_->read(transport_.read_buffer()).status != IoStatus::failed) return;
  note_read_end(IoStatus::failed, lower_->error());
  handler_->on_readable();
}

bool SecureSocket::readable() const {
  if (state_ == State::failed) return true;
  if (state_ != State::open) return false;
  return read_end_ != IoStatus::blocked || write_failed_ || session_->readable() ||
         lower_->readable();
}

IoResult SecureSocket::read(std::span<char> into) {
  DARUMA_ASSERT(!into.empty());
  if (state_ == State::failed) return {IoStatus::failed};
  if (state_ != State::open) return {IoStatus::blocked};
  const size_t output_before = output_.size();
  size_t moved = 0;
  while (moved < into.size() && read_end_ == IoStatus::blocked) {
    const tls::SessionResult result = session_->read(into.subspan(moved), output_);
    moved += result.bytes;
    if (result.status == SessionStatus::closed) note_read_end(IoStatus::end, SocketError::none);
    if (result.status == SessionStatus::failed) {
      note_read_end(IoStatus::failed, SocketError::tls_record);
    }
    if (result.status != SessionStatus::want_input) continue;
    const IoStatus input = fetch(ciphertext_for(into.size() - moved));
    if (input == IoStatus::end) note_read_end(IoStatus::failed, SocketError::tls_truncated);
    if (input == IoStatus::failed) note_read_end(IoStatus::failed, lower_->error());
    if (input == IoStatus::blocked) break;
  }
  session_->release_input();
  // An alert, or what a target's key update or renegotiation asks for.
  if (output_.size() > output_before) flush();
  // A peer that only forgot its close_notify may still be listening.
  if (read_end_ == IoStatus::failed && error_ != SocketError::tls_truncated) write_failed_ = true;
  if (renegotiating_ && write_wanted_) loop_.call_soon(*this);
  renegotiating_ = false;
  if (moved > 0) return {IoStatus::done, moved};
  if (read_end_ == IoStatus::blocked && write_failed_) return {IoStatus::failed};
  return {read_end_};
}

IoResult SecureSocket::write(std::span<const std::string_view> pieces) {
  DARUMA_ASSERT(!finishing_);
  if (state_ == State::failed || write_failed_) return {IoStatus::failed};
  PieceReader plain(pieces, transport_.gather_buffer());
  const size_t asked = plain.left();
  if (state_ == State::open) {
    for (size_t before = asked + 1; plain.left() < before && plain.left() > 0;) {
      before = plain.left();
      encrypt(plain);
      flush();
      if (!write_failed_) continue;
      // What left in an earlier turn is owned up to: none of it may be taken for unsent.
      if (before == asked) return {IoStatus::failed};
      return {IoStatus::done, asked - before};
    }
  }
  if (plain.left() > 0) write_wanted_ = true;
  const size_t accepted = asked - plain.left();
  return {accepted == 0 && asked > 0 ? IoStatus::blocked : IoStatus::done, accepted};
}

// As much as output_ may hold.
void SecureSocket::encrypt(PieceReader& plain) {
  while (plain.left() > 0) {
    const size_t needed = session_->ciphertext_max(plain.record_size());
    if (output_.size() + needed > output_bytes_max) return;
    const tls::SessionResult result = session_->write(plain.record(), output_);
    plain.advance(result.bytes);
    if (result.status == SessionStatus::done) continue;
    if (result.status == SessionStatus::want_input) {
      renegotiating_ = true;
    } else {
      write_failed_ = true;
      note_error(SocketError::tls_record);
    }
    return;
  }
}

void SecureSocket::flush() {
  if (write_failed_ || lower_finished_) output_.clear();
  if (output_.empty() || output_blocked_) return;
  const IoResult result = lower_->write(output_.view());
  switch (result.status) {
    case IoStatus::done:
      output_.consume(result.bytes);
      output_blocked_ = !output_.empty();
      return;
    case IoStatus::blocked:
      output_blocked_ = true;
      return;
    case IoStatus::end:
    case IoStatus::failed:
      write_failed_ = true;
      note_error(lower_->error());
      output_.clear();
      return;
  }
}

void SecureSocket::tell_writable() {
  if (state_ != State::open) return;
  if (write_failed_) return write_wanted_ ? handler_->on_writable() : handler_->on_readable();
  if (!write_wanted_ || renegotiating_) return;
  if (finishing_ ? !lower_finished_ : output_.size() > output_bytes_low) return;
  write_wanted_ = false;
  handler_->on_writable();
}

void SecureSocket::finish_writing() {
  DARUMA_ASSERT(state_ == State::open);
  if (finishing_) return;
  finishing_ = true;
  if (!write_failed_) session_->close_notify(output_);
  flush();
  finish_lower();
  write_wanted_ = !lower_finished_;
}

void SecureSocket::finish_lower() {
  if (lower_finished_ || write_failed_ || !output_.empty() || !tcp_connected_) return;
  lower_finished_ = true;
  lower_->finish_writing();
}

void SecureSocket::abort_on_close() {
  abort_on_close_ = true;
  lower_->abort_on_close();
}

size_t SecureSocket::pending_bytes() const {
  return output_blocked_ ? output_.size() : 0;
}

std::unique_ptr<io::Socket> SecureSocket::give_up_tls() {
  DARUMA_ASSERT(state_ == State::failed && session_->peer_spoke_http());
  return std::move(lower_);
}

}  // namespace daruma::transport
