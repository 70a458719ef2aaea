// SPDX-License-Identifier: Apache-2.0
#include "console/standing.h"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace daruma::console {
namespace {

struct GroupRow {
  GroupStanding group;
  Standing standing;
  const char* sentence;
};
void expect_each(std::span<const GroupRow> rows) {
  for (const GroupRow& row : rows) {
    const Verdict verdict = judge(row.group);
    EXPECT_EQ(verdict.standing, row.standing) << row.sentence;
    EXPECT_EQ(verdict.sentence, row.sentence);
  }
}

TEST(Standing, of_a_group_says_what_is_the_matter) {
  const GroupRow rows[] = {
      {{.in_use = false, .targets = 2, .healthy = 0}, Standing::unused, "no rule forwards to it"},
      {{.in_use = true},
       Standing::critical,
       "no target is registered: every request is answered 503"},
      {{.in_use = true, .targets = 2, .healthy = 2, .requests = 9},
       Standing::ok,
       "all 2 targets healthy"},
      {{.in_use = true, .targets = 1, .healthy = 1},
       Standing::ok,
       "the only target is healthy; no requests"},
      {{.in_use = true, .targets = 2, .healthy = 2, .saturated = 2, .waiting = 3, .requests = 9},
       Standing::warning,
       "2 of 2 busy, none dead; 3 wait"},
      {{.in_use = true,
        .targets = 2,
        .healthy = 1,
        .unhealthy = 1,
        .saturated = 1,
        .turned_away = 2.04,
        .requests = 9,
        .advised = true},
       Standing::critical,
       "1 of 2 busy, 1 unhealthy; 2.0/s turned away; there is advice"},
      {{.in_use = true, .targets = 2, .healthy = 2, .requests = 9, .advised = true},
       Standing::ok,  // nothing is happening now
       "all 2 targets healthy; there is advice"},
      {{.in_use = true,
        .targets = 2,
        .unhealthy = 2,
        .fail_open = 20,
        .target_errors = 19.6,
        .requests = 20},
       Standing::critical,
       "0 of 2 healthy; too few are healthy, so all are asked; 20/s answered 5xx by targets"},
      {{.in_use = true, .targets = 3, .healthy = 2, .anomalous = 1, .requests = 9},
       Standing::warning,
       "2 of 3 healthy, 1 not checked yet, 1 anomalous"},
      {{.in_use = true, .targets = 2, .requests = 9},
       Standing::warning,  // nobody is known to serve
       "0 of 2 healthy, 2 not checked yet"},
  };
  expect_each(rows);
}

TEST(Standing, of_a_group_goes_by_the_share_that_targets_failed) {
  const GroupRow rows[] = {
      {{.in_use = true, .targets = 2, .healthy = 2, .target_errors = 4, .requests = 100},
       Standing::ok,
       "all 2 targets healthy; 4.0/s answered 5xx by targets"},
      {{.in_use = true, .targets = 2, .healthy = 2, .target_errors = 5, .requests = 100},
       Standing::warning,
       "all 2 targets healthy; 5.0/s answered 5xx by targets"},
      {{.in_use = true, .targets = 2, .healthy = 2, .target_errors = 1, .requests = 1},
       Standing::warning,  // one in an idle second
       "all 2 targets healthy; 1.0/s answered 5xx by targets"},
      {{.in_use = true,
        .targets = 2,
        .healthy = 2,
        .target_errors = 20,
        .failures = 30,
        .requests = 100},
       Standing::critical,
       "all 2 targets healthy; 20/s answered 5xx by targets; 30/s failed by targets"},
      {{.in_use = true, .targets = 2, .healthy = 2, .failures = 50, .retries = 50, .requests = 100},
       Standing::warning,  // another target answered each
       "all 2 targets healthy; 50/s failed by targets"},
  };
  expect_each(rows);
}

TEST(Standing, of_a_load_balancer_is_that_of_its_worst_group) {
  const Verdict well{Standing::ok, "all 2 targets healthy"};
  const Verdict busy{Standing::warning, "2 of 2 busy, none dead"};
  const Verdict dead{Standing::critical, "0 of 1 healthy"};
  std::array<double, model::reason_count> reasons{};
  const std::vector<BalancerGroup> one{{"a", &well}};
  EXPECT_EQ(judge(one, reasons, 1000).sentence, "a: all 2 targets healthy");
  const std::vector<BalancerGroup> two{{"a", &well}, {"b", &well}};
  EXPECT_EQ(judge(two, reasons, 1000).sentence, "all 2 target groups are well");
  const std::vector<BalancerGroup> three{{"a", &busy}, {"b", &well}, {"c", &dead}};
  EXPECT_EQ(judge(three, reasons, 1000).standing, Standing::critical);
  EXPECT_EQ(judge(three, reasons, 1000).sentence, "c: 0 of 1 healthy; a: 2 of 2 busy, none dead");
  EXPECT_EQ(judge({}, reasons, 0).standing, Standing::unused);
}

TEST(Standing, names_the_reason_of_most_errors) {
  const Verdict well{Standing::ok, "all 2 targets healthy"};
  const std::vector<BalancerGroup> one{{"a", &well}};
  std::array<double, model::reason_count> reasons{};
  reasons[static_cast<size_t>(model::Reason::none)] = 1000;
  reasons[static_cast<size_t>(model::Reason::target_group_saturated)] = 120.4;
  reasons[static_cast<size_t>(model::Reason::target_response_timeout)] = 3;
  const Verdict verdict = judge(one, reasons, 1000);
  EXPECT_EQ(verdict.standing, Standing::warning);
  EXPECT_EQ(verdict.sentence, "a: all 2 targets healthy; 120/s target_group_saturated");
}

TEST(Standing, of_a_load_balancer_goes_by_the_share_that_failed) {
  const Verdict well{Standing::ok, "all 2 targets healthy"};
  const std::vector<BalancerGroup> one{{"a", &well}};
  struct Row {
    model::Reason reason;
    double rate;
    double requests;
    Standing standing;
  };
  using model::Reason;
  const Row rows[] = {
      {Reason::target_connection_refused, 0.01, 0.01, Standing::ok},
      {Reason::target_connection_refused, 4.9, 100, Standing::ok},
      {Reason::target_connection_refused, 5, 100, Standing::warning},
      {Reason::target_connection_refused, 50, 100, Standing::critical},
      {Reason::target_connection_refused, 1, 1, Standing::warning},
      {Reason::target_response_timeout, 40, 0, Standing::critical},  // of earlier requests
      {Reason::request_transform_failed, 100, 100, Standing::critical},
      {Reason::client_closed, 100, 100, Standing::ok},
      {Reason::request_malformed, 100, 100, Standing::ok},
      {Reason::http2_resets, 100, 100, Standing::ok},
      {Reason::plain_http_on_https, 100, 100, Standing::ok},
  };
  for (const Row& row : rows) {
    std::array<double, model::reason_count> reasons{};
    reasons[static_cast<size_t>(row.reason)] = row.rate;
    EXPECT_EQ(judge(one, reasons, row.requests).standing, row.standing)
        << model::name_of(row.reason) << ' ' << row.rate;
  }
}

}  // namespace
}  // namespace daruma::console
