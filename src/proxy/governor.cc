// SPDX-License-Identifier: Apache-2.0
#include "proxy/governor.h"

#include <algorithm>
#include <cmath>

#include "model/limits.h"

namespace daruma::proxy {
namespace {

namespace limits = model::limits;

// A handshake that nobody holds up takes about as long as the quickest seen; five times that, and
// no less than what a busy processor may take, is a wait.
constexpr int quickest_times = 5;
constexpr Duration patience_least = 100ms;
constexpr Duration patience_most = 1s;
// How long a door that was found shut counts as shut.
constexpr Duration memory_least = 1s;
constexpr int memory_patiences = 4;
constexpr Duration memory_most = 5s;
// One may lose a packet and wait for that.
constexpr uint32_t window_least = 2;
// At a shut door so many for each that is inside: enough for a slow target to show that it has
// places, few enough for a full one.
constexpr size_t inside_per_knocker = 4;
constexpr int acquittals_max = 4;
constexpr Duration acquittal_kept = 20s;
constexpr Duration impatience_kept = 10s;
constexpr int fresh_parts = 8;
constexpr int late_part = 8;  // of the mean
constexpr Duration late_least = 20ms;
// How many a plain target serves is counted over that long.
constexpr Duration places_window = 1s;
constexpr Duration places_window_most = 5s;  // with as many answers as that:
constexpr uint32_t places_answers = 8;
constexpr double places_most = 1e6;
constexpr double hardly_one = 0.2;
// How many more than that it may seem to serve.
constexpr double beyond_part = 1.25;
constexpr double beyond_more = 2;
constexpr int mean_parts = 16;  // how much of the mean a new value replaces
constexpr Duration period = 20s;

}  // namespace

void Governor::configure(bool enabled, DoorSign sign) {
  enabled_ = enabled;
  if (window_ != 0 && sign == sign_) return;
  *this = {};
  enabled_ = enabled;
  sign_ = sign;
  // A request that waits for its own first response can't be taken back from the door, but neither
  // does a slow page mean a shut one: nothing limits the first ones.
  window_ = sign == DoorSign::handshake ? limits::openings_at_first : limits::openings_max;
}

void Governor::restart() {
  window_ = window_least;
  if (plain()) learned_limit_ = 0;
}

void Governor::on_away() {
  shut_until_ = {};
  restart();
}

Duration Governor::patience() const {
  return usual_patience() * (1 << acquittals_);
}

Duration Governor::usual_patience() const {
  if (plain()) return answer_patience();
  if (quickest_ == Duration::max()) return patience_most;
  return std::clamp(quickest_ * quickest_times, patience_least, patience_most);
}

// What is asked for may be slow by itself: only longer than the slowest of late is a wait.
Duration Governor::answer_patience() const {
  const Duration slowest = std::max(slowest_, slowest_before_);
  if (slowest == Duration::zero()) return patience_most;
  return slowest + slowest / 4 + patience_least;
}

bool Governor::may_open(Instant now, size_t at_door, size_t inside) const {
  if (!enabled_) return true;
  if (plain()) return at_door + inside < learned_limit_ + (shut(now) ? 1 : window_);
  if (!shut(now)) return at_door < window_;
  return at_door < std::max<size_t>(inside / inside_per_knocker, window_least);
}

bool Governor::may_open_full(Instant now, size_t at_door, size_t inside, bool has_turn) const {
  // Each has a request with it, and waits longer the more there are.
  const bool one_more = has_turn || !late() || now >= impatient_until_;
  if (plain()) return at_door + inside < learned_limit_ + one_more;
  if (!has_turn && !moves()) return false;
  const size_t places = learned_limit_ > inside ? learned_limit_ - inside : 0;
  return at_door < std::max<size_t>(places, 1);
}

void Governor::on_let_in(Instant now, Duration waited, size_t at_door, size_t inside) {
  const Duration limit = patience();
  quickest_ = std::min(quickest_, waited);
  last_wait_ = waited;
  const bool late = plain() && let_in_late(waited);
  // An answer as well; but it says how long pages take only where others have no wait in them.
  if (plain() && mean_ != Duration::zero()) last_served_ = now;
  if (waited > limit) {
    if (shut(now)) find_shut(now, inside);
    return;
  }
  if (shut(now)) {
    if (!plain()) learned_limit_ = std::max(learned_limit_, static_cast<uint32_t>(inside));
    if (late) return remember_shut(now);
  }
  widen_window(at_door);
}

void Governor::acquit(Instant now, size_t inside) {
  shut_until_ = {};
  window_ = std::max<uint32_t>(window_, static_cast<uint32_t>(inside / inside_per_knocker));
  window_ = std::clamp(window_, limits::openings_at_first, limits::openings_max);
  acquittals_ = std::min(acquittals_ + 1, acquittals_max);
  acquittals_until_ = now + acquittal_kept;
}

void Governor::calm_down(Instant now) {
  if (now < acquittals_until_) return;
  --acquittals_;
  acquittals_until_ = now + acquittal_kept;
}

// A first response is late by the wait at the door, which a single page's time hides, but not the
// mean of some.
bool Governor::let_in_late(Duration waited) {
  fresh_mean_ =
      fresh_mean_ == Duration::zero() ? waited : fresh_mean_ + (waited - fresh_mean_) / fresh_parts;
  return late();
}

bool Governor::late() const {
  return plain() && mean_ != Duration::zero() &&
         fresh_mean_ > mean_ + std::max(mean_ / late_part, late_least);
}

// Little's law: as many are being served as are answered while one is. The highest of two windows:
// chance makes some of them poor.
void Governor::count_answer(Instant now) {
  if (!plain() || mean_ == Duration::zero()) return;
  ++answers_;
  const Duration length = now - answers_since_;
  if (length < places_window || (answers_ < places_answers && length < places_window_most)) return;
  const double served = answers_ * seconds_of(mean_) / seconds_of(length);
  served_ = std::min(std::max(served, served_before_), places_most);
  served_before_ = served;
  answers_ = 0;
  answers_since_ = now;
}

// Little's law again: the part of a first response's time that is a wait is the part of those at
// the door who wait there. That is quick to follow, but late by what a page takes; the count of
// answers holds it.
void Governor::count_places(size_t at_door, size_t inside) {
  if (!plain() || mean_ == Duration::zero() || fresh_mean_ == Duration::zero()) return;
  const double late = std::max(seconds_of(fresh_mean_ - mean_), 0.0) / seconds_of(fresh_mean_);
  const double places = static_cast<double>(inside) + static_cast<double>(at_door) * (1 - late);
  const double least = std::ceil(served_ - hardly_one);
  const double most = std::ceil(served_ * beyond_part) + beyond_more;
  learned_limit_ = static_cast<uint32_t>(std::clamp(std::round(places), least, most));
}

// A window that was not needed has proved nothing. Where a handshake shows the door, what came in
// proves that as many more would; where a page does, it proves no more than one.
void Governor::widen_window(size_t at_door) {
  if (at_door * 2 < window_) return;
  if (plain() && ++let_in_ < window_) return;
  let_in_ = 0;
  window_ = std::min(window_ + 1, limits::openings_max);
}

void Governor::on_served(Instant now, Duration took) {
  last_served_ = now;
  if (acquittals_ > 0) calm_down(now);
  mean_ = mean_ == Duration::zero() ? took : mean_ + (took - mean_) / mean_parts;
  if (took > slowest_ || now >= period_end_) note_slowest(now, took);
}

void Governor::note_slowest(Instant now, Duration took) {
  if (now >= period_end_) {
    slowest_before_ = now < period_end_ + period ? slowest_ : Duration::zero();
    slowest_ = Duration::zero();
    period_end_ = now + period;
  }
  slowest_ = std::max(slowest_, took);
}

bool Governor::is_kept_waiting(Instant now, Instant since) const {
  return since != never && now - since >= patience() && last_served_ > since;
}

Governor::Verdict Governor::on_waiting(Instant now, Instant first, Instant second, size_t inside) {
  if (!enabled_ || !is_kept_waiting(now, first)) return Verdict::quiet;
  if (!shut(now) && !is_kept_waiting(now, second)) return Verdict::suspicious;
  find_shut(now, inside);
  return Verdict::shut;
}

void Governor::on_kept_out(size_t inside) {
  if (!plain()) learned_limit_ = std::min(learned_limit_, static_cast<uint32_t>(inside));
}

void Governor::on_client_left(Instant now) {
  impatient_until_ = now + impatience_kept;
}

void Governor::find_shut(Instant now, size_t inside) {
  window_ = window_least;
  let_in_ = 0;
  if (!plain()) learned_limit_ = static_cast<uint32_t>(inside);
  remember_shut(now);
}

void Governor::remember_shut(Instant now) {
  shut_until_ = now + std::clamp(memory_patiences * patience(), memory_least, memory_most);
}

}  // namespace daruma::proxy
