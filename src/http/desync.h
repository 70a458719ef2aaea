// SPDX-License-Identifier: Apache-2.0
//
// The guard against request smuggling: findings → tier and reason → decision by the load balancer's
// mode (attribute routing.http.desync_mitigation_mode). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

enum class DesyncTier : uint8_t { compliant, acceptable, ambiguous, severe };
enum class DesyncMode : uint8_t { monitor, defensive, strictest };
enum class DesyncDecision : uint8_t {
  allow,
  allow_and_close,  // forward, then close both the client's and the target's connection
  block,            // 400 and close
};

struct DesyncVerdict {
  DesyncTier tier = DesyncTier::compliant;
  std::optional<Finding> reason;  // the first of the highest tier
};

DesyncTier tier_of(Finding finding);
DesyncVerdict classify(const Findings& findings);
// What can't be framed safely (see unframeable()) is blocked in monitor mode too.
DesyncDecision decide(const DesyncVerdict& verdict, const Findings& findings, DesyncMode mode);
// True if two readers could disagree where this message ends or what a line is, so that forwarding
// it would be guessing.
bool unframeable(const Findings& findings);

std::string_view name_of(DesyncTier tier);  // "Acceptable", as the access log spells it

}  // namespace daruma::http
