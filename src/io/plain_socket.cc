// SPDX-License-Identifier: Apache-2.0
#include "io/plain_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "io/tcp.h"

namespace daruma::io {
namespace {

constexpr size_t pieces_max = 4;

ssize_t send_pieces(const Descriptor& descriptor, std::span<iovec> pieces) {
  if (pieces.size() == 1) {
    return send(descriptor.number(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return sendmsg(descriptor.number(), &message, MSG_NOSIGNAL);
}

}  // namespace

std::unique_ptr<PlainSocket> PlainSocket::accepted(Epoll& epoll, Descriptor descriptor,
                                                   const Address& peer) {
  auto socket = std::make_unique<PlainSocket>(epoll, std::move(descriptor), peer, nullptr);
  return socket->watch() ? std::move(socket) : nullptr;
}

tl::expected<std::unique_ptr<PlainSocket>, SocketError> PlainSocket::connecting(
    Epoll& epoll, const Address& peer, SocketHandler& handler) {
  Descriptor descriptor = tcp::open_stream(peer.family());
  // Watched only now: epoll reports a socket that does not yet connect as hung up.
  if (!descriptor.is_open() || !tcp::begin_connect(descriptor, peer)) {
    return tl::unexpected(tcp::error_of(errno));
  }
  auto socket = std::make_unique<PlainSocket>(epoll, std::move(descriptor), peer, &handler);
  if (!socket->watch()) return tl::unexpected(tcp::error_of(errno));
  return socket;
}

PlainSocket::PlainSocket(Epoll& epoll, Descriptor descriptor, const Address& peer,
                         SocketHandler* handler)
    : Watched(epoll),
      handler_(handler),
      descriptor_(std::move(descriptor)),
      connecting_(handler != nullptr),
      peer_(peer) {}

PlainSocket::~PlainSocket() {
  if (abort_on_close_) tcp::abort_on_close(descriptor_);
}

bool PlainSocket::watch() {
  return epoll().add(descriptor_, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

IoResult PlainSocket::read(std::span<char> into) {
  DARUMA_ASSERT(!into.empty());
  if (dead_) return {IoStatus::failed};
  if (ended_) return {IoStatus::end};
  if (!readable_) return {IoStatus::blocked};
  const ssize_t count = recv(descriptor_.number(), into.data(), into.size(), 0);
  if (count > 0) {
    const auto bytes = static_cast<size_t>(count);
    // Less than asked for: the queue is empty, and whatever comes next raises a new edge.
    readable_ = bytes == into.size() || hung_up_ || urgent_;
    return {IoStatus::done, bytes};
  }
  if (count < 0 && errno == EAGAIN) {
    readable_ = false;
    return {IoStatus::blocked};
  }
  if (count < 0) return fail(errno);
  // After a failed write the kernel has told its error already and shows an end that none was.
  if (error_ != SocketError::none) return fail(0);
  ended_ = true;
  return {IoStatus::end};
}

IoResult PlainSocket::write(std::span<const std::string_view> pieces) {
  DARUMA_ASSERT(pieces.size() <= pieces_max);
  DARUMA_ASSERT(!finished_);
  if (error_ != SocketError::none) return {IoStatus::failed};
  if (connecting_) write_blocked_ = true;
  if (write_blocked_) return {IoStatus::blocked};
  std::array<iovec, pieces_max> vector;
  size_t used = 0;
  size_t asked = 0;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    vector[used++] = {const_cast<char*>(piece.data()), piece.size()};
    asked += piece.size();
  }
  if (used == 0) return {IoStatus::done};
  const ssize_t count = send_pieces(descriptor_, std::span(vector).first(used));
  if (count >= 0) {
    const auto bytes = static_cast<size_t>(count);
    write_blocked_ = bytes < asked;
    return {IoStatus::done, bytes};
  }
  if (errno == EAGAIN) {
    write_blocked_ = true;
    return {IoStatus::blocked};
  }
  error_ = tcp::error_of(errno);
  // What the peer sent before can still be read: often it is the answer that explains the reset.
  readable_ = hung_up_ = true;
  return {IoStatus::failed};
}

void PlainSocket::finish_writing() {
  DARUMA_ASSERT(!connecting_);
  if (finished_) return;
  finished_ = true;
  shutdown(descriptor_.number(), SHUT_WR);
}

Address PlainSocket::local() const {
  if (!local_) local_ = tcp::local_of(descriptor_);
  return *local_;
}

IoResult PlainSocket::fail(int error_number) {
  if (error_ == SocketError::none) error_ = tcp::error_of(error_number);
  dead_ = true;
  return {IoStatus::failed};
}

void PlainSocket::on_events(uint32_t events) {
  if (dead_) return;
  Epoll& dispatcher = epoll();
  if (connecting_) {
    if (!finish_connecting(events)) return;
    handler_->on_connected();
    if (!dispatcher.current_exists()) return;
  }
  DARUMA_ASSERT(handler_ != nullptr);
  const bool unblocked = write_blocked_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  if (unblocked) write_blocked_ = false;
  if (note_readable(events)) {
    handler_->on_readable();
    if (!dispatcher.current_exists()) return;
  }
  // Reading may have shown that the connection is dead, or have filled it again.
  if (unblocked && !dead_ && !write_blocked_) handler_->on_writable();
}

bool PlainSocket::finish_connecting(uint32_t events) {
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return false;
  connecting_ = false;
  if ((events & (EPOLLERR | EPOLLHUP)) == 0) return true;
  error_ = tcp::take_error(descriptor_);
  if (error_ == SocketError::none) return true;
  dead_ = true;
  handler_->on_connect_failed();
  return false;
}

bool PlainSocket::note_readable(uint32_t events) {
  if ((events & EPOLLPRI) != 0) urgent_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) == 0) return false;
  if (ended_) {
    // Nothing more can be read; but a reset after the FIN is news.
    if ((events & EPOLLERR) == 0) return false;
    error_ = tcp::take_error(descriptor_);
    dead_ = error_ != SocketError::none;
    return dead_;
  }
  if ((events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) hung_up_ = true;
  readable_ = true;
  return true;
}

FailedSocket::FailedSocket(Loop& loop, const Address& peer, SocketHandler& handler,
                           SocketError error)
    : handler_(&handler), peer_(peer), error_(error) {
  loop.call_soon(*this);
}

}  // namespace daruma::io
