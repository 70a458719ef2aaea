// SPDX-License-Identifier: Apache-2.0
#include "telemetry/probe_memory.h"

#include <gtest/gtest.h>

#include "telemetry/registry.h"

namespace daruma::telemetry {
namespace {

using model::ProbeNote;
using model::ProbeOutcome;

TEST(ProbeMemory, recalls_the_last_probes_and_how_long_ago_they_ended) {
  ProbeMemory memory;
  const Instant start = Instant{} + 1h;
  EXPECT_EQ(memory.recall(start), std::vector<ProbeNote>{});
  memory.note(ProbeOutcome::passed, start);
  memory.note(ProbeOutcome::tls_timeout, start + 5s);
  const std::vector<ProbeNote> two{{ProbeOutcome::tls_timeout, 1s}, {ProbeOutcome::passed, 6s}};
  EXPECT_EQ(memory.recall(start + 6s), two);
  for (int i = 2; i < 9; ++i) memory.note(ProbeOutcome::not_made, start + i * 5s);
  const std::vector<ProbeNote> last = memory.recall(start + 41s);
  ASSERT_EQ(last.size(), ProbeMemory::kept);
  EXPECT_EQ(last.front(), (ProbeNote{ProbeOutcome::not_made, 1s}));
  EXPECT_EQ(last.back(), (ProbeNote{ProbeOutcome::not_made, 16s}));
  // One that ended while the question was being asked.
  EXPECT_EQ(memory.recall(start + 39s).front().ago, 0s);
}

TEST(ProbeMemory, every_worker_of_a_target_is_told) {
  Registry registry;
  const TargetLabels labels{"app", "10.0.0.1:80", ""};
  const auto one = registry.add(labels);
  const auto two = registry.add(labels);
  const auto other = registry.add(TargetLabels{"app", "10.0.0.2:80", ""});
  const Instant now = Instant{} + 1h;
  registry.note_probe(labels, ProbeOutcome::connect_refused, now);
  registry.note_probe({"nobody", "", ""}, ProbeOutcome::passed, now);
  const std::vector<ProbeNote> told{{ProbeOutcome::connect_refused, 0s}};
  EXPECT_EQ(one->probes.recall(now), told);
  EXPECT_EQ(two->probes.recall(now), told);
  EXPECT_TRUE(other->probes.recall(now).empty());
}

}  // namespace
}  // namespace daruma::telemetry
