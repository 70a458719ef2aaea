// SPDX-License-Identifier: Apache-2.0
#include "model/probe_outcome.h"

#include <array>

namespace daruma::model {
namespace {

struct Row {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Row, probe_outcome_count> rows{{
#define X(name, reason, log_reason, meaning) {#name, meaning},
    DARUMA_PROBE_OUTCOMES(X)
#undef X
}};

}  // namespace

std::string_view name_of(ProbeOutcome outcome) {
  return rows[static_cast<size_t>(outcome)].name;
}

std::string_view meaning_of(ProbeOutcome outcome) {
  return rows[static_cast<size_t>(outcome)].meaning;
}

}  // namespace daruma::model
