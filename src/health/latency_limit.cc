// SPDX-License-Identifier: Apache-2.0
#include "health/latency_limit.h"

#include <algorithm>
#include <cmath>

namespace daruma::health {
namespace {

// A window is short enough to act: what is sent while one waits for proof can't be taken back. A
// few answers show that they are late; to tell a tenth of the throughput from chance takes more.
constexpr uint32_t answers_to_suspect = 5;
constexpr uint32_t answers_to_judge = 200;
constexpr uint32_t answers_least = 10;
constexpr Duration window_least = 500ms;
constexpr Duration window_most = 3s;      // with as many answers as that
constexpr Duration window_longest = 10s;  // with any

constexpr int slow_times = 3;  // slower than usual by this: the target is busy
constexpr Duration slow_more = 10ms;
constexpr uint32_t in_flight_least = 8;
constexpr uint32_t limit_least = 2;
constexpr int good_times = 2;  // no slower than this: fewer at once would not help
constexpr double throughput_kept = 0.9;
constexpr int helped_parts = 3;         // of four: answers as soon as that were helped by the limit
constexpr uint32_t proven_after = 3;    // windows
constexpr uint32_t unneeded_after = 5;  // windows in which the limit was not reached
constexpr uint32_t rest = 3;            // windows without another try

uint32_t step_up(uint32_t limit) {
  return limit + std::max<uint32_t>(limit / 8, 1);
}

}  // namespace

void LatencyLimit::note(Instant now, const LoadSample& sample) {
  if (window_.began == Instant{}) window_.began = now;
  LoadSample& sum = window_.sum;
  sum.answers += sample.answers;
  sum.fresh += sample.fresh;
  sum.fresh_time += sample.fresh_time;
  sum.most_in_flight = std::max(sum.most_in_flight, sample.most_in_flight);
  window_.wanted = std::max(window_.wanted, sample.most_in_flight + sample.waiting);
  const Duration length = now - window_.began;
  if (length < window_least) return;
  const uint32_t enough = answers_wanted();
  const bool long_enough = length >= window_most && sum.answers >= answers_least;
  if (sum.fresh >= enough || long_enough || length >= window_longest) end_window(now);
}

uint32_t LatencyLimit::answers_wanted() const {
  return state_ == State::off ? answers_to_suspect : answers_to_judge;
}

void LatencyLimit::end_window(Instant now) {
  const Window window = window_;
  window_ = {.began = now};
  // Too few answers tell nothing, and ask for no limit.
  if (window.sum.answers < (state_ == State::off ? answers_to_suspect : answers_least)) {
    if (++windows_unneeded_ >= unneeded_after) lift();
    return;
  }
  const Duration length = now - window.began;
  if (windows_to_rest_ > 0) --windows_to_rest_;
  const bool reached = window.wanted >= limit_;
  windows_unneeded_ = reached ? 0 : windows_unneeded_ + 1;
  if (state_ == State::off) {
    busiest_ = window.sum.most_in_flight;
    consider(window.mean(), window.sum.answers / seconds_of(length));
  } else if (windows_unneeded_ >= unneeded_after) {
    lift();
  } else if (reached && window.sum.fresh > 0) {
    judge(window, length);
  }
}

// Little's law. All the way: every step is a window in which the target gets still slower, and who
// is asked less than it can do shows that in the next one.
uint32_t LatencyLimit::step_down(uint32_t limit, Duration mean) const {
  const double wanted = good_times * seconds_of(usual_) / seconds_of(mean);
  return std::max(static_cast<uint32_t>(limit * std::min(wanted, 0.8)), limit_least);
}

void LatencyLimit::consider(model::AnswerTime mean, double rate) {
  const bool slow = usual_ != Duration::zero() && mean.least > slow_times * usual_ + slow_more &&
                    busiest_ >= in_flight_least;
  slow_windows_ = slow ? slow_windows_ + 1 : 0;
  if (!slow) usual_ = model::usual_after(usual_, mean);
  if (slow_windows_ < 2 || windows_to_rest_ > 0) return;
  state_ = State::lenient;
  windows_kept_ = windows_unneeded_ = 0;
  rate_before_ = rate;
  mean_before_ = mean.least;
  limit_before_ = unlimited;
  patience_ = 2 * mean.most;
  set_limit(step_down(busiest_, mean.least));
}

void LatencyLimit::set_limit(uint32_t limit) {
  lowered_ += limit < limit_;
  limit_ = limit;
}

// By more than chance may make of it.
bool LatencyLimit::costs_throughput(const Window& window, Duration length) const {
  const double most = window.sum.answers + 2 * std::sqrt(window.sum.answers);
  return most < throughput_kept * rate_before_ * seconds_of(length);
}

void LatencyLimit::judge(const Window& window, Duration length) {
  const double rate = window.sum.answers / seconds_of(length);
  if (costs_throughput(window, length)) {
    // Where fewer requests at once are answered sooner, it is busy, and others have got this
    // worker's part: those of other workers who have not found it out yet.
    const bool helped = window.mean().most < mean_before_ * helped_parts / 4;
    if (state_ == State::lenient && !helped) {
      usual_ = window.mean().most;  // not busy, only slower than it was
      windows_to_rest_ = rest;
      return lift();
    }
    set_limit(limit_before_ == unlimited ? step_up(limit_) : std::max(limit_before_, limit_));
    rate_before_ = rate;
    return;
  }
  // While a lower limit drains the target, it answers more than it could in the long run.
  if (state_ == State::firm) rate_before_ = std::max(rate, rate_before_ * throughput_kept);
  if (++windows_kept_ >= proven_after) state_ = State::firm;
  limit_before_ = limit_;
  if (window.mean().least > good_times * usual_) {
    set_limit(step_down(limit_, window.mean().least));
  } else if (state_ == State::firm) {
    set_limit(step_up(limit_));
  }
}

void LatencyLimit::lift() {
  state_ = State::off;
  limit_ = limit_before_ = unlimited;
  patience_ = Duration::zero();
  slow_windows_ = windows_unneeded_ = windows_kept_ = 0;
}

}  // namespace daruma::health
