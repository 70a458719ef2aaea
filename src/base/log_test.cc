// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

#include <regex>

namespace daruma {
namespace {

using namespace std::string_literals;

TEST(Log, line_holds_area_message_and_fields) {
  EXPECT_EQ(log_text("worker", "listening", {}), "worker listening");
  EXPECT_EQ(log_text("worker", "listening", {{"address", "[::]:443"}, {"index", "0"}}),
            "worker listening address=[::]:443 index=0");
}

TEST(Log, values_are_quoted_where_they_could_be_misread) {
  struct Row {
    std::string value;
    std::string_view written;
  };
  const Row rows[] = {
      {"plain-1.2/3:4", "k=plain-1.2/3:4"},
      {"", "k=\"\""},
      {"two words", "k=\"two words\""},
      {"say \"hi\"", "k=\"say \\\"hi\\\"\""},
      {"a=b", "k=\"a=b\""},
      {"back\\slash", "k=\"back\\\\slash\""},
      {"line\nbreak", "k=\"line\\nbreak\""},
      {"\r\t", "k=\"\\r\\t\""},
      {"\x1b[31m", "k=\"\\x1b[31m\""},
      {"nul\0in it"s, "k=\"nul\\x00in it\""},
      {"\x7f", "k=\"\\x7f\""},
      {"だるま", "k=だるま"},
      {"\xc2\x9b"
       "31m",
       "k=\"\\xc2\\x9b31m\""},
      {"\xc2\xa0", "k=\xc2\xa0"},
      {"\x9b"
       "31m",
       "k=\"\\x9b31m\""},
      {"z\xfcrich", "k=\"z\\xfcrich\""},
      {"\xe3\x81", "k=\"\\xe3\\x81\""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(log_text("a", "m", {{"k", row.value}}), "a m " + std::string(row.written));
  }
}

TEST(Log, nothing_in_a_message_can_begin_a_line) {
  EXPECT_EQ(log_text("api", "refused\n2026 error forged", {{"k\n", "v"}}),
            "api refused\\n2026 error forged k\\n=v");
}

TEST(Log, writes_time_and_level_to_standard_error) {
  testing::internal::CaptureStderr();
  Log().write(LogLevel::warning, "health", "target changed {}", {{"state", "unhealthy"}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(line, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning )"
                                                R"(health target changed \{\} state=unhealthy\n)")))
      << line;
}

TEST(Log, leaves_out_what_is_below_its_level) {
  testing::internal::CaptureStderr();
  const Log log(LogLevel::warning);
  log.write(LogLevel::debug, "a", "one");
  log.write(LogLevel::info, "a", "two");
  log.write(LogLevel::warning, "a", "three");
  log.write(LogLevel::error, "a", "four");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines.find("one"), std::string::npos);
  EXPECT_EQ(lines.find("two"), std::string::npos);
  EXPECT_NE(lines.find("warning a three\n"), std::string::npos);
  EXPECT_NE(lines.find("error a four\n"), std::string::npos);
}

TEST(Log, silent_one_writes_nothing) {
  testing::internal::CaptureStderr();
  Log::silent().write(LogLevel::error, "a", "m");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace daruma
