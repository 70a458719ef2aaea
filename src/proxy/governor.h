// SPDX-License-Identifier: Apache-2.0
//
// How many connections one target can be asked for, as one worker learns it from what it sees;
// nobody tells it. Pure: told the time. docs/saturation.md tells the whole.
//
// A server with a worker per connection (Apache prefork) lets the kernel accept at once, but
// answers a new connection only when one of its workers is free. So the time that new connections
// wait at the door, while established ones go on being served, is the measure of saturation, and it
// comes before any request is lost. The governor lets connections knock in a growing window until
// two of them have waited too long: then it finds the door shut, and lets fewer knock. Whether that
// is for lack of places or only slowness it cannot tell; the health thread can, which hears of all
// workers (health/place_limit).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace daruma::proxy {

// Where a new connection shows that it is in.
enum class DoorSign : uint8_t {
  handshake,       // HTTPS: the TLS handshake is done
  first_response,  // HTTP: its first request waits at the door with it, and has been answered
};

class Governor {
 public:
  // Not enabled: as many connections as are wanted, never shut. Keeps what it has learned, unless
  // the sign changes.
  void configure(bool enabled, DoorSign sign);
  bool enabled() const { return enabled_; }
  DoorSign sign() const { return sign_; }

  // May one more connection knock, while `at_door` are not in yet and `inside` are?
  bool may_open(Instant now, size_t at_door, size_t inside) const;
  // The same of a target that is known to be full: the places that it had, or one. `has_turn`: of
  // all workers of the node this one may have one more at the door.
  bool may_open_full(Instant now, size_t at_door, size_t inside, bool has_turn) const;

  // A connection came in after `waited` at the door, where it was one of `at_door`; `inside` counts
  // it.
  void on_let_in(Instant now, Duration waited, size_t at_door, size_t inside);
  // A response has begun, the first of its connection or not. A plain target does not show which of
  // those at the door are being served already; how many it answers does.
  void count_answer(Instant now);
  // So many are at the door and inside after a first response.
  void count_places(size_t at_door, size_t inside);
  // One has knocked for long, and it is known that the target is full: so many are inside, and the
  // places that this worker had beside them are others' now.
  void on_kept_out(size_t inside);
  // A client left whose request waited there: they will not wait for long.
  void on_client_left(Instant now);
  // A place was left to another worker.
  void lend() { learned_limit_ -= learned_limit_ > 0; }
  // A connection that is inside was answered, `took` after its request had been sent.
  void on_served(Instant now, Duration took);
  // The same of one whose client had gone: when its request was sent is forgotten.
  void on_served_nobody(Instant now) { last_served_ = now; }
  enum class Verdict : uint8_t {
    quiet,       // nobody has waited long, or nobody else is served meanwhile
    suspicious,  // one has; it may have lost a packet: a second one is wanted as a witness
    shut,
  };
  // The connection longest at the door came there at `first`, the next at `second` (`never` if
  // there is none).
  Verdict on_waiting(Instant now, Instant first, Instant second, size_t inside);
  // It was slow, not full: from now on longer waits are looked on calmly, for some time.
  void acquit(Instant now, size_t inside);
  // The target comes back after it was away: it is asked little at first.
  void restart();
  // It is away: that its door was shut means nothing any more.
  void on_away();

  // How long a connection may be at the door before that means something.
  Duration patience() const;
  // First responses of a plain target come later than others of late: some of those at its door
  // wait there.
  bool late() const;
  // Longer than that no answer of late has taken.
  Duration answer_patience() const;
  bool shut(Instant now) const { return enabled_ && now < shut_until_; }
  // Connections inside when the door was last found shut, or what was let in since; of a plain
  // target, how many it served at once in the last seconds. 0: not known.
  uint32_t learned_limit() const { return learned_limit_; }
  // What it costs to open a connection, at least; 0: not known.
  Duration quickest() const { return quickest_ == Duration::max() ? Duration::zero() : quickest_; }
  // Of responses over connections inside, lately; 0 before the first.
  Duration mean_response_time() const { return mean_; }

 private:
  // Who came in last had hardly waited: places come free so often that one at the door, whose turn
  // passes from worker to worker, would leave some empty.
  bool moves() const { return last_wait_ <= usual_patience(); }
  bool plain() const { return sign_ == DoorSign::first_response; }
  bool is_kept_waiting(Instant now, Instant since) const;
  void find_shut(Instant now, size_t inside);
  void remember_shut(Instant now);
  void widen_window(size_t at_door);
  bool let_in_late(Duration waited);
  Duration usual_patience() const;
  void calm_down(Instant now);
  void note_slowest(Instant now, Duration took);

  bool enabled_ = true;
  DoorSign sign_ = DoorSign::handshake;
  uint32_t window_ = 0;  // connections at the door at once, while it is not shut
  uint32_t let_in_ = 0;  // since the window grew
  uint32_t learned_limit_ = 0;
  Instant shut_until_{};
  Duration last_wait_ = Duration::max();
  Instant impatient_until_{};
  int acquittals_ = 0;  // of late; each doubles the patience
  Instant acquittals_until_{};
  Instant last_served_{};
  Duration quickest_ = Duration::max();  // at the door, of all that came in
  // Response times: the mean as it moves, and the slowest of this period and the one before.
  Duration mean_{};
  Duration fresh_mean_{};  // the same of first responses, the wait at the door included
  Duration slowest_{};
  Duration slowest_before_{};
  Instant period_end_{};
  // Of a plain target: answers in this window, and how many it served at once in the one before.
  uint32_t answers_ = 0;
  Instant answers_since_{};
  double served_ = 0;
  double served_before_ = 0;
};

}  // namespace daruma::proxy
