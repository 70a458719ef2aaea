// SPDX-License-Identifier: Apache-2.0
//
// What threads tell one another. Values only: never closures, never pointers into another thread.
//
// Mailboxes are bounded, however long their reader sleeps: a letter that tells how something is now
// replaces an unread one about the same thing (key_of()). The others are few by themselves.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "model/answer_time.h"
#include "model/reason.h"
#include "model/scoreboard.h"
#include "model/snapshot.h"
#include "model/story.h"
#include "model/target.h"

namespace daruma::model {

// control → worker, health: read this from now on. Of several the newest wins; others are given
// back (RetiredLetter) or, unread, freed by control when it posts the next.
struct SnapshotLetter {
  SnapshotRef snapshot;
};

// health → worker, control: only when something changed. May arrive before the snapshot that names
// the target.
struct HealthLetter {
  TargetKey target;
  TargetHealth health;
};

// health → worker: what a target weighs from now on, full_weight at most, because of what its
// requests came to (health/anomaly_detector).
struct WeightLetter {
  TargetKey target;
  uint32_t weight = 0;
};

// health → control: the same for who asks (DescribeTargetHealth: AnomalyDetection). Only when
// something changed.
struct AnomalyLetter {
  TargetKey target;
  bool anomalous = false;
  bool mitigated = false;  // it is given less than its share
};

// health → control: what a target's server tells of its workers. When it has told, and when it
// tells no more.
struct ServerStatusLetter {
  TargetKey target;
  ServerStatus status;
};

// control → worker: seal session tickets with `current` from now on, and still open those that
// `previous` has sealed (tls::TicketKeys).
struct TicketKeyLetter {
  std::string current;
  std::string previous;
};

// control → worker: the same for cookies of stickiness (tls::CookieKeys).
struct CookieKeyLetter {
  std::string current;
  std::string previous;
};

// control → worker, health: stop taking work, finish what there is, report StoppedLetter.
struct DrainLetter {
  Duration deadline{};  // from now; after it connections are closed
};

// A listener that does not serve as the snapshot has it: a port in use, certificates that cannot be
// served.
struct ListenerProblem {
  std::string load_balancer;  // its name
  uint16_t port = 0;
  std::string text;              // what is in the way, and what becomes of the listener
  std::string to_text() const {  // names the listener
    return "listener " + load_balancer + ":" + std::to_string(port) + ": " + text;
  }
  bool operator==(const ListenerProblem&) const = default;
};

// worker → control: revision N serves now, but for these listeners; at most one row for each. What
// could not be done is tried again, and told again when the problems have changed.
struct AdoptedLetter {
  uint32_t worker = 0;
  uint64_t revision = 0;
  std::vector<ListenerProblem> problems{};
};

// worker, health → control: the last exchange on this snapshot ended, or nobody needs it; it is
// freed where it was made. Each is read: at most one per snapshot and reader of snapshots, and
// control makes none while it does not read.
struct RetiredLetter {
  SnapshotRef snapshot;
};

// worker, health → control: nothing is left; the thread may be joined.
struct StoppedLetter {
  uint32_t worker = 0;
};

// worker → health: how this worker finds the door of one target. On change and while requests
// wait, never per request.
struct DoorReport {
  uint32_t worker = 0;
  TargetKey target;
  bool shut = false;      // new connections wait while established ones are served
  bool knocking = false;  // one of this worker's connections waits at the door now
  uint32_t waiting = 0;   // requests that would use one more connection
  uint32_t inside = 0;    // this worker's connections that are in
  // Whether `inside` tells of places: a plain target shows that a connection is in only with its
  // first response, and that may take what it likes.
  bool shows_places = true;
};

enum class DoorState : uint8_t {
  open,       // nobody finds it shut
  suspected,  // some worker does: the target is full, or slow
  full,       // and for a while nobody came in but in the place of one who left
  slow,       // but more and more come in: it has places
};

// health → worker: the same for the whole node. While a target is full only one of the node's
// connections waits at its door: that of the worker whose turn it is.
struct DoorLetter {
  static constexpr uint32_t nobody = UINT32_MAX;
  TargetKey target;
  DoorState state = DoorState::open;
  uint32_t knocker = nobody;
  bool wanted = false;  // full, or suspected to be, and requests of some worker wait for a place
};

// worker → health: what this worker sees of a target that it finds slow, or was told to report on;
// at most every 100 ms. The sums are since the worker knows the target.
struct LoadReport {
  uint32_t worker = 0;
  TargetKey target;
  bool slow = false;  // answers take much longer than usual
  uint64_t answers = 0;
  uint64_t fresh = 0;  // of those, to requests sent since the node's limit was lowered last
  AnswerTime fresh_time{};
  uint32_t most_in_flight = 0;  // since the report before
  uint32_t in_flight = 0;
  uint32_t waiting = 0;  // requests that would go there
  Duration usual{};      // what an answer takes when it is not busy
};

// health → one worker: how many requests it may have under way at a target that gets slower the
// more there are: its part of the node's limit, by how many it has.
struct LoadLetter {
  static constexpr uint32_t unlimited = UINT32_MAX;
  TargetKey target;
  bool watched = false;  // report on it
  uint32_t limit = unlimited;
  bool lenient = false;  // not proved yet: nobody is turned away because of it
  uint32_t lowered = 0;  // how often the node's limit was
  Duration patience{};   // nobody should be turned away who has not waited for as long
  Duration usual{};      // what an answer takes when it is not busy; 0: as this worker knows
  bool operator==(const LoadLetter&) const = default;
};

// worker → health: real requests to this target fail, one after another, and none has succeeded in
// between. Sent for the first, and each time their number has doubled.
struct FailureReport {
  uint32_t worker = 0;
  TargetKey target;
  Reason reason = Reason::none;
  uint32_t in_a_row = 0;
};

// control → worker: which of your stories are like this? Answered at once.
struct InquiryLetter {
  uint64_t number = 0;
  StoryQuery query;
};

// worker → control: the answer to the inquiry of that number. Each is read: control asks nothing
// while it does not read.
struct AnswerLetter {
  uint32_t worker = 0;
  uint64_t number = 0;
  std::vector<Story> stories;  // the newest first
  StoriesKept kept;
};

using WorkerLetter =
    std::variant<SnapshotLetter, HealthLetter, DoorLetter, LoadLetter, WeightLetter,
                 TicketKeyLetter, CookieKeyLetter, InquiryLetter, DrainLetter>;
using HealthThreadLetter =
    std::variant<SnapshotLetter, DoorReport, LoadReport, FailureReport, DrainLetter>;
using ControlLetter = std::variant<AdoptedLetter, RetiredLetter, StoppedLetter, HealthLetter,
                                   AnomalyLetter, ServerStatusLetter, AnswerLetter>;

// What a letter is about: of unread letters with the same key only the newest is read. Nullopt:
// each is.
struct LetterKey {
  size_t kind = 0;      // its place in the variant
  uint32_t sender = 0;  // the worker, where several tell
  uint32_t which = 0;   // where one tells several things
  TargetKey target;     // where it is about one
  auto operator<=>(const LetterKey&) const = default;
};
std::optional<LetterKey> key_of(const WorkerLetter& letter);
std::optional<LetterKey> key_of(const HealthThreadLetter& letter);
std::optional<LetterKey> key_of(const ControlLetter& letter);

}  // namespace daruma::model
