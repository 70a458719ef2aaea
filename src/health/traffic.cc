// SPDX-License-Identifier: Apache-2.0
#include "health/traffic.h"

#include <algorithm>
#include <utility>

namespace daruma::health {
namespace {

// Enough for a log line; the sum of doublings ends somewhere.
constexpr uint32_t failed_max = 1'000'000;

enum class Meaning : uint8_t {
  its_word,  // about itself, or about this node
  outside,   // not let in: where others are answered meanwhile, it is the door that kept it waiting
  silence,   // let in, or so it seems, and not answered
};

Meaning kind_of(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::connect_timeout:
    case ProbeOutcome::connect_reset:
    case ProbeOutcome::tls_timeout:
    case ProbeOutcome::tls_reset:
      return Meaning::outside;
    case ProbeOutcome::response_timeout:
      return Meaning::silence;
    case ProbeOutcome::passed:
    case ProbeOutcome::code_mismatch:
    case ProbeOutcome::name_unresolved:
    case ProbeOutcome::connect_refused:
    case ProbeOutcome::connect_unreachable:
    case ProbeOutcome::connect_failed:
    case ProbeOutcome::tls_failed:
    case ProbeOutcome::not_http2:
    case ProbeOutcome::certificate_expired:
    case ProbeOutcome::certificate_untrusted:
    case ProbeOutcome::certificate_wrong_name:
    case ProbeOutcome::body_mismatch:
    case ProbeOutcome::response_reset:
    case ProbeOutcome::response_closed:
    case ProbeOutcome::response_malformed:
    case ProbeOutcome::not_made:
      return Meaning::its_word;
  }
  return Meaning::its_word;
}

uint64_t grown(uint64_t before, uint64_t now) {
  return now >= before ? now - before : now;
}

}  // namespace

void Traffic::probe_begins(uint64_t answered) {
  at_begin_ = answered;
}

void Traffic::probe_ends(Instant now, uint64_t answered) {
  during_probe_ = grown(at_begin_, answered);
  since_probe_before_ = grown(at_end_, answered);
  at_end_ = answered;
  if (since_probe_before_ > 0 && ended_ != Instant{})
    usual_gap_ = (now - ended_) / static_cast<int64_t>(since_probe_before_);
  ended_ = now;
  note_answers(now, answered);
  if (answered == at_failure_) return;
  failed_ = 0;
  failed_inside_ = false;
}

// A worker tells the first, the second, the fourth …: half of them are new, and those before the
// answer, if there was one, do not count.
void Traffic::on_failures(Instant now, uint32_t in_a_row, uint64_t answered, bool kept_out) {
  note_answers(now, answered);
  const bool answered_since = std::exchange(at_failure_, answered) != answered;
  failed_ = answered_since ? 1 : std::min(failed_ + std::max(in_a_row / 2, 1u), failed_max);
  failed_inside_ = !kept_out || (failed_inside_ && !answered_since);
}

void Traffic::note_answers(Instant now, uint64_t answered) {
  now_ = now;
  if (std::exchange(noted_, answered) == answered) return;
  quiet_until_ = now + std::min(quiet_gaps * usual_gap_, quiet_most);
}

bool Traffic::explains(ProbeOutcome outcome) const {
  // Where pages take longer than a probe may, none may end meanwhile.
  const bool serves = (since_probe_before_ > 0 && !failed_inside_) || may_be_quiet();
  switch (kind_of(outcome)) {
    case Meaning::its_word:
      return false;
    case Meaning::outside:
      return serves || during_probe_ > 0;
    case Meaning::silence:
      // The kernel of a plain HTTP target lets a probe in that nobody serves. But a health check
      // may also hang by itself while pages are served, and that is for it to say.
      return serves && door_shut_;
  }
  return false;
}

}  // namespace daruma::health
