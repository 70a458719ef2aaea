// SPDX-License-Identifier: Apache-2.0
//
// Lines for a reader who may have stopped reading: a paused pager, a terminal behind a line that
// hangs, a log collector that hangs. Whoever writes never waits for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma {

// Not thread-safe.
class LineOutput {
 public:
  // `descriptor` stays the caller's, and what other processes share with it stays as it is: a pipe
  // or a terminal is opened once more, not to wait. (Where that is not permitted, a line is written
  // once the descriptor takes something; a terminal then may let its writer wait for the rest.)
  explicit LineOutput(int descriptor);
  ~LineOutput();
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  // Writes `line`, which ends with a line feed, or loses it whole where the descriptor takes
  // nothing now; a terminal or socket may take the front of it. Of a line longer than 4096 bytes
  // (PIPE_BUF: what a pipe takes at once or not at all) the end is cut off.
  // The first line that goes out again goes with one before it that says how many were lost.
  void write(std::string_view line);

 private:
  enum class Kind : uint8_t { waits_never, socket, may_wait };

  // Bytes taken; 0 if none.
  size_t try_write(std::string_view text) const;

  int descriptor_;
  int own_ = -1;  // opened here
  Kind kind_ = Kind::may_wait;
  bool torn_ = false;  // of the last line only the front went out
  uint64_t lost_ = 0;
};

}  // namespace daruma
