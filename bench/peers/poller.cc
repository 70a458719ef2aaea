// SPDX-License-Identifier: Apache-2.0
#include "poller.h"

#include <sys/epoll.h>

#include <array>

#include "base/check.h"

namespace daruma::peers {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  DARUMA_ASSERT(epoll_.number() >= 0);
}

void Poller::adopt(std::unique_ptr<Watched> watched) {
  Watched* key = watched.get();
  owned_.emplace(key, std::move(watched));
}

void Poller::bury(Watched& watched) {
  if (watched.buried_) return;
  watched.buried_ = true;
  auto node = owned_.extract(&watched);
  DARUMA_ASSERT(!node.empty());
  dead_.push_back(std::move(node.mapped()));
}

void Poller::add(int fd, uint32_t events, Watched& watched) {
  epoll_event event{.events = events, .data = {.ptr = &watched}};
  DARUMA_ASSERT(epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, fd, &event) == 0);
  watched.interest_ = events;
}

void Poller::want(int fd, uint32_t events, Watched& watched) {
  if (watched.interest_ == events) return;
  epoll_event event{.events = events, .data = {.ptr = &watched}};
  DARUMA_ASSERT(epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, fd, &event) == 0);
  watched.interest_ = events;
}

void Poller::turn(std::chrono::nanoseconds most) {
  std::array<epoll_event, 256> events;
  const timespec timeout{.tv_sec = most.count() / 1'000'000'000,
                         .tv_nsec = most.count() % 1'000'000'000};
  const int count = epoll_pwait2(epoll_.number(), events.data(), events.size(),
                                 most.count() < 0 ? nullptr : &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    auto* watched = static_cast<Watched*>(events[static_cast<size_t>(i)].data.ptr);
    if (!watched->buried_) watched->on_event();
  }
  dead_.clear();
}

}  // namespace daruma::peers
