// SPDX-License-Identifier: Apache-2.0
#include "health/place_limit.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::health {
namespace {

using Verdict = PlaceLimit::Verdict;

struct Watched {
  Watched() { limit.begin(now, 20); }
  Verdict after(Duration d, uint32_t inside, bool pressed = true) {
    now += d;
    return limit.note(now, inside, pressed);
  }
  // As often as workers report.
  Verdict for_a_while(Duration d, uint32_t inside) {
    Verdict verdict = Verdict::undecided;
    for (Duration passed{}; passed < d; passed += 100ms) verdict = after(100ms, inside);
    return verdict;
  }

  PlaceLimit limit;
  Instant now = Instant{} + 1h;
};

TEST(PlaceLimit, a_second_without_a_rise_while_somebody_waits_is_proof) {
  Watched target;
  EXPECT_EQ(target.for_a_while(900ms, 20), Verdict::undecided);
  EXPECT_EQ(target.after(100ms, 20), Verdict::full);
}

TEST(PlaceLimit, nobody_at_the_door_proves_nothing) {
  Watched target;
  EXPECT_EQ(target.after(2s, 20, false), Verdict::undecided);
  EXPECT_EQ(target.after(1ms, 20), Verdict::full);
}

TEST(PlaceLimit, who_leaves_makes_room_for_another) {
  Watched target;
  for (int i = 0; i < 30; ++i) {
    target.after(40ms, 19);
    const Verdict verdict = target.after(5ms, 20);
    EXPECT_EQ(verdict, i < 22 ? Verdict::undecided : Verdict::full) << i;
  }
}

TEST(PlaceLimit, more_and_more_inside_is_slowness) {
  Watched target;
  EXPECT_EQ(target.after(400ms, 21), Verdict::undecided);
  EXPECT_EQ(target.after(49ms, 22), Verdict::undecided);
  EXPECT_EQ(target.after(1ms, 22), Verdict::slow);
}

TEST(PlaceLimit, what_was_just_let_in_when_it_was_found_shut_may_still_show) {
  Watched target;
  EXPECT_EQ(target.after(299ms, 24), Verdict::undecided);
  EXPECT_EQ(target.for_a_while(800ms, 24), Verdict::full);
}

TEST(PlaceLimit, a_rise_in_a_blink_is_the_order_of_two_letters) {
  Watched target;
  target.after(500ms, 21);
  target.after(40ms, 20);
  EXPECT_EQ(target.after(100ms, 21), Verdict::undecided);
}

TEST(PlaceLimit, a_full_target_that_takes_more_is_asked_for_another_proof) {
  Watched target;
  ASSERT_EQ(target.for_a_while(1s, 20), Verdict::full);
  target.after(100ms, 21);
  EXPECT_EQ(target.after(50ms, 21), Verdict::undecided);
  EXPECT_EQ(target.for_a_while(900ms, 21), Verdict::undecided);
  EXPECT_EQ(target.after(100ms, 21), Verdict::full);
}

TEST(PlaceLimit, places_that_stand_empty_before_who_waits_at_the_door_are_slowness) {
  Watched target;
  ASSERT_EQ(target.for_a_while(1s, 20), Verdict::full);
  target.after(10ms, 19);
  EXPECT_EQ(target.after(149ms, 19), Verdict::full);
  EXPECT_EQ(target.after(1ms, 19), Verdict::slow);
  target.limit.begin(target.now, 20);
  ASSERT_EQ(target.for_a_while(1s, 20), Verdict::full);
  target.after(10ms, 18);
  EXPECT_EQ(target.after(99ms, 18), Verdict::full);
  EXPECT_EQ(target.after(1ms, 18), Verdict::slow);
}

// As many come in as go, each a little later than a place is free: the number only swings.
TEST(PlaceLimit, places_that_stand_empty_much_of_the_time_are_slowness) {
  Watched target;
  target.limit.begin(target.now, 2);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(target.after(60ms, 1), Verdict::undecided);
    EXPECT_EQ(target.after(40ms, 0), Verdict::undecided);
    EXPECT_EQ(target.after(20ms, 1), Verdict::undecided);
    EXPECT_EQ(target.after(30ms, 2), Verdict::undecided);
  }
  EXPECT_EQ(target.after(100ms, 1), Verdict::slow);
}

TEST(PlaceLimit, a_full_target_takes_a_moment_to_fill_a_place) {
  Watched target;
  target.limit.begin(target.now, 2);
  Verdict verdict = Verdict::undecided;
  for (int i = 0; i < 11; ++i) {
    target.after(85ms, 1);
    verdict = target.after(15ms, 2);
  }
  EXPECT_EQ(verdict, Verdict::full);
}

TEST(PlaceLimit, places_that_nobody_wants_may_stand_empty) {
  Watched target;
  ASSERT_EQ(target.for_a_while(1s, 20), Verdict::full);
  EXPECT_EQ(target.after(100ms, 10, false), Verdict::full);
  EXPECT_EQ(target.after(100ms, 10), Verdict::full);
  EXPECT_EQ(target.after(90ms, 12, false), Verdict::full);
  EXPECT_EQ(target.after(90ms, 12), Verdict::full);
}

TEST(PlaceLimit, places_that_are_gone_are_not_empty) {
  Watched target;
  target.after(400ms, 20);
  for (int i = 0; i < 5; ++i) target.after(100ms, 15, false);
  EXPECT_EQ(target.after(101ms, 18), Verdict::undecided);
  EXPECT_EQ(target.after(30ms, 15), Verdict::full);
}

TEST(PlaceLimit, nor_those_that_were_not_known_yet) {
  Watched target;
  target.limit.begin(target.now, 5);
  target.after(60ms, 20);
  target.after(100ms, 40);
  target.after(100ms, 60);
  EXPECT_EQ(target.for_a_while(800ms, 60), Verdict::full);
}

TEST(PlaceLimit, what_nobody_wanted_for_long_is_no_measure) {
  Watched target;
  ASSERT_EQ(target.for_a_while(1s, 20), Verdict::full);
  for (int i = 0; i < 10; ++i) target.after(100ms, 10, false);
  EXPECT_EQ(target.after(100ms, 10), Verdict::full);
  EXPECT_EQ(target.after(100ms, 10), Verdict::full);
}

}  // namespace
}  // namespace daruma::health
