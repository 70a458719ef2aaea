// SPDX-License-Identifier: Apache-2.0
//
// How many requests of a group may be sent a second time: one in ten, so that retries never become
// the load that keeps targets down. A few are saved up for the moment when a target goes. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace daruma::proxy {

class RetryBudget {
 public:
  static constexpr uint32_t requests_per_retry = 10;
  static constexpr uint32_t saved_retries_max = 10;

  void on_request() { credit_ = std::min(credit_ + 1, saved_retries_max * requests_per_retry); }
  // False: the budget is spent.
  bool take() {
    if (credit_ < requests_per_retry) return false;
    credit_ -= requests_per_retry;
    return true;
  }

 private:
  uint32_t credit_ = saved_retries_max * requests_per_retry;
};

}  // namespace daruma::proxy
