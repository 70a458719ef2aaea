// SPDX-License-Identifier: Apache-2.0
#include "health/health_state.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daruma::health {
namespace {

using model::HealthReason;
using model::HealthState;

// One letter per probe: + passed, 2 code 502, 3 code 503, t(imed out), r(efused), n(ot made).
ProbeResult result_of(char letter) {
  ProbeResult result;
  switch (letter) {
    case '+':
      result.outcome = ProbeOutcome::passed;
      result.status = 200;
      break;
    case '2':
    case '3':
      result.outcome = ProbeOutcome::code_mismatch;
      result.status = 500 + (letter - '0');
      break;
    case 't':
      result.outcome = ProbeOutcome::tls_timeout;
      break;
    case 'r':
      result.outcome = ProbeOutcome::connect_refused;
      break;
    default:
      result.outcome = ProbeOutcome::not_made;
  }
  return result;
}

// "initial Elb.InitialHealthChecking"; for the shortest: "healthy".
std::string text_of(const model::TargetHealth& health) {
  std::string text(name_of(health.state));
  if (health.reason != HealthReason::none) text += " " + std::string(name_of(health.reason));
  return text;
}

struct Row {
  const char* probes;
  Thresholds thresholds;
  const char* health;
  const char* description;
};

TEST(HealthHistory, states_by_table) {
  const Thresholds t32{.healthy = 3, .unhealthy = 2};
  const Thresholds t24{.healthy = 2, .unhealthy = 4};
  const char* checking = "initial Elb.InitialHealthChecking";
  const char* in_progress = "Initial health checks in progress";
  const char* mismatch = "unhealthy Target.ResponseCodeMismatch";
  const char* timeout = "unhealthy Target.Timeout";
  const char* failed = "unhealthy Target.FailedHealthChecks";
  const Row rows[] = {
      {"", t32, checking, in_progress},
      {"+", t32, "healthy", ""},  // one success, whatever the threshold
      {"r", t32, checking, in_progress},
      {"r+", t32, "healthy", ""},  // still the first success of a new target
      {"rr", t32, failed, "Health checks failed"},
      {"rrr", t24, checking, in_progress},
      {"rrrr", t24, failed, "Health checks failed"},
      {"rr+", t32, failed, "Health checks failed"},
      {"rr++", t32, failed, "Health checks failed"},
      {"rr+++", t32, "healthy", ""},
      {"rr++r+", t32, failed, "Health checks failed"},  // in a row, or not at all
      {"rr++r++", t32, failed, "Health checks failed"},
      {"rr++r+++", t32, "healthy", ""},
      {"+r", t32, "healthy", ""},
      {"+r+r+r", t32, "healthy", ""},
      {"+rr", t32, failed, "Health checks failed"},
      {"+rrr", t24, "healthy", ""},
      {"+22", t32, mismatch, "Health checks failed with these codes: [502]"},
      {"+23", t32, mismatch, "Health checks failed with these codes: [503]"},  // the latest
      {"+223", t32, mismatch, "Health checks failed with these codes: [503]"},
      {"+2t", t32, timeout, "Request timed out"},
      {"+tt", t32, timeout, "Request timed out"},
      {"+ttr", t32, failed, "Health checks failed"},
      {"+tt+r", t32, failed, "Health checks failed"},  // a single failure does
      {"+tt+", t32, timeout, "Request timed out"},     // a success alone changes no reason
      {"n", t32, checking, in_progress},
      {"nnnn", t32, checking, in_progress},
      {"+nnnn", t32, "healthy", ""},
      {"+rnr", t32, failed, "Health checks failed"},  // neither breaks a series nor is part of it
      {"rr+n++", t32, "healthy", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.probes);
    HealthHistory history;
    EXPECT_EQ(text_of(history.health()), "initial Elb.RegistrationInProgress");
    EXPECT_EQ(history.health().description, "Target registration is in progress");
    EXPECT_TRUE(history.probing_began());
    EXPECT_FALSE(history.probing_began());
    for (const char letter : std::string(row.probes)) {
      const model::TargetHealth before = history.health();
      const bool changed = history.record(result_of(letter), row.thresholds);
      EXPECT_EQ(changed, history.health() != before) << letter;
    }
    EXPECT_EQ(text_of(history.health()), row.health);
    EXPECT_EQ(history.health().description, row.description);
  }
}

TEST(HealthHistory, a_new_threshold_counts_what_has_been_seen) {
  HealthHistory history;
  history.record(result_of('+'), {.healthy = 5, .unhealthy = 10});
  history.record(result_of('r'), {.healthy = 5, .unhealthy = 10});
  history.record(result_of('r'), {.healthy = 5, .unhealthy = 10});
  EXPECT_EQ(history.health().state, HealthState::healthy);
  history.record(result_of('r'), {.healthy = 5, .unhealthy = 3});
  EXPECT_EQ(history.health().state, HealthState::unhealthy);
}

TEST(HealthHistory, a_target_that_is_not_probed_says_why_and_begins_anew_when_it_is) {
  HealthHistory history;
  history.record(result_of('+'), {});
  EXPECT_TRUE(history.set_checking(Checking::not_in_use));
  EXPECT_FALSE(history.set_checking(Checking::not_in_use));
  EXPECT_EQ(text_of(history.health()), "unused Target.NotInUse");
  EXPECT_FALSE(history.probing_began());
  EXPECT_TRUE(history.set_checking(Checking::disabled));
  EXPECT_EQ(text_of(history.health()), "unavailable Target.HealthCheckDisabled");
  EXPECT_TRUE(history.set_checking(Checking::on));
  EXPECT_EQ(text_of(history.health()), "initial Elb.RegistrationInProgress");
  history.record(result_of('r'), {.healthy = 5, .unhealthy = 2});
  EXPECT_EQ(history.health().state, HealthState::initial);
  history.record(result_of('+'), {.healthy = 5, .unhealthy = 2});
  EXPECT_EQ(history.health().state, HealthState::healthy);
}

TEST(HealthHistory, a_target_that_is_held_out_passes_in_vain) {
  HealthHistory history;
  const Thresholds held{.healthy = 2, .unhealthy = 2, .held_out = true};
  history.record(result_of('+'), held);
  EXPECT_EQ(history.health().state, HealthState::healthy);  // the first time it comes
  for (const char letter : std::string("rr++++")) history.record(result_of(letter), held);
  EXPECT_EQ(history.health().state, HealthState::unhealthy);
  history.record(result_of('+'), {.healthy = 2, .unhealthy = 2});
  EXPECT_EQ(history.health().state, HealthState::healthy);  // it had passed often enough
}

TEST(HealthHistory, only_a_healthy_target_says_that_it_is_saturated) {
  HealthHistory history;
  EXPECT_FALSE(history.set_saturated(true));
  history.record(result_of('+'), {});
  EXPECT_TRUE(history.health().description.starts_with("Saturated:"));
  EXPECT_TRUE(history.health().saturated);
  EXPECT_FALSE(history.set_saturated(true));
  history.record(result_of('r'), {});
  history.record(result_of('r'), {});
  EXPECT_EQ(history.health().description, "Health checks failed");
  EXPECT_FALSE(history.health().saturated);
  EXPECT_FALSE(history.set_saturated(false));
  for (int i = 0; i < 5; ++i) history.record(result_of('+'), {});
  EXPECT_EQ(history.health().description, "");
}

TEST(HealthHistory, survives_a_million_successes) {
  HealthHistory history;
  for (int i = 0; i < 1'000'000; ++i) history.record(result_of('+'), {});
  EXPECT_EQ(history.health().state, HealthState::healthy);
}

TEST(ProbeOutcome, each_has_a_reason_of_awss) {
  for (int i = 0; i < probe_outcome_count; ++i) {
    const auto outcome = static_cast<ProbeOutcome>(i);
    EXPECT_FALSE(name_of(outcome).empty());
    const bool says_nothing = outcome == ProbeOutcome::passed || outcome == ProbeOutcome::not_made;
    EXPECT_EQ(reason_of(outcome) == HealthReason::none, says_nothing) << name_of(outcome);
  }
}

}  // namespace
}  // namespace daruma::health
