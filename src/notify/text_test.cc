// SPDX-License-Identifier: Apache-2.0
#include "notify/text.h"

#include <gtest/gtest.h>

namespace daruma::notify {
namespace {

TEST(Text, is_cut_between_characters) {
  EXPECT_EQ(shortened("達磨", 2), "達磨");
  EXPECT_EQ(shortened("達磨さん", 3), "達磨…");
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("abcde", 4), "abc…");
  EXPECT_EQ(shortened("", 1), "");
}

TEST(Text, is_encoded_as_a_part_of_a_path) {
  EXPECT_EQ(percent_encoded("web-1.example/ü"), "web-1.example%2F%C3%BC");
}

}  // namespace
}  // namespace daruma::notify
