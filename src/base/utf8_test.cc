// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

TEST(Utf8, sequences_have_a_length) {
  constexpr std::pair<std::string_view, size_t> rows[] = {
      {"a", 1},
      {"\x7f", 1},
      {"\xc3\xa4z", 2},
      {"\xe3\x81\xa0", 3},
      {"\xef\xbf\xbf", 3},
      {"\xf0\x9f\x98\x80", 4},
      {"\xf4\x8f\xbf\xbf", 4},
      // Alone, cut short, longer than need be, a surrogate, beyond the last.
      {"\x80", 0},
      {"\xff", 0},
      {"\xc3", 0},
      {"\xe3\x81", 0},
      {"\xe3\x81z", 0},
      {"\xc0\xaf", 0},
      {"\xe0\x80\x80", 0},
      {"\xf0\x80\x80\x80", 0},
      {"\xed\xa0\x80", 0},
      {"\xf4\x90\x80\x80", 0}};
  for (const auto& [bytes, length] : rows) EXPECT_EQ(utf8_length(bytes), length) << bytes;
}

TEST(Utf8, characters_are_counted) {
  EXPECT_EQ(utf8_count(""), 0U);
  EXPECT_EQ(utf8_count("a\xc3\xa4\xe3\x81\xa0\xf0\x9f\x98\x80z"), 5U);
  EXPECT_EQ(utf8_count("\xff\xc3"), 2U);
}

}  // namespace
}  // namespace daruma
