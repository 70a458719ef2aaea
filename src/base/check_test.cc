// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

TEST(CheckDeathTest, failed_assertion_ends_the_process_and_says_where) {
  EXPECT_DEATH(DARUMA_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3 at .*check_test.cc:[0-9]+");
}

TEST(CheckDeathTest, bug_is_fatal_where_asked_for) {
  const auto report = [] {
    bugs_are_fatal();
    report_bug("pool missing");
  };
  EXPECT_DEATH(report(), "bug: pool missing");
}

TEST(Check, bugs_are_counted) {
  const uint64_t before = bugs_reported();
  report_bug("made by a test");
  EXPECT_EQ(bugs_reported(), before + 1);
}

TEST(Check, expression_is_evaluated_once) {
  int evaluated = 0;
  DARUMA_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace daruma
