// SPDX-License-Identifier: Apache-2.0
#include "base/time_text.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

constexpr WallTime some_time{std::chrono::sys_days{std::chrono::year{2026} / 10 / 3} + 12h + 2min +
                             5s + 123456us};
constexpr WallTime to_the_second{std::chrono::floor<std::chrono::seconds>(some_time)};

TEST(TimeText, is_read_as_it_was_written) {
  EXPECT_EQ(date_and_time(some_time), "2026-10-03T12:02:05.123456Z");
  EXPECT_EQ(parse_date_and_time(date_and_time(some_time)), to_the_second);
  EXPECT_EQ(parse_date_and_time("2026-10-03T12:02:05Z"), to_the_second);
  EXPECT_EQ(compact_date_and_time(some_time), "20261003T120205Z");
  EXPECT_EQ(parse_compact_date_and_time("20261003T120205Z"), to_the_second);
}

TEST(TimeText, that_is_none_is_not_read) {
  for (const char* text :
       {"", "2026-10-03", "2026-10-03T12:02:05", "2026-13-03T12:02:05Z", "2026-02-30T12:02:05Z",
        "2026-10-03T24:02:05Z", "2026-10-03 12:02:05Z", "2026/10/03T12:02:05Z",
        "2026-10-03T12:02:05.Z", "2026-10-03T12:02:05.1x", "2026-10-03T12:02:05.x1Z",
        "2026-10-03T12:02:05+00:00", "-026-10-03T12:02:05Z"}) {
    EXPECT_EQ(parse_date_and_time(text), std::nullopt) << text;
  }
  for (const char* text : {"", "20261003T120205", "20261003T126005Z", "2026100aT120205Z"}) {
    EXPECT_EQ(parse_compact_date_and_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace daruma
