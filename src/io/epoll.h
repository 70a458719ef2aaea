// SPDX-License-Identifier: Apache-2.0
//
// The kernel's epoll, and the batch of events being handled. Anything watched may be destroyed at
// any time, also by the handler of another event of the same batch: its events are forgotten with
// it. Belongs to one thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "io/descriptor.h"

namespace daruma::io {

class Epoll;

// Base of whoever owns a descriptor that epoll watches.
class Watched {
 public:
  explicit Watched(Epoll& epoll);
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // EPOLLIN and so on, as the kernel gave them.
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~Watched();
  Epoll& epoll() { return epoll_; }

 private:
  Epoll& epoll_;
};

// Outlives whatever is watched.
class Epoll {
 public:
  static constexpr size_t batch_max = 512;

  Epoll();
  ~Epoll();
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  // False if the system refuses. Closing the descriptor ends the watch.
  bool add(const Descriptor& descriptor, uint32_t events, Watched& watched);
  void remove(const Descriptor& descriptor);

  // Fetches the next batch; waits for it at most so long, without end if negative.
  void wait(int milliseconds_max);
  // Hands every event of the batch to its owner, and calls after_each() behind each.
  template <class F>
  void dispatch(F after_each) {
    for (; current_ < fetched_; ++current_) {
      auto* watched = static_cast<Watched*>(events_[current_].data.ptr);
      if (watched == nullptr) continue;
      watched->on_events(events_[current_].events);
      after_each();
    }
    current_ = fetched_ = 0;
  }
  // There may be more than the batch that was fetched.
  bool is_full() const { return fetched_ == batch_max; }
  bool dispatching() const { return fetched_ != 0; }
  // Within on_events(): whether the one whose event is being handled still exists. Ask through a
  // reference to the Epoll taken before whatever may have destroyed it.
  bool current_exists() const { return events_[current_].data.ptr != nullptr; }

 private:
  friend class Watched;
  void forget(const Watched& watched);

  Descriptor descriptor_;
  size_t watched_ = 0;
  size_t current_ = 0;
  size_t fetched_ = 0;
  std::array<epoll_event, batch_max> events_;
};

}  // namespace daruma::io
