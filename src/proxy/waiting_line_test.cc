// SPDX-License-Identifier: Apache-2.0
#include "proxy/waiting_line.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "proxy/retry_budget.h"

namespace daruma::proxy {
namespace {

struct Request final : Waiter {
  explicit Request(uint64_t client, int number = 0) : name(number) { set_client(client); }
  int name;
};

const Instant start = Instant{} + 1h;
const Instant calm = Instant{};       // nobody has waited since before that
const Instant overload = start + 1h;  // everybody has

using Overtaken = WaitingLine::Overtaken;
constexpr auto anybody = [](Waiter&) { return true; };

int next(WaitingLine& line, Instant since) {
  Waiter* taken = line.take_next(since, Overtaken::are_turned_away, anybody);
  return taken ? static_cast<Request*>(taken)->name : -1;
}

TEST(WaitingLine, is_served_in_order_of_arrival) {
  WaitingLine line;
  Request a(1, 1), b(2, 2), c(3, 3);
  for (Request* request : {&a, &b, &c}) line.join(*request, start);
  for (const int expected : {1, 2, 3, -1}) EXPECT_EQ(next(line, start), expected);
}

TEST(WaitingLine, under_overload_the_newest_goes_first) {
  WaitingLine line;
  Request a(1, 1), b(1, 2), c(1, 3);
  for (Request* request : {&a, &b, &c}) line.join(*request, start);
  EXPECT_EQ(line.size(), 3u);
  EXPECT_EQ(next(line, overload), 3);
  EXPECT_FALSE(c.waits());
  EXPECT_EQ(next(line, overload), 2);
  line.leave(a);
  EXPECT_EQ(next(line, overload), -1);
  EXPECT_TRUE(line.empty());
}

TEST(WaitingLine, who_is_overtaken_and_not_turned_away_has_every_eighth_turn) {
  WaitingLine line;
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 1; i <= 20; ++i) {
    requests.push_back(std::make_unique<Request>(1, i));
    line.join(*requests.back(), start);
  }
  std::vector<int> order;
  while (Waiter* taken = line.take_next(overload, Overtaken::wait_on, anybody))
    order.push_back(static_cast<Request*>(taken)->name);
  EXPECT_EQ(order, (std::vector<int>{20, 19, 18, 17, 16, 15, 14, 1, 13, 12,
                                     11, 10, 9,  8,  7,  2,  6,  5, 4,  3}));
}

TEST(WaitingLine, passes_over_whom_the_target_does_not_suit) {
  WaitingLine line;
  Request a(1, 1), b(1, 2);
  line.join(a, start);
  line.join(b, start);
  Waiter* taken =
      line.take_next(calm, Overtaken::wait_on, [&b](Waiter& waiter) { return &waiter != &b; });
  EXPECT_EQ(taken, &a);
  EXPECT_TRUE(b.waits());
  EXPECT_EQ(line.take_next(calm, Overtaken::wait_on, [](Waiter&) { return false; }), nullptr);
  line.leave(b);
}

// One client sends nine requests for each that nine others send; all wait.
TEST(WaitingLine, a_busy_client_does_not_starve_the_others) {
  WaitingLine line;
  std::vector<std::unique_ptr<Request>> requests;
  std::map<uint64_t, int> served;
  for (int round = 0; round < 200; ++round) {
    for (uint64_t client = 1; client <= 9; ++client) {
      requests.push_back(std::make_unique<Request>(client));
      line.join(*requests.back(), start);
      requests.push_back(std::make_unique<Request>(100));
      line.join(*requests.back(), start);
    }
    for (int turn = 0; turn < 5; ++turn) {
      Waiter* taken = line.take_next(overload, Overtaken::are_turned_away, anybody);
      ++served[static_cast<Request*>(taken)->client()];
    }
  }
  for (const auto& request : requests) {
    if (request->waits()) line.leave(*request);
  }
  for (uint64_t client = 1; client <= 9; ++client) {
    EXPECT_GE(served[client], 90) << client;
    EXPECT_LE(served[client], 110) << client;
  }
  EXPECT_LE(served[100], 110);
}

TEST(WaitingLine, knows_when_it_is_full) {
  WaitingLine line;
  std::vector<std::unique_ptr<Request>> requests;
  while (!line.full()) {
    requests.push_back(std::make_unique<Request>(1));
    line.join(*requests.back(), start);
  }
  EXPECT_EQ(line.size(), model::limits::waiting_requests_max);
  line.leave(*requests.front());
  EXPECT_FALSE(line.full());
}

TEST(RetryBudget, is_one_in_ten_and_a_few_saved_up) {
  RetryBudget budget;
  size_t retries = 0;
  while (budget.take()) ++retries;
  EXPECT_EQ(retries, RetryBudget::saved_retries_max);
  retries = 0;
  for (int request = 0; request < 1000; ++request) {
    budget.on_request();
    retries += budget.take();
  }
  EXPECT_EQ(retries, 100u);
}

}  // namespace
}  // namespace daruma::proxy
