// SPDX-License-Identifier: Apache-2.0
#include "proxy/load_watch.h"

#include <utility>

namespace daruma::proxy {
namespace {

// Short enough to act: what is sent while one waits for proof can't be taken back. A few answers
// show that they are late.
constexpr uint32_t answers_to_begin = 3;
constexpr uint32_t answers_to_suspect = 5;
constexpr Duration window_least = 500ms;
constexpr Duration window_longest = 10s;

constexpr int slow_times = 3;  // slower than usual by this: the target may be busy
constexpr Duration slow_more = 10ms;
constexpr uint32_t in_flight_least = 2;  // of one worker's; the node asks for more

}  // namespace

bool LoadWatch::on_answered(Instant now, model::AnswerTime took) {
  ++answers_;
  if (now - took.most >= lowered_at_) {
    ++fresh_;
    fresh_time_ += took;
  }
  if (window_.began == Instant{}) window_.began = now;
  ++window_.answers;
  window_.time += took;
  const bool found_slow = end_window(now);
  if (told_.watched) return now >= reported_at_ + report_interval;
  return found_slow;
}

bool LoadWatch::end_window(Instant now) {
  const Duration length = now - window_.began;
  const uint32_t enough = usual_ == Duration::zero() ? answers_to_begin : answers_to_suspect;
  if (length < window_least || (window_.answers < enough && length < window_longest)) return false;
  const Window window = std::exchange(window_, {.began = now});
  if (window.answers < answers_to_begin) return slow_ = false;
  const model::AnswerTime mean = window.time.mean_of(window.answers);
  slow_ = usual_ != Duration::zero() && mean.least > slow_times * usual_ + slow_more &&
          most_in_flight_ >= in_flight_least;
  // Who watches for the whole node says what is usual.
  if (slow_ || told_.watched) return slow_;
  usual_ = model::usual_after(usual_, mean);
  most_in_flight_ = 0;
  return false;
}

void LoadWatch::on_letter(Instant now, const model::LoadLetter& letter) {
  if (letter.lowered != told_.lowered) lowered_at_ = now;
  if (letter.watched != told_.watched) window_ = {};
  told_ = letter;
  if (letter.usual > Duration::zero()) usual_ = letter.usual;
}

model::LoadReport LoadWatch::report(Instant now) {
  reported_at_ = now;
  return {.target = {},
          .slow = slow_,
          .answers = answers_,
          .fresh = fresh_,
          .fresh_time = fresh_time_,
          .most_in_flight = std::exchange(most_in_flight_, 0),
          .usual = usual_};
}

}  // namespace daruma::proxy
