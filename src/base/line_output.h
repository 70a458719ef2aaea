// SPDX-License-Identifier: Apache-2.0
//
// Lines for a reader who may have stopped reading: a paused pager, a log collector that hangs.
// Whoever writes never waits for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma {

// Not thread-safe.
class LineOutput {
 public:
  // `descriptor` stays the caller's and may be of any kind; it is not made non-blocking, because
  // other processes may share it.
  explicit LineOutput(int descriptor) : descriptor_(descriptor) {}

  // Writes `line`, which ends with a line feed, or loses it whole where the descriptor takes
  // nothing now. Of a line longer than 4096 bytes (PIPE_BUF: what a writable pipe is sure to take
  // at once) the end is cut off.
  // The first line that goes out again goes with one before it that says how many were lost.
  void write(std::string_view line);

 private:
  bool try_write(std::string_view text) const;

  int descriptor_;
  uint64_t lost_ = 0;
};

}  // namespace daruma
