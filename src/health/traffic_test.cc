// SPDX-License-Identifier: Apache-2.0
#include "health/traffic.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::health {
namespace {

const Instant now = Instant{} + 1h;

struct Row {
  ProbeOutcome outcome;
  uint64_t answered_before;  // since the probe before
  uint64_t answered_during;
  bool door_shut;
  bool busy;
};

TEST(Traffic, tells_busy_from_dead_by_table) {
  using enum ProbeOutcome;
  const Row rows[] = {
      {tls_timeout, 0, 0, false, false},  // nothing speaks for it
      {tls_timeout, 0, 1, false, true},
      {tls_timeout, 1, 0, false, true},  // pages take longer than the probe may
      {tls_timeout, 0, 0, true, false},  // nothing but 5xx since the last probe
      {connect_timeout, 0, 1, false, true},
      {connect_timeout, 9, 0, false, true},
      {connect_reset, 0, 1, false, true},
      {tls_reset, 0, 1, false, true},
      // Let in and left alone: the door decides.
      {response_timeout, 9, 9, false, false},
      {response_timeout, 9, 9, true, true},
      {response_timeout, 9, 0, true, true},
      {response_timeout, 0, 0, true, false},
      // Its own word, whatever it does for others.
      {code_mismatch, 9, 9, true, false},
      {connect_refused, 9, 9, true, false},
      {connect_unreachable, 9, 9, true, false},
      {connect_failed, 9, 9, true, false},
      {tls_failed, 9, 9, true, false},
      {response_reset, 9, 9, true, false},
      {response_closed, 9, 9, true, false},
      {response_malformed, 9, 9, true, false},
      {name_unresolved, 9, 9, true, false},
      {not_made, 9, 9, true, false},
      {passed, 9, 9, true, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message() << name_of(row.outcome) << " " << row.answered_before << " "
                                    << row.answered_during << " " << row.door_shut);
    Traffic traffic;
    traffic.probe_begins(1000);
    traffic.probe_ends(now, 1000);
    traffic.set_door_shut(row.door_shut);
    traffic.probe_begins(1000 + row.answered_before);
    traffic.probe_ends(now, 1000 + row.answered_before + row.answered_during);
    EXPECT_EQ(traffic.explains(row.outcome), row.busy);
    EXPECT_EQ(traffic.answered_during_probe(), row.answered_during);
  }
}

struct Failures {
  uint32_t in_a_row;
  uint64_t answered;
};

TEST(Traffic, accuses_a_target_whose_requests_fail_while_nobody_is_answered_by_table) {
  struct Case {
    std::vector<Failures> told;
    uint32_t failed;
    bool accuses;
  };
  const Case cases[] = {
      {{}, 0, false},
      {{{1, 50}}, 1, false},
      {{{1, 50}, {2, 50}}, 2, false},
      {{{1, 50}, {2, 50}, {4, 50}}, 4, true},
      {{{1, 50}, {1, 50}, {1, 50}}, 3, true},            // by three workers
      {{{1, 50}, {2, 50}, {4, 51}}, 1, false},           // another worker had an answer
      {{{1, 50}, {1, 51}, {1, 52}, {1, 53}}, 1, false},  // a client that asks nonsense
      {{{1, 50}, {2, 50}, {4, 50}, {8, 51}}, 1, false},
  };
  for (const Case& c : cases) {
    Traffic traffic;
    for (const Failures& failures : c.told)
      traffic.on_failures(now, failures.in_a_row, failures.answered, false);
    EXPECT_EQ(traffic.failed_requests(), c.failed);
    EXPECT_EQ(traffic.accuses(), c.accuses);
  }
}

TEST(Traffic, an_answer_to_a_probe_or_a_request_ends_the_accusation) {
  for (const bool to_probe : {true, false}) {
    Traffic traffic;
    for (const uint32_t in_a_row : {1u, 2u, 4u}) traffic.on_failures(now, in_a_row, 50, false);
    traffic.probe_begins(50);
    traffic.probe_ends(now, to_probe ? 50 : 51);
    EXPECT_EQ(traffic.accuses(), to_probe);
    if (to_probe) traffic.on_probe_passed();
    EXPECT_FALSE(traffic.accuses());
  }
}

TEST(Traffic, answers_before_the_last_failure_explain_nothing) {
  Traffic traffic;
  traffic.probe_begins(1000);
  traffic.probe_ends(now, 1000);
  traffic.on_failures(now, 1, 1009, false);
  traffic.probe_begins(1009);
  traffic.probe_ends(now, 1009);
  EXPECT_FALSE(traffic.explains(ProbeOutcome::tls_timeout));
  traffic.probe_begins(1009);
  traffic.probe_ends(now, 1010);
  EXPECT_TRUE(traffic.explains(ProbeOutcome::tls_timeout));
}

// The target has answered since the probe before, and then a request waited at its door in vain.
TEST(Traffic, a_request_that_was_kept_out_speaks_against_a_target_no_more_than_a_probe) {
  for (const bool kept_out : {true, false}) {
    Traffic traffic;
    traffic.probe_begins(1000);
    traffic.probe_ends(now, 1000);
    traffic.on_failures(now, 1, 1009, kept_out);
    traffic.probe_begins(1009);
    traffic.probe_ends(now, 1009);
    EXPECT_EQ(traffic.explains(ProbeOutcome::tls_timeout), kept_out);
    traffic.on_failures(now, 2, 1009, false);
    traffic.on_failures(now, 4, 1009, true);
    EXPECT_FALSE(traffic.explains(ProbeOutcome::tls_timeout));
    EXPECT_EQ(traffic.failed_requests(), 4u);
    EXPECT_TRUE(traffic.accuses());
    traffic.on_failures(now, 1, 1010, true);  // it has answered meanwhile
    EXPECT_TRUE(traffic.explains(ProbeOutcome::tls_timeout));
  }
}

// Told every 5 s how many it has answered, it then answers nobody: how long that says nothing.
TEST(Traffic, bears_silence_by_what_is_usual) {
  struct Habit {
    uint64_t answers;  // in 5 s
    Duration quiet;
  };
  const Habit habits[] = {{0, 0s}, {1, 30s}, {2, 20s}, {5, 8s}, {50, 800ms}, {5000, 8ms}};
  for (const Habit& habit : habits) {
    SCOPED_TRACE(habit.answers);
    Traffic traffic;
    Instant time = now;
    uint64_t answered = 1000;
    for (int i = 0; i < 3; ++i) {
      answered += habit.answers;
      traffic.probe_begins(answered);
      traffic.probe_ends(time += 5s, answered);
    }
    for (const uint32_t in_a_row : {1u, 2u, 4u})
      traffic.on_failures(time, in_a_row, answered, false);
    EXPECT_EQ(traffic.accuses(), habit.quiet == 0s);
    if (habit.quiet > 0s) {
      traffic.on_failures(time + habit.quiet - 1ms, 8, answered, false);
      EXPECT_FALSE(traffic.accuses());
      EXPECT_TRUE(traffic.explains(ProbeOutcome::tls_timeout));
    }
    traffic.on_failures(time + habit.quiet, 16, answered, false);
    EXPECT_TRUE(traffic.accuses());
    EXPECT_FALSE(traffic.explains(ProbeOutcome::tls_timeout));
  }
}

// All workers have let go of the target's counters, and one counts again.
TEST(Traffic, counts_what_is_counted_anew) {
  Traffic traffic;
  traffic.probe_begins(1000);
  traffic.probe_ends(now, 3);
  EXPECT_EQ(traffic.answered_during_probe(), 3u);
  EXPECT_TRUE(traffic.explains(ProbeOutcome::tls_timeout));
}

}  // namespace
}  // namespace daruma::health
