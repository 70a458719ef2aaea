// SPDX-License-Identifier: Apache-2.0
#include "telemetry/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace daruma::telemetry {
namespace {

const TargetLabels apache{"apache", "127.0.0.2:8443", "zone-a"};

uint64_t requests_of(const Registry& registry, const TargetLabels& wanted, int* blocks = nullptr) {
  uint64_t sum = 0;
  registry.for_each([&](const TargetLabels& labels, const TargetCounters& block) {
    if (labels != wanted) return;
    sum += block.requests_total.value();
    if (blocks) ++*blocks;
  });
  return sum;
}

TEST(StatusClass, counts_what_is_no_status_as_a_server_error) {
  EXPECT_EQ(status_class(100), 0u);
  EXPECT_EQ(status_class(204), 1u);
  EXPECT_EQ(status_class(463), 3u);
  for (const int status : {500, 599, 600, 999, 0, 99})
    EXPECT_EQ(status_class(status), 4u) << status;
}

TEST(Registry, gives_each_worker_a_zeroed_block_of_its_own) {
  Registry registry;
  const auto one = registry.add(apache);
  one->requests_total.add(5);
  const auto other = registry.add(apache);
  EXPECT_NE(one, other);
  EXPECT_EQ(other->requests_total.value(), 0u);
  int blocks = 0;
  EXPECT_EQ(requests_of(registry, apache, &blocks), 5u);
  EXPECT_EQ(blocks, 2);
}

std::shared_ptr<const model::RuleNames> names(std::vector<const char*> arns) {
  model::RuleNames names;
  for (const char* arn : arns) names.push_back({arn, static_cast<int>(names.size()) + 1});
  return std::make_shared<const model::RuleNames>(std::move(names));
}

using Counts = std::vector<uint64_t>;
const ListenerLabels https{"web", 443};

TEST(Registry, adds_up_what_each_worker_counts_by_rule) {
  Registry registry;
  const auto rules = names({"a", "b"});
  const auto one = registry.add(https, rules);
  const auto other = registry.add(https, rules);
  one->requests[0].add(1);
  one->requests[1].add(2);
  other->requests[1].add(4);
  const RuleTraffic traffic = registry.rule_traffic().at(https);
  EXPECT_EQ(traffic.names, rules);
  EXPECT_EQ(traffic.requests, (Counts{1, 6}));
}

TEST(Registry, a_rule_keeps_its_count_while_others_come_and_go) {
  Registry registry;
  auto one = registry.add(https, names({"a", "b"}));
  auto other = registry.add(https, one->names);
  one->requests[0].add(1);
  one->requests[1].add(2);
  other->requests[1].add(4);
  const auto rules = names({"c", "b"});
  one = registry.add(https, rules);
  one->requests[1].add(10);
  EXPECT_EQ(registry.rule_traffic().at(https).requests, (Counts{0, 16})) << "one worker is behind";
  other = registry.add(https, rules);
  other->requests[0].add(5);
  for (int look = 0; look < 2; ++look) {
    const RuleTraffic traffic = registry.rule_traffic().at(https);
    EXPECT_EQ(traffic.names, rules);
    EXPECT_EQ(traffic.requests, (Counts{5, 16}));
  }
}

TEST(Registry, rules_end_with_the_last_block_of_their_listener) {
  Registry registry;
  auto block = registry.add(https, names({"a"}));
  block->requests[0].add(3);
  const auto rules = block->names;
  block.reset();
  EXPECT_TRUE(registry.rule_traffic().empty());
  block = registry.add(https, rules);
  EXPECT_EQ(registry.rule_traffic().at(https).requests, Counts{0});
  block.reset();
  block = registry.add(https, rules);
  EXPECT_EQ(registry.rule_traffic().at(https).requests, Counts{0}) << "nobody looked in between";
}

TEST(Registry, a_series_ends_with_its_last_block) {
  Registry registry;
  auto block = registry.add(apache);
  block->requests_total.add(3);
  block.reset();
  int blocks = 0;
  requests_of(registry, apache, &blocks);
  EXPECT_EQ(blocks, 0);
  block = registry.add(apache);
  EXPECT_EQ(requests_of(registry, apache), 0u);
}

TEST(Registry, a_sum_does_not_fall_while_another_worker_holds_the_series) {
  Registry registry;
  const auto stays = registry.add(apache);
  stays->requests_total.add(1);
  for (int i = 0; i < 3; ++i) {
    auto goes = registry.add(apache);
    goes->requests_total.add(10);
    goes->requests_in_flight.set(7);
    goes->responses[1].add(10);
    goes->response_time.record(5us);
  }
  int blocks = 0;
  EXPECT_EQ(requests_of(registry, apache, &blocks), 31u);
  EXPECT_EQ(blocks, 2) << "one for the living, one for all that went";
  int64_t in_flight = 0;
  uint64_t responses = 0;
  uint64_t times = 0;
  registry.for_each([&](const TargetLabels&, const TargetCounters& block) {
    in_flight += block.requests_in_flight.value();
    responses += block.responses[1].value();
    times += block.response_time.count(5);
  });
  EXPECT_EQ(in_flight, 0) << "a gauge dies with its block";
  EXPECT_EQ(responses, 30u);
  EXPECT_EQ(times, 3u);
}

TEST(Registry, sums_a_targets_responses_over_all_that_counted) {
  Registry registry;
  using Sums = std::array<uint64_t, 5>;
  EXPECT_EQ(registry.responses_of(apache), (Sums{}));
  const auto one = registry.add(apache);
  auto other = registry.add(apache);
  const auto elsewhere = registry.add(TargetLabels{"apache", "127.0.0.3:8443", "zone-a"});
  one->responses[1].add(5);
  other->responses[1].add(2);
  other->responses[4].add(1);
  elsewhere->responses[1].add(100);
  EXPECT_EQ(registry.responses_of(apache), (Sums{0, 7, 0, 0, 1}));
  other.reset();
  EXPECT_EQ(registry.responses_of(apache), (Sums{0, 7, 0, 0, 1})) << "the retired one still counts";
}

TEST(Registry, blocks_may_outlive_it) {
  std::shared_ptr<ListenerCounters> block;
  {
    Registry registry;
    block = registry.add(ListenerLabels{"web", 443});
  }
  block->requests_total.add();
  EXPECT_EQ(block->requests_total.value(), 1u);
}

TEST(Registry, numbers_log_files_by_name) {
  Registry registry;
  const uint32_t web = registry.log_file({"access_log_app.web.1"});
  const uint32_t shop = registry.log_file({"access_log_app.shop.2"});
  EXPECT_NE(web, shop);
  EXPECT_EQ(registry.log_file({"access_log_app.web.1"}), web);
  EXPECT_EQ(registry.log_file_key(shop).name, "access_log_app.shop.2");
}

// Meant for ThreadSanitizer as well: sums never fall while one block stays.
TEST(Registry, is_read_while_workers_count_and_let_go) {
  Registry registry;
  const auto stays = registry.add(apache);
  std::atomic<int> running{2};
  std::vector<std::thread> workers;
  for (int w = 0; w < 2; ++w) {
    workers.emplace_back([&registry, &running] {
      for (int i = 0; i < 300; ++i) {
        const auto block = registry.add(apache);
        for (int n = 0; n < 10; ++n) block->requests_total.add();
      }
      --running;
    });
  }
  uint64_t before = 0;
  int falls = 0;
  while (running > 0) {
    const uint64_t now = requests_of(registry, apache);
    if (now < before) ++falls;
    before = now;
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(falls, 0);
  EXPECT_EQ(requests_of(registry, apache), 6000u);
}

}  // namespace
}  // namespace daruma::telemetry
