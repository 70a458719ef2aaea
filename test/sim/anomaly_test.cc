// SPDX-License-Identifier: Apache-2.0
//
// Anomaly detection and mitigation in a whole node: what the workers count, the prober merges and
// judges, and the workers go by.
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <optional>

#include "sim/small_node.h"

namespace daruma::sim {
namespace {

class Anomaly : public testing::TestWithParam<uint64_t> {
 protected:
  void begin(bool mitigate = true) {
    node_.group().balancing.algorithm = model::Algorithm::weighted_random;
    node_.group().balancing.anomaly_mitigation = mitigate;
    node_.on_letter_ = [this](const model::ControlLetter& letter) {
      if (const auto* told = std::get_if<model::AnomalyLetter>(&letter))
        told_[told->target] = *told;
    };
    node_.publish();
    node_.run_for(3s);
    // Four in five answers take 5 to 25 ms, one in five 80.
    for (auto& target : node_.targets) target->takes = usual;
    node_.ask(30, 100ms);
    node_.run_for(60s);
    node_.requests();
  }
  static Duration usual(Random& random) {
    if (random.chance(1, 5)) return 80ms;
    return 5ms + Duration(static_cast<int64_t>(random.below(20'000'000)));
  }
  bool anomalous(size_t i) { return told_[node_.member(i).key].anomalous; }
  bool mitigated(size_t i) { return told_[node_.member(i).key].mitigated; }
  double share(size_t i, Duration d) {
    node_.requests();
    node_.run_for(d);
    const std::vector<size_t> counts = node_.requests();
    const auto all = std::accumulate(counts.begin(), counts.end(), size_t{0});
    return static_cast<double>(counts[i]) / static_cast<double>(all);
  }
  // It has a twentieth of a share within a minute; others keep theirs.
  void expect_at_floor_and_back(const std::function<void()>& mend) {
    node_.run_for(60s);
    EXPECT_TRUE(anomalous(1) && mitigated(1));
    EXPECT_LT(share(1, 10s), 0.03);
    for (const size_t i : {0, 2, 3}) EXPECT_FALSE(anomalous(i) || mitigated(i)) << i;
    mend();
    node_.run_for(150s);
    EXPECT_FALSE(anomalous(1) || mitigated(1));
    EXPECT_NEAR(share(1, 20s), 0.25, 0.04);
  }

  SmallNode node_{{.seed = GetParam(), .workers = 2, .targets = 4}};
  std::map<model::TargetKey, model::AnomalyLetter> told_;
};
INSTANTIATE_TEST_SUITE_P(Seeds, Anomaly, testing::Range<uint64_t>(1, 9));

TEST_P(Anomaly, one_error_in_five_costs_a_target_its_share_until_it_is_well) {
  begin();
  node_.targets[1]->status = [](Random& random) { return random.chance(1, 5) ? 500 : 200; };
  expect_at_floor_and_back([this] { node_.targets[1]->status = [](Random&) { return 200; }; });
}

// It is no HTTP, or nothing (also where another target answers the request then), or never whole.
TEST_P(Anomaly, what_is_no_answer_is_an_error) {
  static const std::array<std::string, 4> kinds = {
      "220 smtp.example.com ESMTP\r\n", "",
      "HTTP/1.1 200 OK\r\nDate: ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello"};
  const std::string& kind = kinds[GetParam() % kinds.size()];
  begin();
  node_.targets[1]->nonsense = [&kind](Random& random) {
    return random.chance(1, 5) ? std::optional(kind) : std::nullopt;
  };
  expect_at_floor_and_back(
      [this] { node_.targets[1]->nonsense = [](Random&) { return std::nullopt; }; });
}

TEST_P(Anomaly, equals_keep_their_shares) {
  begin();
  for (int i = 0; i < 10; ++i) {
    node_.run_for(60s);
    for (const size_t target : {0, 1, 2, 3}) ASSERT_FALSE(anomalous(target)) << target;
  }
  EXPECT_NEAR(share(1, 60s), 0.25, 0.02);
}

TEST_P(Anomaly, is_told_where_nothing_is_done_about_it) {
  begin(false);
  node_.targets[1]->status = [](Random& random) { return random.chance(1, 5) ? 500 : 200; };
  node_.run_for(60s);
  EXPECT_TRUE(anomalous(1));
  EXPECT_FALSE(mitigated(1));
  EXPECT_NEAR(share(1, 60s), 0.25, 0.02);
}

// The others have just about as many places as are needed. What fails at once always has one: still
// it gets its twentieth of what the others can't take, not all of it.
TEST_P(Anomaly, one_that_fails_at_once_does_not_draw_what_others_are_too_full_for) {
  for (auto& target : node_.targets) target->places = 5;
  begin();
  node_.targets[1]->takes = [](Random&) { return 1ms; };
  node_.targets[1]->status = [](Random&) { return 500; };
  node_.run_for(60s);
  EXPECT_TRUE(anomalous(1) && mitigated(1));
  node_.ask(60, 100ms);
  node_.run_for(5s);
  node_.answers.clear();
  EXPECT_LT(share(1, 30s), 0.1);
  EXPECT_GT(node_.answers[200], 13'000u);  // 15 places, answers in 28 ms: 16,000 at most
  EXPECT_EQ(node_.answers[503], 0u);
}

// Nobody is turned away for its sake: what the others can't take in time goes there after all.
TEST_P(Anomaly, what_would_be_turned_away_goes_to_one_that_does_worse) {
  for (auto& target : node_.targets) target->places = 3;
  node_.targets[1]->places = 1000;
  begin();
  node_.targets[1]->status = [](Random& random) { return random.chance(1, 5) ? 500 : 200; };
  node_.run_for(60s);
  EXPECT_TRUE(anomalous(1) && mitigated(1));
  node_.ask(100);
  node_.run_for(5s);
  node_.answers.clear();
  node_.run_for(30s);
  EXPECT_TRUE(mitigated(1));
  EXPECT_EQ(node_.answers[503], 0u);
  EXPECT_GT(node_.answers[200], 9u * 30 * 1000 / 28);  // more than the others' places serve
}

// Given up in mid-course, every share is whole again.
TEST_P(Anomaly, mitigation_ends_with_its_attribute) {
  begin();
  node_.targets[1]->status = [](Random&) { return 500; };
  node_.run_for(60s);
  EXPECT_TRUE(mitigated(1));
  node_.group().balancing.anomaly_mitigation = false;
  node_.publish();
  node_.run_for(6s);
  EXPECT_TRUE(anomalous(1));
  EXPECT_FALSE(mitigated(1));
  EXPECT_NEAR(share(1, 60s), 0.25, 0.02);
}

}  // namespace
}  // namespace daruma::sim
