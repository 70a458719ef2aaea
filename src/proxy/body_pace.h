// SPDX-License-Identifier: Apache-2.0
//
// How slowly a client may send the body of a request: after a grace, so many bytes a second, from
// the moment when it is first waited for. What it sends faster is credit for a pause later. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "model/limits.h"

namespace daruma::proxy {

class BodyPace {
 public:
  void reset() { deadline_ = never; }
  // The client is waited for.
  void wait(Instant now) {
    if (deadline_ == never) deadline_ = now + model::limits::request_body_grace;
  }
  // It sent something. REQUIRES: bytes_per_second > 0.
  void came(Instant now, size_t bytes, uint32_t bytes_per_second) {
    if (deadline_ == never) return;
    const auto credit = Duration(1s) * static_cast<int64_t>(bytes) / bytes_per_second;
    deadline_ = std::min(deadline_ + credit, now + model::limits::request_body_credit_max);
  }
  // Something else held it up: its target, others of its connection, Daruma itself.
  void excuse(Instant now) {
    if (deadline_ != never)
      deadline_ = std::max(deadline_, now + model::limits::request_body_grace);
  }
  Instant deadline() const { return deadline_; }

 private:
  Instant deadline_ = never;
};

}  // namespace daruma::proxy
