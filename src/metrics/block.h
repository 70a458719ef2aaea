// SPDX-License-Identifier: Apache-2.0
//
// Some hundred consecutive points of one series as bytes: each point is written as its difference
// from the one before, in numbers of variable length. A point of events takes some 3 bytes. Whole
// numbers below 2^53 come back exactly, others to a millionth of the unit or as they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metrics/point.h"

namespace daruma::metrics {

class Block {
 public:
  Block(WallTime start, std::chrono::seconds resolution)
      : start_(start), resolution_(resolution), last_{start - resolution, 0, 0, 0, 0, {}} {}
  // Of bytes that were stored. What of them is damaged is left out, with all that follows.
  Block(WallTime start, std::chrono::seconds resolution, std::string_view bytes);

  // REQUIRES: it starts at a multiple of the resolution, after the last one.
  void append(const Point& point);
  // The same, wherever it belongs; merged with what is there. Slow.
  void insert(const Point& point);
  std::vector<Point> points() const;

  WallTime start() const { return start_; }
  WallTime last() const { return last_.start; }  // start of the last point; before start() if none
  const std::string& bytes() const { return bytes_; }

 private:
  WallTime start_;
  std::chrono::seconds resolution_;
  std::string bytes_;
  Point last_;
};

}  // namespace daruma::metrics
