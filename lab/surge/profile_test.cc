// SPDX-License-Identifier: Apache-2.0
#include "profile.h"

#include <gtest/gtest.h>

namespace daruma::lab {
namespace {

TEST(RateProfile, spaces_requests_evenly_at_a_constant_rate) {
  const auto profile = RateProfile::parse("0:20,5:20");
  ASSERT_TRUE(profile);
  EXPECT_DOUBLE_EQ(*profile->time_of(0), 0);
  EXPECT_DOUBLE_EQ(*profile->time_of(1), 0.05);
  EXPECT_DOUBLE_EQ(*profile->time_of(99), 4.95);
  EXPECT_FALSE(profile->time_of(100));
  EXPECT_DOUBLE_EQ(profile->requests(), 100);
  EXPECT_DOUBLE_EQ(profile->seconds(), 5);
}

TEST(RateProfile, follows_a_ramp) {
  const auto profile = RateProfile::parse("0:0,10:100,20:0");
  ASSERT_TRUE(profile);
  EXPECT_DOUBLE_EQ(profile->requests(), 1000);
  EXPECT_DOUBLE_EQ(*profile->time_of(125), 5);  // 10·t²/2 after t seconds
  EXPECT_DOUBLE_EQ(*profile->time_of(500), 10);
  EXPECT_NEAR(*profile->time_of(875), 15, 1e-9);
  EXPECT_FALSE(profile->time_of(1000));
}

TEST(RateProfile, jumps_where_two_points_share_a_time) {
  const auto profile = RateProfile::parse("0:10,1:10,1:100,2:100");
  ASSERT_TRUE(profile);
  EXPECT_DOUBLE_EQ(profile->requests(), 110);
  EXPECT_DOUBLE_EQ(*profile->time_of(10), 1);
  EXPECT_DOUBLE_EQ(*profile->time_of(11), 1.01);
}

TEST(RateProfile, pauses_where_the_rate_is_nought) {
  const auto profile = RateProfile::parse("0:0,5:0,5:10,6:10");
  ASSERT_TRUE(profile);
  EXPECT_DOUBLE_EQ(*profile->time_of(0), 5);
}

TEST(RateProfile, refuses_what_makes_no_sense) {
  for (const char* text : {"", "0:20", "0:20,5", "0:20,x:20", "1:20,5:20", "0:20,5:20,4:20",
                           "0:-1,5:20", "0:20,5:200000", "0:20,5:nan", "0:20,,5:20"}) {
    EXPECT_FALSE(RateProfile::parse(text)) << text;
  }
}

}  // namespace
}  // namespace daruma::lab
