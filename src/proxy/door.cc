// SPDX-License-Identifier: Apache-2.0
#include "proxy/door.h"

#include "proxy/environment.h"

namespace daruma::proxy {
namespace {

// While a target is saturated the health thread hears of it at least that often.
constexpr Duration report_interval = 250ms;
// While somebody waits longer than expected and it is not clear why.
constexpr Duration look_again = 20ms;

}  // namespace

Door::Door(Environment& environment, const model::TargetKey& target, Owner& owner)
    : environment_(environment),
      target_(target),
      owner_(owner),
      timer_(environment.loop.timers(), *this) {}

void Door::configure(const model::SaturationGuard& guard, model::Protocol protocol) {
  governor_.configure(guard.enabled, protocol == model::Protocol::https ? DoorSign::handshake
                                                                        : DoorSign::first_response);
  if (!guard.enabled) told_ = {};
  set_timer();
}

void Door::on_letter(const model::DoorLetter& letter) {
  told_ = letter;
  look();
}

bool Door::saturated() const {
  return governor_.enabled() && (told_.saturated || governor_.saturated(environment_.loop.now()));
}

bool Door::has_turn() const {
  return told_.knocker == environment_.worker;
}

bool Door::may_open(size_t connecting) const {
  if (!guarded()) return true;
  const size_t at_door = size_ + connecting;
  if (told_.saturated && !has_turn()) return false;
  if (told_.saturated && !governor_.saturated(environment_.loop.now())) return at_door == 0;
  return governor_.may_open(environment_.loop.now(), at_door, owner_.inside());
}

void Door::come(TargetConnection& connection) {
  connection.come_to_door(environment_.loop.now());
  waiting_.push_back(connection);
  ++size_;
  set_timer();
  report();
}

// The door is a queue: who came before one that is in now, is in as well, and only slow.
void Door::let_in(TargetConnection& connection) {
  if (!has(connection)) return;  // it was overtaken
  const Instant now = environment_.loop.now();
  const Duration waited = now - connection.at_door_since();
  const size_t at_door = size_;
  if (waited > governor_.patience()) ++waited_total_;
  while (&waiting_.front() != &connection) leave(waiting_.front());
  leave(connection);
  governor_.on_let_in(now, waited, at_door, owner_.inside());
  look();
}

void Door::leave(TargetConnection& connection) {
  if (!has(connection)) return;
  connection.ListNode<AtDoor>::unlink();
  --size_;
  report();
}

void Door::on_served(Duration took) {
  governor_.on_served(environment_.loop.now(), took);
  if (size_ > 0) look();
}

void Door::on_timer(io::Timer&) {
  look();
}

void Door::look() {
  if (size_ > 0) judge();
  set_timer();
  report();
  if (was_saturated_ == saturated()) return;
  was_saturated_ = !was_saturated_;
  owner_.on_door_changed();
}

void Door::judge() {
  TargetConnection& first = waiting_.front();
  const TargetConnection* second = waiting_.after(first);
  const Governor::Verdict verdict =
      governor_.on_waiting(environment_.loop.now(), first.at_door_since(),
                           second ? second->at_door_since() : never, owner_.inside());
  if (verdict == Governor::Verdict::quiet) return;
  if (governor_.sign() == DoorSign::first_response) return owner_.on_place_wanted();
  if (verdict == Governor::Verdict::suspicious && !second) owner_.on_witness_wanted();
}

void Door::set_timer() {
  if (!guarded()) return timer_.clear();
  const Instant now = environment_.loop.now();
  if (saturated()) return timer_.set(now + report_interval);
  if (size_ == 0) return timer_.clear();
  const Instant overdue = waiting_.front().at_door_since() + governor_.patience();
  timer_.set(overdue > now ? overdue : now + look_again);
}

// Only what changed, and while it lasts from time to time.
void Door::report() {
  if (!guarded() || environment_.health == nullptr) return;
  const Instant now = environment_.loop.now();
  const bool found = governor_.saturated(now);
  if (!found && !told_.saturated && !reported_.saturated) return;
  const bool demand = owner_.wanted() > 0;
  const bool same = reported_.saturated == found && reported_.knocking == (size_ > 0) &&
                    (reported_.waiting > 0) == demand;
  if (same && now < reported_at_ + report_interval) return;
  reported_ = {.worker = environment_.worker,
               .target = target_,
               .saturated = found,
               .knocking = size_ > 0,
               .waiting = static_cast<uint32_t>(owner_.wanted())};
  reported_at_ = now;
  environment_.health->post(reported_);
}

}  // namespace daruma::proxy
