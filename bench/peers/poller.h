// SPDX-License-Identifier: Apache-2.0
//
// epoll as the origin, the relay and the generator of the comparison use it: level-triggered, one
// thread. Daruma's own loop is not used here on purpose: what Daruma is measured with must not get
// faster or slower with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "io/descriptor.h"

namespace daruma::peers {

using Clock = std::chrono::steady_clock;

// Something with a descriptor that the Poller looks after.
class Watched {
 public:
  virtual ~Watched() = default;
  // Something may have happened: reading and writing tell what.
  virtual void on_event() = 0;

 private:
  friend class Poller;
  uint32_t interest_ = 0;
  bool buried_ = false;
};

class Poller {
 public:
  Poller();

  // Owns `watched` from now on.
  void adopt(std::unique_ptr<Watched> watched);
  // REQUIRES: watched was adopted. No event reaches it any more; it is destroyed when the turn
  // ends.
  void bury(Watched& watched);

  // Begins to watch a descriptor, anew if it watched another one before.
  void add(int fd, uint32_t events, Watched& watched);
  // Costs a system call only where `events` differ from what was asked for before.
  void want(int fd, uint32_t events, Watched& watched);

  // Waits for events, `most` at most (negative: for ever), and hands them out.
  void turn(std::chrono::nanoseconds most);

 private:
  io::Descriptor epoll_;
  std::unordered_map<Watched*, std::unique_ptr<Watched>> owned_;
  std::vector<std::unique_ptr<Watched>> dead_;
};

}  // namespace daruma::peers
