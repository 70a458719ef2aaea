// SPDX-License-Identifier: Apache-2.0
#include "io/epoll.h"

#include <cerrno>

#include "base/check.h"

namespace daruma::io {

Watched::Watched(Epoll& epoll) : epoll_(epoll) {
  ++epoll_.watched_;
}

Watched::~Watched() {
  --epoll_.watched_;
  epoll_.forget(*this);
}

Epoll::Epoll() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) {
  // Once per thread at boot: a process without a descriptor for it cannot do anything.
  DARUMA_ASSERT(descriptor_.is_open());
}

Epoll::~Epoll() {
  DARUMA_ASSERT(watched_ == 0);
}

bool Epoll::add(const Descriptor& descriptor, uint32_t events, Watched& watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  return epoll_ctl(descriptor_.number(), EPOLL_CTL_ADD, descriptor.number(), &event) == 0;
}

void Epoll::remove(const Descriptor& descriptor) {
  epoll_ctl(descriptor_.number(), EPOLL_CTL_DEL, descriptor.number(), nullptr);
}

void Epoll::wait(int milliseconds_max) {
  DARUMA_ASSERT(!dispatching());
  const int count = epoll_wait(descriptor_.number(), events_.data(), batch_max, milliseconds_max);
  DARUMA_ASSERT(count >= 0 || errno == EINTR);
  fetched_ = count > 0 ? static_cast<size_t>(count) : 0;
}

void Epoll::forget(const Watched& watched) {
  for (size_t i = current_; i < fetched_; ++i) {
    if (events_[i].data.ptr != &watched) continue;
    events_[i].data.ptr = nullptr;
    return;  // a descriptor has at most one event in a batch
  }
}

}  // namespace daruma::io
