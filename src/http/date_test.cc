// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

WallTime at(int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

TEST(Date, is_an_imf_fixdate) {
  EXPECT_EQ(Date(at(0)).view(), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Date(at(784111777)).view(), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
  EXPECT_EQ(Date(at(951782399)).view(), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(Date(at(951782400)).view(), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Date, leaves_fractions_of_a_second_out) {
  EXPECT_EQ(Date(at(59) + std::chrono::microseconds(999'999)).view(),
            "Thu, 01 Jan 1970 00:00:59 GMT");
}

TEST(CachedDate, is_the_date_of_each_second) {
  CachedDate date;
  for (const int64_t seconds : {0, 1, 1, 784111777, 5}) {
    EXPECT_EQ(date.at(at(seconds)), Date(at(seconds)).view());
    EXPECT_EQ(date.at(at(seconds) + std::chrono::microseconds(999'999)), Date(at(seconds)).view());
  }
}

}  // namespace
}  // namespace daruma::http
