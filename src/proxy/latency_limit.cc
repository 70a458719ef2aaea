// SPDX-License-Identifier: Apache-2.0
#include "proxy/latency_limit.h"

#include <algorithm>

namespace daruma::proxy {
namespace {

// A window is long enough to tell a tenth of throughput from chance, and short enough to act.
constexpr uint32_t answers_wanted = 200;
constexpr uint32_t answers_least = 20;
constexpr Duration window_least = 500ms;
constexpr Duration window_most = 3s;

constexpr int slow_times = 3;  // slower than usual by this: the target is busy
constexpr Duration slow_more = 10ms;
constexpr uint32_t in_flight_least = 8;
constexpr int good_times = 2;  // no slower than this: fewer at once would not help
constexpr double throughput_kept = 0.9;
constexpr uint32_t proven_after = 3;    // windows
constexpr uint32_t unneeded_after = 5;  // windows in which the limit was not reached
constexpr uint32_t rest = 30;           // windows without another try
constexpr int usual_drift = 64;         // a window's part in what counts as usual, upwards

uint32_t step_down(uint32_t limit) {
  return std::max<uint32_t>(limit * 4 / 5, 2);
}
uint32_t step_up(uint32_t limit) {
  return limit + std::max<uint32_t>(limit / 8, 1);
}

}  // namespace

void LatencyLimit::on_sent(size_t in_flight) {
  window_.most_in_flight = std::max(window_.most_in_flight, static_cast<uint32_t>(in_flight));
}

void LatencyLimit::on_answered(Instant now, Duration took) {
  if (window_.answers == 0 && window_.began == Instant{}) window_.began = now;
  ++window_.answers;
  window_.time += took;
  const Duration length = now - window_.began;
  const bool enough = window_.answers >= answers_wanted && length >= window_least;
  if (enough || length >= window_most) end_window(now);
}

void LatencyLimit::end_window(Instant now) {
  const Window window = window_;
  window_ = {.began = now};
  // Too few answers tell nothing, and ask for no limit.
  if (window.answers < answers_least) {
    if (++windows_unneeded_ >= unneeded_after) lift();
    return;
  }
  const Duration mean = window.time / window.answers;
  const double rate = window.answers / seconds_of(now - window.began);
  if (windows_to_rest_ > 0) --windows_to_rest_;
  const bool reached = window.most_in_flight >= limit_;
  windows_unneeded_ = reached ? 0 : windows_unneeded_ + 1;
  window_.most_in_flight = 0;
  if (state_ == State::off) {
    busiest_ = window.most_in_flight;
    consider(mean, rate);
  } else if (windows_unneeded_ >= unneeded_after) {
    lift();
  } else if (reached) {
    judge(mean, rate);
  }
}

void LatencyLimit::consider(Duration mean, double rate) {
  const bool slow = usual_ != Duration::zero() && mean > slow_times * usual_ + slow_more &&
                    busiest_ >= in_flight_least;
  slow_windows_ = slow ? slow_windows_ + 1 : 0;
  if (!slow) {
    usual_ =
        usual_ == Duration::zero() || mean < usual_ ? mean : usual_ + (mean - usual_) / usual_drift;
  }
  if (slow_windows_ < 2 || windows_to_rest_ > 0) return;
  state_ = State::lenient;
  windows_kept_ = windows_unneeded_ = 0;
  rate_before_ = rate;
  limit_before_ = unlimited;
  limit_ = step_down(busiest_);
}

void LatencyLimit::judge(Duration mean, double rate) {
  if (rate < throughput_kept * rate_before_) {
    if (state_ == State::lenient) {
      usual_ = mean;  // not busy, only slower than it was
      windows_to_rest_ = rest;
      return lift();
    }
    limit_ = limit_before_ == unlimited ? step_up(limit_) : std::max(limit_before_, limit_);
    rate_before_ = rate;
    return;
  }
  rate_before_ = std::max(rate, rate_before_ * throughput_kept);
  if (++windows_kept_ >= proven_after) state_ = State::firm;
  limit_before_ = limit_;
  if (mean > good_times * usual_) {
    limit_ = step_down(limit_);
  } else if (state_ == State::firm) {
    limit_ = step_up(limit_);
  }
}

void LatencyLimit::lift() {
  state_ = State::off;
  limit_ = limit_before_ = unlimited;
  slow_windows_ = windows_unneeded_ = windows_kept_ = 0;
}

}  // namespace daruma::proxy
