// SPDX-License-Identifier: Apache-2.0
#include "proxy/governor.h"

#include <gtest/gtest.h>

#include "model/limits.h"

namespace daruma::proxy {
namespace {

using Verdict = Governor::Verdict;

// A target that let in `inside` connections after 2 ms each and answers within 100 ms.
struct Served {
  explicit Served(DoorSign sign = DoorSign::handshake) {
    governor.configure(true, sign);
    for (inside = 1; inside <= 20; ++inside) {
      now += 10ms;
      governor.on_let_in(now, sign == DoorSign::handshake ? 2ms : 100ms, 1, inside);
      governor.on_served(now, 100ms);
    }
    inside = 20;
  }
  // Two came, and others were answered while they waited.
  Verdict kept_waiting(Duration waited) {
    const Instant came = now;
    now += waited;
    governor.on_served(now, 100ms);
    return governor.on_waiting(now, came, came, inside);
  }

  Governor governor;
  Instant now = Instant{} + 1h;
  size_t inside = 0;
};

TEST(Governor, limits_nothing_where_the_guard_is_off) {
  Governor governor;
  governor.configure(false, DoorSign::handshake);
  const Instant now = Instant{} + 1h;
  governor.on_served(now, 1ms);
  EXPECT_EQ(governor.on_waiting(now + 1h, now, now, 5), Verdict::quiet);
  EXPECT_TRUE(governor.may_open(now, 1'000'000, 5));
  EXPECT_FALSE(governor.shut(now));
}

TEST(Governor, opens_in_a_window_that_grows_while_it_is_used_and_doors_open_quickly) {
  Governor governor;
  governor.configure(true, DoorSign::handshake);
  const Instant now = Instant{} + 1h;
  const size_t first = model::limits::openings_at_first;
  EXPECT_TRUE(governor.may_open(now, first - 1, 0));
  EXPECT_FALSE(governor.may_open(now, first, 0));
  for (size_t i = 1; i <= first; ++i) governor.on_let_in(now, 2ms, first, i);
  EXPECT_TRUE(governor.may_open(now, 2 * first - 1, first));
  EXPECT_FALSE(governor.may_open(now, 2 * first, first));
  // One at a time proves nothing about many.
  for (size_t i = 0; i < 100; ++i) governor.on_let_in(now, 2ms, 1, first);
  EXPECT_FALSE(governor.may_open(now, 2 * first, first));
}

TEST(Governor, finds_the_door_shut_when_two_wait_while_others_are_served) {
  Served target;
  EXPECT_EQ(target.kept_waiting(99ms), Verdict::quiet);
  EXPECT_EQ(target.kept_waiting(100ms), Verdict::shut);
  EXPECT_TRUE(target.governor.shut(target.now));
  EXPECT_EQ(target.governor.learned_limit(), 20u);
}

TEST(Governor, one_that_waits_alone_may_have_lost_a_packet) {
  Served target;
  const Instant came = target.now;
  target.now += 1s;
  target.governor.on_served(target.now, 100ms);
  EXPECT_EQ(target.governor.on_waiting(target.now, came, never, 20), Verdict::suspicious);
  EXPECT_EQ(target.governor.on_waiting(target.now, came, target.now, 20), Verdict::suspicious);
  EXPECT_FALSE(target.governor.shut(target.now));
}

TEST(Governor, a_target_that_answers_nobody_is_not_full_but_away) {
  Served target;
  const Instant came = target.now + 1ms;
  EXPECT_EQ(target.governor.on_waiting(came + 5s, came, came, 20), Verdict::quiet);
}

TEST(Governor, an_answer_for_a_client_that_has_gone_shows_that_others_are_served) {
  Served target;
  const Instant came = target.now + 1ms;
  target.governor.on_served_nobody(came + 150ms);
  EXPECT_EQ(target.governor.on_waiting(came + 150ms, came, came, 20), Verdict::shut);
}

TEST(Governor, at_a_shut_door_one_for_each_four_inside_may_knock) {
  Served target;
  target.kept_waiting(120ms);
  EXPECT_TRUE(target.governor.may_open(target.now, 4, 20));
  EXPECT_FALSE(target.governor.may_open(target.now, 5, 20));
  EXPECT_TRUE(target.governor.may_open(target.now, 1, 0));
  EXPECT_FALSE(target.governor.may_open(target.now, 2, 0));
}

TEST(Governor, asks_a_full_target_for_the_places_it_had_or_one) {
  Served target;
  target.kept_waiting(120ms);
  const Governor& governor = target.governor;
  EXPECT_TRUE(governor.may_open_full(target.now, 0, 20, true));
  EXPECT_FALSE(governor.may_open_full(target.now, 1, 20, true));
  EXPECT_TRUE(governor.may_open_full(target.now, 2, 17, true));
  EXPECT_FALSE(governor.may_open_full(target.now, 3, 17, true));
}

TEST(Governor, the_door_moves_while_who_comes_in_has_hardly_waited) {
  Served target;
  target.kept_waiting(120ms);
  const auto may_open = [&target](bool has_turn) {
    return target.governor.may_open_full(target.now, 0, 20, has_turn);
  };
  target.governor.on_let_in(target.now, 100ms, 2, 20);
  EXPECT_TRUE(may_open(false));
  target.governor.on_let_in(target.now, 101ms, 2, 20);
  EXPECT_FALSE(may_open(false));
  EXPECT_TRUE(may_open(true));
}

TEST(Governor, a_slow_target_is_given_twice_the_time_for_a_while) {
  Served target;
  Governor& governor = target.governor;
  target.kept_waiting(100ms);
  governor.acquit(target.now, 20);
  EXPECT_FALSE(governor.shut(target.now));
  EXPECT_TRUE(governor.may_open(target.now, model::limits::openings_at_first - 1, 20));
  EXPECT_EQ(target.kept_waiting(199ms), Verdict::quiet);
  EXPECT_EQ(target.kept_waiting(200ms), Verdict::shut);
  for (int i = 0; i < 9; ++i) governor.acquit(target.now, 20);
  EXPECT_EQ(governor.patience(), 1600ms);
  for (int i = 0; i < 4; ++i) {
    target.now += 20s;
    governor.on_served(target.now, 100ms);
  }
  EXPECT_EQ(governor.patience(), 100ms);
}

TEST(Governor, the_limit_follows_capacity_up_and_down) {
  Served target;
  target.kept_waiting(120ms);
  target.governor.on_let_in(target.now, 5ms, 1, 21);
  EXPECT_EQ(target.governor.learned_limit(), 21u);
  target.inside = 12;
  EXPECT_EQ(target.kept_waiting(120ms), Verdict::shut);
  EXPECT_EQ(target.governor.learned_limit(), 12u);
}

TEST(Governor, while_somebody_waits_it_stays_shut_and_forgets_afterwards) {
  Served target;
  target.kept_waiting(120ms);
  for (int i = 0; i < 20; ++i) {
    const Instant came = target.now;
    target.now += 500ms;
    target.governor.on_served(target.now, 100ms);
    target.governor.on_waiting(target.now, came, never, 20);
    EXPECT_TRUE(target.governor.shut(target.now));
  }
  target.now += 1s;
  EXPECT_FALSE(target.governor.shut(target.now));
  EXPECT_TRUE(target.governor.may_open(target.now, 1, 20));
  EXPECT_FALSE(target.governor.may_open(target.now, 2, 20));
}

TEST(Governor, a_far_target_may_take_five_times_its_quickest_handshake) {
  Governor governor;
  governor.configure(true, DoorSign::handshake);
  EXPECT_EQ(governor.patience(), 1s);  // nothing known
  const Instant now = Instant{} + 1h;
  governor.on_let_in(now, 80ms, 1, 1);
  EXPECT_EQ(governor.patience(), 400ms);
  governor.on_let_in(now, 1ms, 1, 1);
  EXPECT_EQ(governor.patience(), 100ms);
}

TEST(Governor, a_plain_target_is_waited_for_longer_than_its_slowest_page_of_late) {
  Governor governor;
  governor.configure(true, DoorSign::first_response);
  Instant now = Instant{} + 1h;
  EXPECT_TRUE(governor.may_open(now, 500, 0));  // a slow page says nothing about the door
  governor.on_served(now, 800ms);
  EXPECT_EQ(governor.patience(), 1100ms);
  now += 25s;
  governor.on_served(now, 80ms);
  EXPECT_EQ(governor.patience(), 1100ms);
  now += 25s;
  governor.on_served(now, 80ms);
  EXPECT_EQ(governor.patience(), 200ms);
}

TEST(Governor, a_plain_target_stays_shut_while_first_responses_are_late_in_the_mean) {
  Served target(DoorSign::first_response);
  target.kept_waiting(300ms);
  ASSERT_TRUE(target.governor.shut(target.now));
  // Let in after 200 ms where a page takes 100 ms: within patience, and a sign all the same.
  for (int i = 0; i < 40; ++i) {
    target.now += 200ms;
    target.governor.on_served(target.now, 100ms);
    target.governor.on_let_in(target.now, i < 20 ? 170ms : 100ms, 1, 20);
    if (i == 19) {
      EXPECT_TRUE(target.governor.shut(target.now));
    }
  }
  EXPECT_FALSE(target.governor.shut(target.now));
}

// Pages of 100 ms, first responses after `fresh` of late.
Governor plain_target(Duration fresh) {
  Governor governor;
  governor.configure(true, DoorSign::first_response);
  const Instant now = Instant{} + 1h;
  governor.on_served(now, 100ms);
  for (int i = 0; i < 100; ++i) governor.on_let_in(now, fresh, 1, 1);
  return governor;
}

// For `time`, so many answers a second to requests over connections that are inside.
void answer(Governor& governor, Instant& now, Duration time, int rate, Duration took) {
  for (const Instant end = now + time; now < end; now += Duration(1s) / rate) {
    governor.on_served(now, took);
    governor.count_answer(now);
  }
}

// A plain target that has answered 40 a second, each in 500 ms: 20 at once.
struct Plain {
  Plain() {
    governor.configure(true, DoorSign::first_response);
    answer(governor, now, 3s, 40, 500ms);
  }
  Governor governor;
  Instant now = Instant{} + 1h;
};

TEST(Governor, counts_the_places_of_a_plain_target_by_how_late_first_responses_are) {
  struct Case {
    Duration fresh;
    size_t at_door;
    size_t inside;
    uint32_t places;
  };
  const Case cases[] = {
      {500ms, 8, 12, 20},                    // nobody waits at the door
      {450ms, 8, 12, 20},                    // quicker than the others is not quicker than at once
      {1s, 20, 12, 22},                      // half of the time is a wait
      {2s, 40, 12, 22},                      // three quarters are
      {500ms, 80, 12, 27}, {2s, 4, 12, 20},  // what it answers holds both
  };
  for (const Case& c : cases) {
    Plain target;
    for (int i = 0; i < 100; ++i) target.governor.on_let_in(target.now, c.fresh, 1, 1);
    target.governor.count_places(c.at_door, c.inside);
    EXPECT_EQ(target.governor.learned_limit(), c.places) << c.fresh / 1ms << " " << c.at_door;
  }
}

TEST(Governor, counts_what_a_plain_target_serves_by_what_it_answers) {
  Plain target;
  Governor& governor = target.governor;
  governor.on_let_in(target.now, 500ms, 1, 1);
  const auto least = [&governor] {
    governor.count_places(0, 0);
    return governor.learned_limit();
  };
  EXPECT_EQ(least(), 20u);
  // One poor second is chance, two are not.
  answer(governor, target.now, 1s, 20, 500ms);
  EXPECT_EQ(least(), 20u);
  answer(governor, target.now, 2s, 20, 500ms);
  EXPECT_EQ(least(), 10u);
  answer(governor, target.now, 2500ms, 60, 500ms);
  EXPECT_EQ(least(), 30u);
  // A few answers say little before five seconds have passed.
  answer(governor, target.now, 20s, 1, 1s);
  EXPECT_EQ(least(), 1u);
}

TEST(Governor, asks_a_full_plain_target_for_its_places_and_one_more) {
  Plain target;
  Governor& governor = target.governor;
  governor.on_let_in(target.now, 500ms, 1, 1);
  governor.count_places(8, 12);  // 20
  EXPECT_TRUE(governor.may_open_full(target.now, 8, 12, true));
  EXPECT_FALSE(governor.may_open_full(target.now, 9, 12, true));
  governor.lend();
  EXPECT_TRUE(governor.may_open_full(target.now, 7, 12, true));
  EXPECT_FALSE(governor.may_open_full(target.now, 8, 12, true));
}

TEST(Governor, one_more_of_the_node_waits_at_a_plain_door_that_clients_do_not_wait_at) {
  Plain target;
  Governor& governor = target.governor;
  for (int i = 0; i < 100; ++i) governor.on_let_in(target.now, 1s, 1, 1);
  governor.count_places(20, 12);  // 22
  const auto may_open = [&target](bool has_turn) {
    return target.governor.may_open_full(target.now, 10, 12, has_turn);
  };
  EXPECT_TRUE(may_open(false));
  governor.on_client_left(target.now);
  EXPECT_FALSE(may_open(false));
  EXPECT_TRUE(may_open(true));
  EXPECT_TRUE(target.governor.may_open_full(target.now, 9, 12, false));
  target.now += 10s;
  EXPECT_TRUE(may_open(false));
}

TEST(Governor, places_that_others_have_taken_are_not_asked_for_again) {
  Served target;
  target.kept_waiting(300ms);
  ASSERT_EQ(target.governor.learned_limit(), 20u);
  EXPECT_TRUE(target.governor.may_open_full(target.now, 5, 12, true));
  target.governor.on_kept_out(12);
  EXPECT_TRUE(target.governor.may_open_full(target.now, 0, 12, true));
  EXPECT_FALSE(target.governor.may_open_full(target.now, 1, 12, true));
}

// It hung up on everybody: that it was full before says nothing.
TEST(Governor, a_target_that_goes_away_is_not_full) {
  Served target;
  target.kept_waiting(300ms);
  ASSERT_TRUE(target.governor.shut(target.now));
  target.governor.on_away();
  EXPECT_FALSE(target.governor.shut(target.now));
  EXPECT_TRUE(target.governor.may_open(target.now, 1, 0));
  EXPECT_FALSE(target.governor.may_open(target.now, 2, 0));
}

TEST(Governor, a_plain_target_that_was_shut_is_asked_for_two_more_at_once) {
  Served target(DoorSign::first_response);
  target.kept_waiting(300ms);
  target.now += 10s;
  ASSERT_FALSE(target.governor.shut(target.now));
  answer(target.governor, target.now, 3s, 200, 100ms);
  target.governor.on_let_in(target.now, 100ms, 1, 20);
  target.governor.count_places(0, 20);
  EXPECT_TRUE(target.governor.may_open(target.now, 1, 20));
  EXPECT_FALSE(target.governor.may_open(target.now, 2, 20));
}

TEST(Governor, a_plain_target_may_give_first_responses_alone) {
  Governor governor = plain_target(100ms);
  const Instant came = Instant{} + 2h;
  EXPECT_EQ(governor.on_waiting(came + 5s, came, came, 20), Verdict::quiet);
  governor.on_let_in(came + 1s, 100ms, 9, 20);
  EXPECT_EQ(governor.on_waiting(came + 5s, came, came, 20), Verdict::shut);
  // But without any other response nobody knows how long a page takes.
  Governor new_one;
  new_one.configure(true, DoorSign::first_response);
  new_one.on_let_in(came + 1s, 100ms, 9, 20);
  EXPECT_EQ(new_one.on_waiting(came + 5s, came, came, 20), Verdict::quiet);
}

TEST(Governor, asks_little_of_a_target_that_comes_back) {
  Served target;
  target.governor.restart();
  EXPECT_TRUE(target.governor.may_open(target.now, 1, 0));
  EXPECT_FALSE(target.governor.may_open(target.now, 2, 0));
}

}  // namespace
}  // namespace daruma::proxy
