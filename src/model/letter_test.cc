// SPDX-License-Identifier: Apache-2.0
#include "model/letter.h"

#include <gtest/gtest.h>

namespace daruma::model {
namespace {

const TargetKey one{"group", "127.0.0.2", 80};
const TargetKey other{"group", "127.0.0.3", 80};

WorkerLetter health_of(const TargetKey& target, HealthState state) {
  TargetHealth health;
  health.state = state;
  return HealthLetter{target, health};
}

TEST(Letter, one_that_tells_how_something_is_now_replaces_the_last_about_the_same_thing) {
  EXPECT_EQ(key_of(WorkerLetter(SnapshotLetter{})), key_of(WorkerLetter(SnapshotLetter{})));
  EXPECT_EQ(key_of(health_of(one, HealthState::healthy)),
            key_of(health_of(one, HealthState::unhealthy)));
  EXPECT_EQ(key_of(HealthThreadLetter(DoorReport{.worker = 1, .target = one, .shut = true})),
            key_of(HealthThreadLetter(DoorReport{.worker = 1, .target = one})));
  EXPECT_EQ(key_of(ControlLetter(AdoptedLetter{.worker = 1, .revision = 1})),
            key_of(ControlLetter(AdoptedLetter{.worker = 1, .revision = 2})));
}

TEST(Letter, another_target_another_sender_or_another_kind_is_another_thing) {
  EXPECT_NE(key_of(health_of(one, HealthState::healthy)),
            key_of(health_of(other, HealthState::healthy)));
  EXPECT_NE(key_of(health_of(one, HealthState::healthy)),
            key_of(WorkerLetter(DoorLetter{.target = one})));
  EXPECT_NE(key_of(HealthThreadLetter(DoorReport{.worker = 1, .target = one})),
            key_of(HealthThreadLetter(DoorReport{.worker = 2, .target = one})));
  EXPECT_NE(key_of(HealthThreadLetter(DoorReport{.worker = 1, .target = one})),
            key_of(HealthThreadLetter(FailureReport{.worker = 1, .target = one})));
  EXPECT_NE(key_of(ControlLetter(StoppedLetter{1})), key_of(ControlLetter(StoppedLetter{2})));
}

// Health adds up what rows of different lengths tell of a target.
TEST(Letter, a_longer_row_of_failures_does_not_hide_a_shorter_one) {
  const FailureReport two{.worker = 1, .target = one, .reason = Reason::none, .in_a_row = 2};
  const FailureReport four{.worker = 1, .target = one, .reason = Reason::none, .in_a_row = 4};
  EXPECT_EQ(key_of(HealthThreadLetter(two)), key_of(HealthThreadLetter(two)));
  EXPECT_NE(key_of(HealthThreadLetter(two)), key_of(HealthThreadLetter(four)));
}

TEST(Letter, no_more_than_so_many_inquiries_wait) {
  EXPECT_NE(key_of(WorkerLetter(InquiryLetter{1, {}})), key_of(WorkerLetter(InquiryLetter{2, {}})));
  EXPECT_EQ(key_of(WorkerLetter(InquiryLetter{1, {}})),
            key_of(WorkerLetter(InquiryLetter{65, {}})));
}

// Each gives something back.
TEST(Letter, every_retired_snapshot_is_read) {
  EXPECT_EQ(key_of(ControlLetter(RetiredLetter{})), std::nullopt);
}

}  // namespace
}  // namespace daruma::model
