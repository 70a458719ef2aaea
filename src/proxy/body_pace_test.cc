// SPDX-License-Identifier: Apache-2.0
#include "proxy/body_pace.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

using namespace model::limits;
constexpr Instant start{1000s};

TEST(BodyPace, begins_when_the_client_is_waited_for) {
  BodyPace pace;
  pace.came(start, 1'000'000, 500);
  pace.excuse(start);
  EXPECT_EQ(pace.deadline(), never);
  pace.wait(start);
  pace.wait(start + 5s);
  EXPECT_EQ(pace.deadline(), start + request_body_grace);
}

TEST(BodyPace, gives_a_second_for_so_many_bytes) {
  BodyPace pace;
  pace.wait(start);
  pace.came(start + 1s, 250, 500);
  EXPECT_EQ(pace.deadline(), start + request_body_grace + 500ms);
  pace.came(start + 1s, 5'000, 500);
  EXPECT_EQ(pace.deadline(), start + request_body_grace + 10'500ms);
}

TEST(BodyPace, keeps_credit_within_a_limit) {
  BodyPace pace;
  pace.wait(start);
  for (int i = 0; i < 1'000'000; ++i) pace.came(start + 1s, 64 * 1024, 1);
  EXPECT_EQ(pace.deadline(), start + 1s + request_body_credit_max);
}

TEST(BodyPace, does_not_count_what_the_target_held_up) {
  BodyPace pace;
  pace.wait(start);
  pace.excuse(start + 300s);
  EXPECT_EQ(pace.deadline(), start + 300s + request_body_grace);
  pace.came(start + 300s, 500'000, 500);
  pace.excuse(start + 301s);
  EXPECT_EQ(pace.deadline(), start + 300s + request_body_grace + 1000s);
}

}  // namespace
}  // namespace daruma::proxy
