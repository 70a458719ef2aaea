// SPDX-License-Identifier: Apache-2.0
#include "health/node_load.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace daruma::health {
namespace {

constexpr uint32_t unlimited = LatencyLimit::unlimited;

// Three workers before a target whose answers take 20 ms when it is not busy.
class Node {
 public:
  // Each of these workers gets 20 answers, after `took` each, has so many in flight and so many
  // waiting; 100 ms pass.
  struct Seen {
    uint32_t worker;
    uint32_t in_flight;
    uint32_t waiting;
  };
  void report(const std::vector<Seen>& all, Duration took, bool slow) {
    for (const Seen& seen : all) {
      model::LoadReport& report = reports_[seen.worker];
      report.worker = seen.worker;
      report.slow = slow;
      report.usual = 20ms;
      report.answers += 20;
      report.fresh += 20;
      report.fresh_time += {.least = 20 * took, .most = 20 * took};
      report.in_flight = report.most_in_flight = seen.in_flight;
      report.waiting = seen.waiting;
      if (!load_) {
        load_.emplace(3, report, now_);
      } else {
        load_->take(report, now_);
      }
    }
    now_ += 100ms;
  }
  std::vector<uint32_t> parts() const {
    return {load_->letter(0).limit, load_->letter(1).limit, load_->letter(2).limit};
  }
  const NodeLoad& load() const { return *load_; }
  Instant now() const { return now_; }

 private:
  std::optional<NodeLoad> load_;
  std::vector<model::LoadReport> reports_{3};
  Instant now_ = Instant{} + 1h;
};

TEST(NodeLoad, watches_before_it_limits) {
  Node node;
  node.report({{0, 40, 0}}, 200ms, true);
  EXPECT_EQ(node.parts(), (std::vector<uint32_t>{unlimited, unlimited, unlimited}));
  EXPECT_TRUE(node.load().letter(2).watched);
  EXPECT_EQ(node.load().letter(2).usual, 20ms);
}

TEST(NodeLoad, divides_the_limit_by_what_each_has_and_wants) {
  Node node;
  for (int i = 0; i < 6; ++i) node.report({{0, 31, 0}, {1, 11, 20}, {2, 0, 0}}, 200ms, true);
  // 42 in flight, answers ten times as late as usual: 8 would do.
  EXPECT_EQ(node.parts(), (std::vector<uint32_t>{4, 4, 1}));
  EXPECT_TRUE(node.load().letter(0).lenient);
  EXPECT_EQ(node.load().letter(0).lowered, 1u);
  EXPECT_EQ(node.load().letter(0).patience, 400ms);
}

TEST(NodeLoad, a_part_that_is_not_used_goes_to_who_uses_it) {
  Node node;
  for (int i = 0; i < 6; ++i) node.report({{0, 21, 0}, {1, 21, 0}}, 200ms, true);
  ASSERT_EQ(node.parts(), (std::vector<uint32_t>{4, 4, 1}));
  node.report({{0, 4, 36}, {1, 1, 0}}, 20ms, false);
  node.report({{0, 4, 36}, {1, 1, 0}}, 20ms, false);
  EXPECT_EQ(node.parts(), (std::vector<uint32_t>{8, 1, 1}));
  // Worker 1 says nothing for a second.
  for (int i = 0; i < 11; ++i) node.report({{0, 4, 0}, {2, 4, 0}}, 20ms, false);
  EXPECT_EQ(node.parts(), (std::vector<uint32_t>{4, 1, 4}));
}

TEST(NodeLoad, is_calm_some_time_after_it_was_slow_last) {
  Node node;
  node.report({{0, 40, 0}}, 200ms, true);
  for (int i = 0; i < 48; ++i) node.report({{0, 4, 0}}, 20ms, false);
  EXPECT_FALSE(node.load().is_calm(node.now()));
  for (int i = 0; i < 2; ++i) node.report({{0, 4, 0}}, 20ms, false);
  EXPECT_TRUE(node.load().is_calm(node.now()));
  EXPECT_FALSE(node.load().farewell().watched);
  EXPECT_EQ(node.load().farewell().limit, unlimited);
}

TEST(NodeLoad, is_calm_when_nobody_reports_any_more) {
  Node node;
  for (int i = 0; i < 12; ++i) node.report({{0, 40, 0}}, 200ms, true);
  ASSERT_NE(node.parts()[0], unlimited);
  EXPECT_FALSE(node.load().is_calm(node.now() + 4s));
  EXPECT_TRUE(node.load().is_calm(node.now() + 5s));
}

// A worker that forgot the target and met it again counts from nothing.
TEST(NodeLoad, counts_that_begin_anew_are_no_answers) {
  NodeLoad load(1, {.worker = 0, .target = {}, .slow = true, .answers = 1000, .usual = 20ms},
                Instant{} + 1s);
  for (int i = 0; i < 40; ++i) {
    load.take({.worker = 0, .target = {}, .answers = 1, .usual = 20ms}, Instant{} + 2s + i * 100ms);
  }
  EXPECT_EQ(load.letter(0).limit, unlimited);
}

}  // namespace
}  // namespace daruma::health
