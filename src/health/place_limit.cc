// SPDX-License-Identifier: Apache-2.0
#include "health/place_limit.h"

#include <utility>

namespace daruma::health {

void PlaceLimit::begin(Instant now, uint32_t inside) {
  *this = {};
  since_ = now;
  highest_ = inside;
  period_end_ = now + period;
  weighed_at_ = now;
}

PlaceLimit::Verdict PlaceLimit::note(Instant now, uint32_t inside, bool pressed) {
  weigh(now, inside, pressed);
  roll(now, inside);
  if (inside > highest()) return on_rise(now, inside);
  highest_ = std::max(highest_, inside);
  risen_since_ = never;
  if (stand_empty(now, inside, pressed)) return verdict_ = Verdict::slow;
  const bool proved = pressed && now - since_ >= proof;
  if (verdict_ == Verdict::undecided && proved)
    verdict_ = mostly_taken() ? Verdict::full : Verdict::slow;
  return verdict_;
}

void PlaceLimit::weigh(Instant now, uint32_t inside, bool pressed) {
  if (pressed_) {
    const Duration passed = now - weighed_at_;
    place_time_ += passed * highest();
    empty_time_ += passed * (highest() - std::min(inside_, highest()));
  }
  weighed_at_ = now;
  inside_ = inside;
  pressed_ = pressed;
}

void PlaceLimit::roll(Instant now, uint32_t inside) {
  if (now < period_end_) return;
  const bool one_passed = now < period_end_ + period;
  highest_before_ = one_passed ? std::exchange(highest_, 0) : inside;
  highest_ = std::min(inside, highest_before_);
  period_end_ = now + period;
}

bool PlaceLimit::stand_empty(Instant now, uint32_t inside, bool pressed) {
  const uint32_t empty = pressed ? highest() - inside : 0;
  const auto lasts = [now](Instant& since, bool still, Duration longest) {
    since = still ? std::min(since, now) : never;
    return still && now - since >= longest;
  };
  const bool one = lasts(empty_since_, empty >= 1, empty_longest);
  const bool two = lasts(two_empty_since_, empty >= 2, two_empty_longest);
  return one || two;
}

// A full target with more inside has grown, or others have left it: it has to prove itself again
// before that counts as slowness.
PlaceLimit::Verdict PlaceLimit::on_rise(Instant now, uint32_t inside) {
  if (verdict_ == Verdict::undecided && now - since_ < settling) {
    highest_ = inside;
    return verdict_;
  }
  if (risen_since_ == never) risen_since_ = now;
  if (now - risen_since_ < blink) return verdict_;
  if (verdict_ == Verdict::full) {
    begin(now, inside);
  } else {
    verdict_ = Verdict::slow;
  }
  return verdict_;
}

}  // namespace daruma::health
