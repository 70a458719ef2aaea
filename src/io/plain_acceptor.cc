// SPDX-License-Identifier: Apache-2.0
#include "io/plain_acceptor.h"

#include <cerrno>
#include <utility>

#include "io/plain_socket.h"
#include "io/tcp.h"

namespace daruma::io {
namespace {

// The connection was lost while it waited, or another thread took it: says nothing about the next.
bool concerns_one_connection(int error_number) {
  return error_number == ECONNABORTED || error_number == EINTR || error_number == EPROTO ||
         error_number == EPERM || error_number == ENETDOWN || error_number == ENETUNREACH ||
         error_number == EHOSTDOWN || error_number == EHOSTUNREACH;
}

}  // namespace

Result<std::unique_ptr<PlainAcceptor>> PlainAcceptor::listen(Epoll& epoll, Loop& loop,
                                                             const Address& address,
                                                             AcceptHandler& handler,
                                                             const ListenOptions& options) {
  auto descriptor = tcp::open_listening(address, options);
  if (!descriptor) return fail(descriptor.error().message);
  auto acceptor = std::make_unique<PlainAcceptor>(epoll, loop, std::move(*descriptor), handler);
  acceptor->resume();
  if (!acceptor->watching_) {
    return fail("cannot watch " + address.to_string() +
                ": the system is out of memory or epoll watches, see epoll(7)");
  }
  return acceptor;
}

PlainAcceptor::PlainAcceptor(Epoll& epoll, Loop& loop, Descriptor descriptor,
                             AcceptHandler& handler)
    : Watched(epoll),
      loop_(loop),
      handler_(handler),
      descriptor_(std::move(descriptor)),
      local_(tcp::local_of(descriptor_)),
      retry_(loop.timers(), *this) {}

void PlainAcceptor::pause() {
  // Left in epoll, a queue that is not emptied would be reported turn after turn.
  if (watching_) epoll().remove(descriptor_);
  watching_ = false;
  retry_.clear();
}

void PlainAcceptor::resume() {
  if (watching_) return;
  // Level-triggered: what is left in the queue is reported again in the next turn.
  watching_ = epoll().add(descriptor_, EPOLLIN, *this);
  if (!watching_) retry_.set(loop_.now() + retry_after);
}

void PlainAcceptor::on_events(uint32_t) {
  Epoll& dispatcher = epoll();
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    if (!watching_ || !accept_one()) return;
    if (!dispatcher.current_exists()) return;
  }
}

bool PlainAcceptor::accept_one() {
  Address peer;
  Descriptor descriptor = tcp::accept(descriptor_, peer);
  if (!descriptor.is_open()) {
    const int error_number = errno;
    if (concerns_one_connection(error_number)) return true;
    if (error_number != EAGAIN) refused(tcp::error_of(error_number));
    return false;
  }
  auto socket = PlainSocket::accepted(epoll(), std::move(descriptor), peer);
  if (socket == nullptr) {
    refused(SocketError::local_failure);
    return false;
  }
  handler_.on_accept(std::move(socket));
  return true;
}

void PlainAcceptor::refused(SocketError error) {
  pause();
  retry_.set(loop_.now() + retry_after);
  handler_.on_accept_paused(error);
}

}  // namespace daruma::io
