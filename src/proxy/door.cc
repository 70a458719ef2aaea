// SPDX-License-Identifier: Apache-2.0
#include "proxy/door.h"

#include "proxy/environment.h"

namespace daruma::proxy {
namespace {

// While a door is shut the health thread hears of it at least that often.
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
  if (letter.state == model::DoorState::slow)
    governor_.acquit(environment_.loop.now(), owner_.inside());
  look();
  owner_.on_told();
}

void Door::on_away() {
  governor_.on_away();
  look();
}

bool Door::shut() const {
  if (!guarded()) return false;
  return told_.state == model::DoorState::suspected || full() ||
         governor_.shut(environment_.loop.now());
}

bool Door::has_turn() const {
  return told_.knocker == environment_.worker;
}

bool Door::may_open(size_t connecting) const {
  const size_t at_door = size_ + connecting;
  if (full())
    return governor_.may_open_full(environment_.loop.now(), at_door, owner_.inside(), has_turn());
  return governor_.may_open(environment_.loop.now(), at_door, owner_.inside() - owner_.upgraded());
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
  governor_.count_answer(environment_.loop.now());
  if (!has(connection)) return;  // it was overtaken
  const Instant now = environment_.loop.now();
  const Duration waited = now - connection.at_door_since();
  const size_t at_door = size_;
  if (kept_out(connection)) owner_.on_waited();
  while (&waiting_.front() != &connection) leave(waiting_.front());
  leave(connection);
  governor_.on_let_in(now, waited, at_door, owner_.inside());
  governor_.count_places(size_, owner_.inside());
  look();
}

void Door::on_served_nobody() {
  const Instant now = environment_.loop.now();
  governor_.on_served_nobody(now);
  governor_.count_answer(now);
  if (size_ > 0) look();
}

void Door::on_client_left(const TargetConnection& connection) {
  if (has(connection)) governor_.on_client_left(environment_.loop.now());
}

bool Door::kept_out(const TargetConnection& connection) const {
  return has(connection) &&
         environment_.loop.now() - connection.at_door_since() > governor_.patience();
}

void Door::leave(TargetConnection& connection) {
  if (!has(connection)) return;
  connection.ListNode<AtDoor>::unlink();
  --size_;
  report();
}

void Door::on_timer(io::Timer&) {
  look();
}

void Door::look() {
  if (size_ > 0) judge();
  set_timer();
  report();
  if (was_shut_ == shut() && was_full_ == full()) return;
  was_shut_ = shut();
  was_full_ = full();
  owner_.on_door_changed();
}

void Door::judge() {
  TargetConnection& first = waiting_.front();
  const bool kept_out =
      full() && environment_.loop.now() - first.at_door_since() >= governor_.patience();
  if (kept_out) governor_.on_kept_out(owner_.inside());
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
  if (shut()) return timer_.set(now + report_interval);
  if (size_ == 0) return timer_.clear();
  const Instant overdue = waiting_.front().at_door_since() + governor_.patience();
  timer_.set(overdue > now ? overdue : now + look_again);
}

// Only what changed, and while it lasts from time to time.
void Door::report() {
  if (!guarded() || environment_.health == nullptr) return;
  const Instant now = environment_.loop.now();
  const bool shut = governor_.shut(now);
  if (!shut && told_.state == model::DoorState::open && !reported_.shut) return;
  const auto waiting = static_cast<uint32_t>(owner_.wanted());
  const auto inside = static_cast<uint32_t>(owner_.inside());
  const bool same = reported_.shut == shut && reported_.knocking == (size_ > 0) &&
                    reported_.inside == inside && (reported_.waiting > 0) == (waiting > 0);
  if (same && now < reported_at_ + report_interval) return;
  reported_ = {.worker = environment_.worker,
               .target = target_,
               .shut = shut,
               .knocking = size_ > 0,
               .waiting = waiting,
               .inside = inside,
               .shows_places = governor_.sign() == DoorSign::handshake};
  reported_at_ = now;
  environment_.health->post(reported_);
}

}  // namespace daruma::proxy
