// SPDX-License-Identifier: Apache-2.0
//
// Slows down whoever guesses at signatures: once several requests were refused in a short time,
// further refusals wait. Requests that are signed well never do. Control thread only.
#pragma once

#include <cstdint>
#include <functional>
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

  // For what is expensive to find out, as whether a password is right: it waits before, where a
  // refusal would wait now. `then` is called, now or later; or the connection is closed. What it
  // refuses has waited: it is only counted.
  using Then = std::function<void(control::AdminResponder)>;
  void let_through(control::AdminResponder responder, Then then);
  void count();

 private:
  struct Waiting {
    Instant until;
    control::AdminResponder responder;
    Then then;
  };
  void on_timer(io::Timer& timer) override;
  bool patient();
  void wait(control::AdminResponder responder, Then then);

  io::Loop& loop_;
  io::Timer timer_;
  std::vector<Instant> failures_;  // the last few, oldest first
  std::vector<std::unique_ptr<Waiting>> waiting_;
};

}  // namespace daruma::api
