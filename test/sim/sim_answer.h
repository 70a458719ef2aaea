// SPDX-License-Identifier: Apache-2.0
//
// What a simulated target says to one request, composed in full before its first byte is sent.
#pragma once

#include <cstddef>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "sim/exchange_record.h"
#include "sim/script.h"

namespace daruma::sim {

enum class Cut : uint8_t { none, reset, close, hang };

struct Answer {
  std::string interim;  // 1xx heads, sent before
  std::string wire;
  Cut cut = Cut::none;
  size_t cut_at = 0;  // bytes of `wire` that are sent before
  // Where in `wire` a body begins that only the connection's end ends; 0: no such body.
  size_t until_close_at = 0;
  bool upgrade = false;          // a 101, and what is said in the other protocol behind it
  bool close = false;            // closes the connection after it
  bool close_announced = false;  // the other side can know: by Connection: close, or by max=0
  bool says_close = false;       // Connection: close
  Duration delay{};
  size_t piece = 0;  // bytes at once; 0: as many as go
  Duration pause{};
  TargetPlan plan;
};

struct Asked {
  Token token;
  std::string method;
  bool has_body = false;
  bool upgrade = false;
  uint64_t body_checksum = 0;
  int requests_left = -1;  // on this connection, this one not counted; -1: no limit
};

// The unpleasant part is drawn with `faulty` only: before the request's body was read, the answer
// is drawn first and its wire form composed when `asked` is known in full.
Answer draw_answer(Random& random, const TargetBehaviour& behaviour, const Asked& asked);
// Writes `answer.wire` for what was drawn.
void compose(Answer& answer, Random& random, const TargetBehaviour& behaviour, const Asked& asked,
             const std::string& target_name);

}  // namespace daruma::sim
