// SPDX-License-Identifier: Apache-2.0
#include "http/percent_encoding.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

TEST(PercentEncoding, leaves_the_unreserved_and_encodes_the_rest) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("web-1.example/ü"), "web-1.example%2F%C3%BC");
  EXPECT_EQ(percent_encoded("a b+c%:"), "a%20b%2Bc%25%3A");
}

TEST(PercentEncoding, decodes_what_is_encoded_and_leaves_what_only_looks_so) {
  EXPECT_EQ(percent_decoded("%2f%C3%bC+"), "/ü+");
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%25"), "%zz%");
}

}  // namespace
}  // namespace daruma::http
