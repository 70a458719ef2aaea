// SPDX-License-Identifier: Apache-2.0
//
// What came of one health-check probe, with what its log line tells. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "model/probe_outcome.h"
#include "model/target.h"

namespace daruma::health {

using model::probe_outcome_count;
using model::ProbeOutcome;

// The answer to a second question over the connection of a probe that passed
// (ProbeRequest::status_path).
struct StatusPage {
  enum class End : uint8_t { not_asked, no_answer, too_long, whole };
  End end = End::not_asked;  // not asked: the target does not keep the connection
  int code = 0;
  std::string text{};
};

struct ProbeResult {
  ProbeOutcome outcome = ProbeOutcome::not_made;
  int status = 0;      // of the response; 0 if there was none
  Duration latency{};  // from connecting to the end of the response head, or to the failure
  Address target{};    // which address was asked
  Address local{};     // and from which; port 0 if the connection was never made
  StatusPage status_page{};
};

model::HealthReason reason_of(ProbeOutcome outcome);
// What the health-check log calls it; a code mismatch with 5xx is a "TargetError".
std::string_view log_reason_of(const ProbeResult& result);

}  // namespace daruma::health
