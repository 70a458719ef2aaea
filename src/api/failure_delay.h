// SPDX-License-Identifier: Apache-2.0
//
// Slows down whoever guesses at signatures: once several requests were refused in a short time,
// further refusals wait. Requests that are signed well never do. Control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "control/admin_server.h"
#include "io/loop.h"

namespace daruma::api {

class FailureDelay final : private io::TimerHandler {
 public:
  static constexpr size_t free_failures = 10;  // within `window`
  static constexpr Duration window = 10s;
  static constexpr Duration delay = 1s;
  // They must leave some of the admin server's 64 connections to others: more are closed
  // unanswered.
  static constexpr size_t waiting_max = 48;

  explicit FailureDelay(io::Loop& loop) : loop_(loop), timer_(loop.timers(), *this) {}
  FailureDelay(const FailureDelay&) = delete;
  FailureDelay& operator=(const FailureDelay&) = delete;

  // Sends a refusal, now or later, or closes the connection.
  void refuse(control::AdminResponder responder, control::AdminResponse response);

 private:
  struct Waiting {
    Instant until;
    control::AdminResponder responder;
    control::AdminResponse response;
  };
  void on_timer(io::Timer& timer) override;

  io::Loop& loop_;
  io::Timer timer_;
  std::vector<Instant> failures_;  // the last few, oldest first
  std::vector<std::unique_ptr<Waiting>> waiting_;
};

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

}  // namespace daruma::api
