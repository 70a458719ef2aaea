// SPDX-License-Identifier: Apache-2.0
//
// A set of small numbers that lives on the stack and costs next to nothing while it is small. A
// piece of text may stand many times in a request; if what is filed under it were visited as often,
// a hostile request would make the cost quadratic. Most requests meet few: only the others pay for
// clearing the whole set. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace daruma::routing {

template <uint32_t most>
class Visited {
 public:
  // `end` bounds what may be passed to insert(). REQUIRES: end <= most.
  explicit Visited(uint32_t end) : end_(end) {}
  // False if it was there already.
  bool insert(uint32_t number) {
    if (few_count_ > few_.size()) return insert_into_all(number);
    const auto few_end = few_.begin() + few_count_;
    if (std::find(few_.begin(), few_end, number) != few_end) return false;
    if (few_count_ == few_.size()) return overflow(number);
    few_[few_count_++] = number;
    return true;
  }

 private:
  bool overflow(uint32_t number) {
    std::fill_n(all_.begin(), end_ / 64 + 1, 0);
    for (const uint32_t visited : few_) insert_into_all(visited);
    ++few_count_;
    return insert_into_all(number);
  }
  bool insert_into_all(uint32_t number) {
    const uint64_t bit = uint64_t{1} << (number % 64);
    const bool is_new = (all_[number / 64] & bit) == 0;
    all_[number / 64] |= bit;
    return is_new;
  }

  const uint32_t end_;
  uint32_t few_count_ = 0;  // one more than fit: all_ is in use
  std::array<uint32_t, 16> few_;
  std::array<uint64_t, most / 64 + 1> all_;
};

}  // namespace daruma::routing
