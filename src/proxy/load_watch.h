// SPDX-License-Identifier: Apache-2.0
//
// What one worker sees of how busy a target is whose door does not show it, and the part of the
// node's limit that it was given (health/node_load). Unless it was told to report it only looks
// whether answers take much longer than usual, window by window. Pure: told the time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "model/letter.h"

namespace daruma::proxy {

class LoadWatch {
 public:
  static constexpr Duration report_interval = 100ms;

  // Requests that may be under way at once.
  uint32_t limit() const { return told_.limit; }
  bool lenient() const { return told_.lenient; }
  // Nobody should be turned away who has not waited for as long. 0: there is no limit.
  Duration patience() const { return told_.patience; }

  // A request is on its way; `in_flight` counts it.
  void on_sent(size_t in_flight) {
    most_in_flight_ = std::max(most_in_flight_, static_cast<uint32_t>(in_flight));
  }
  // It was answered, `took.most` before `now` it had been sent. True: report() is due.
  bool on_answered(Instant now, model::AnswerTime took);
  void on_letter(Instant now, const model::LoadLetter& letter);
  // Since the report before. Worker, target, and what is in flight or waits now, are the caller's.
  model::LoadReport report(Instant now);

 private:
  struct Window {
    Instant began{};
    uint32_t answers = 0;
    model::AnswerTime time{};
  };
  bool end_window(Instant now);

  model::LoadLetter told_;
  Instant lowered_at_{};
  Instant reported_at_{};
  Duration usual_{};  // what an answer takes when the target is not busy; 0: not known
  Window window_;
  bool slow_ = false;  // in the last window
  uint32_t most_in_flight_ = 0;
  uint64_t answers_ = 0;
  uint64_t fresh_ = 0;
  model::AnswerTime fresh_time_{};
};

}  // namespace daruma::proxy
