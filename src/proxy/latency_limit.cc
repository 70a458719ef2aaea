// SPDX-License-Identifier: Apache-2.0
#include "proxy/latency_limit.h"

#include <algorithm>
#include <cmath>

namespace daruma::proxy {
namespace {

// A window is short enough to act: what is sent while one waits for proof can't be taken back. A
// few answers show that they are late; to tell a tenth of the throughput from chance takes more.
constexpr uint32_t answers_to_begin = 3;
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
constexpr int usual_drift = 64;         // a window's part in what counts as usual, upwards

uint32_t step_up(uint32_t limit) {
  return limit + std::max<uint32_t>(limit / 8, 1);
}

}  // namespace

void LatencyLimit::on_sent(size_t in_flight) {
  window_.most_in_flight = std::max(window_.most_in_flight, static_cast<uint32_t>(in_flight));
}

void LatencyLimit::on_answered(Instant now, AnswerTime took) {
  if (window_.answers == 0 && window_.began == Instant{}) window_.began = now;
  ++window_.answers;
  if (now - took.most >= limit_since_) {
    ++window_.fresh;
    window_.fresh_time.least += took.least;
    window_.fresh_time.most += took.most;
  }
  const Duration length = now - window_.began;
  if (length < window_least) return;
  const uint32_t enough = answers_wanted();
  const bool long_enough = length >= window_most && window_.answers >= answers_least;
  if (window_.fresh >= enough || long_enough || length >= window_longest) end_window(now);
}

uint32_t LatencyLimit::answers_wanted() const {
  if (state_ != State::off) return answers_to_judge;
  return usual_ == Duration::zero() ? answers_to_begin : answers_to_suspect;
}

void LatencyLimit::end_window(Instant now) {
  Window window = window_;
  // Sooner than the clock can tell; none at all would mean that it is not known.
  window.fresh_time.most = std::max(window.fresh_time.most, Duration(window.fresh));
  window_ = {.began = now};
  // Too few answers tell nothing, and ask for no limit.
  if (window.answers < (state_ == State::off ? answers_to_begin : answers_least)) {
    if (++windows_unneeded_ >= unneeded_after) lift();
    return;
  }
  const Duration length = now - window.began;
  if (windows_to_rest_ > 0) --windows_to_rest_;
  const bool reached = window.most_in_flight >= limit_;
  windows_unneeded_ = reached ? 0 : windows_unneeded_ + 1;
  if (state_ == State::off) {
    busiest_ = window.most_in_flight;
    consider(now, window.mean(), window.answers / seconds_of(length));
  } else if (windows_unneeded_ >= unneeded_after) {
    lift();
  } else if (reached && window.fresh > 0) {
    judge(now, window, length);
  }
}

// Little's law. All the way: every step is a window in which the target gets still slower, and who
// is asked less than it can do shows that in the next one.
uint32_t LatencyLimit::step_down(uint32_t limit, Duration mean) const {
  const double wanted = good_times * seconds_of(usual_) / seconds_of(mean);
  return std::max(static_cast<uint32_t>(limit * std::min(wanted, 0.8)), limit_least);
}

// Downwards at once, by what it is sure to have done.
void LatencyLimit::note_usual(AnswerTime mean) {
  if (usual_ == Duration::zero() || mean.most < usual_) {
    usual_ = mean.most;
  } else if (mean.least > usual_) {
    usual_ += (mean.least - usual_) / usual_drift;
  }
}

void LatencyLimit::consider(Instant now, AnswerTime mean, double rate) {
  const bool slow = usual_ != Duration::zero() && mean.least > slow_times * usual_ + slow_more &&
                    busiest_ >= in_flight_least;
  slow_windows_ = slow ? slow_windows_ + 1 : 0;
  if (!slow) note_usual(mean);
  if (slow_windows_ < 2 || windows_to_rest_ > 0) return;
  state_ = State::lenient;
  windows_kept_ = windows_unneeded_ = 0;
  rate_before_ = rate;
  mean_before_ = mean.least;
  limit_before_ = unlimited;
  patience_ = 2 * mean.most;
  set_limit(now, step_down(busiest_, mean.least));
}

void LatencyLimit::set_limit(Instant now, uint32_t limit) {
  if (limit < limit_) limit_since_ = now;
  limit_ = limit;
}

// By more than chance may make of it.
bool LatencyLimit::costs_throughput(const Window& window, Duration length) const {
  const double most = window.answers + 2 * std::sqrt(window.answers);
  return most < throughput_kept * rate_before_ * seconds_of(length);
}

void LatencyLimit::judge(Instant now, const Window& window, Duration length) {
  const double rate = window.answers / seconds_of(length);
  if (costs_throughput(window, length)) {
    // Where fewer requests at once are answered sooner, it is busy, and others have got this
    // worker's part: those of other workers who have not found it out yet.
    const bool helped = window.mean().most < mean_before_ * helped_parts / 4;
    if (state_ == State::lenient && !helped) {
      usual_ = window.mean().most;  // not busy, only slower than it was
      windows_to_rest_ = rest;
      return lift();
    }
    set_limit(now, limit_before_ == unlimited ? step_up(limit_) : std::max(limit_before_, limit_));
    rate_before_ = rate;
    return;
  }
  // While a lower limit drains the target, it answers more than it could in the long run.
  if (state_ == State::firm) rate_before_ = std::max(rate, rate_before_ * throughput_kept);
  if (++windows_kept_ >= proven_after) state_ = State::firm;
  limit_before_ = limit_;
  if (window.mean().least > good_times * usual_) {
    set_limit(now, step_down(limit_, window.mean().least));
  } else if (state_ == State::firm) {
    set_limit(now, step_up(limit_));
  }
}

void LatencyLimit::lift() {
  state_ = State::off;
  limit_ = limit_before_ = unlimited;
  patience_ = Duration::zero();
  limit_since_ = {};
  slow_windows_ = windows_unneeded_ = windows_kept_ = 0;
}

}  // namespace daruma::proxy
