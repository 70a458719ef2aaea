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

#include "base/line_limit.h"
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

}  // namespace daruma::api
