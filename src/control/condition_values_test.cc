// SPDX-License-Identifier: Apache-2.0
#include "control/condition_values.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

TEST(ConditionValues, the_character_that_is_not_allowed_is_named_whole) {
  EXPECT_EQ(check_path_pattern("/b\u00fccher"),
            "path-pattern value '/b\u00fccher' has '\u00fc' in it; allowed are letters, digits and "
            "_ - . $ / ~ \" ' @ : + & * ?");
  EXPECT_EQ(check_host_pattern("b\u00fccher.example.com"),
            "host-header value 'b\u00fccher.example.com' has '\u00fc' in it; allowed are letters, "
            "digits and - . * ?");
  EXPECT_EQ(check_path_pattern("/a b").substr(0, 39), "path-pattern value '/a b' has ' ' in it");
  EXPECT_EQ(check_path_pattern("/a-b/*?x"), "");
  EXPECT_EQ(check_host_pattern("*.example.com"), "");
}

}  // namespace
}  // namespace daruma::control
