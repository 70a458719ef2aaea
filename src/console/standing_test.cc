// SPDX-License-Identifier: Apache-2.0
#include "console/standing.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::console {
namespace {

TEST(Standing, of_a_group_says_what_is_the_matter) {
  struct Row {
    GroupStanding group;
    Standing standing;
    const char* sentence;
  };
  const Row rows[] = {
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
  };
  for (const Row& row : rows) {
    const Verdict verdict = judge(row.group);
    EXPECT_EQ(verdict.standing, row.standing) << row.sentence;
    EXPECT_EQ(verdict.sentence, row.sentence);
  }
}

TEST(Standing, of_a_load_balancer_is_that_of_its_worst_group) {
  const Verdict well{Standing::ok, "all 2 targets healthy"};
  const Verdict busy{Standing::warning, "2 of 2 busy, none dead"};
  const Verdict dead{Standing::critical, "0 of 1 healthy"};
  std::array<double, model::reason_count> reasons{};
  const std::vector<BalancerGroup> one{{"a", &well}};
  EXPECT_EQ(judge(one, reasons).sentence, "a: all 2 targets healthy");
  const std::vector<BalancerGroup> two{{"a", &well}, {"b", &well}};
  EXPECT_EQ(judge(two, reasons).sentence, "all 2 target groups are well");
  const std::vector<BalancerGroup> three{{"a", &busy}, {"b", &well}, {"c", &dead}};
  EXPECT_EQ(judge(three, reasons).standing, Standing::critical);
  EXPECT_EQ(judge(three, reasons).sentence, "c: 0 of 1 healthy; a: 2 of 2 busy, none dead");
  EXPECT_EQ(judge({}, reasons).standing, Standing::unused);
}

TEST(Standing, names_the_reason_of_most_errors) {
  const Verdict well{Standing::ok, "all 2 targets healthy"};
  const std::vector<BalancerGroup> one{{"a", &well}};
  std::array<double, model::reason_count> reasons{};
  reasons[static_cast<size_t>(model::Reason::none)] = 1000;
  reasons[static_cast<size_t>(model::Reason::client_closed)] = 0.01;
  EXPECT_EQ(judge(one, reasons).standing, Standing::ok);
  reasons[static_cast<size_t>(model::Reason::target_group_saturated)] = 12.4;
  const Verdict verdict = judge(one, reasons);
  EXPECT_EQ(verdict.standing, Standing::warning);
  EXPECT_EQ(verdict.sentence, "a: all 2 targets healthy; 12/s target_group_saturated");
}

}  // namespace
}  // namespace daruma::console
