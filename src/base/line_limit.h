// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.h"

namespace daruma {

// How many lines a second the log takes of what anybody can cause.
class LineLimit {
 public:
  static constexpr uint64_t lines_max = 10;

  // nullopt: this one is left out. Else how many were, since the last one that was not.
  std::optional<uint64_t> take(Instant now) {
    if (now >= begin_ + 1s) {
      begin_ = now;
      lines_ = 0;
    }
    if (lines_ >= lines_max) {
      ++left_out_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(left_out_, 0);
  }

 private:
  Instant begin_{};
  uint64_t lines_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace daruma
