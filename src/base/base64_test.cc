// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace daruma {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text;
  append_base64url(bytes, text);
  return text;
}

TEST(Base64, writes_the_examples_of_the_rfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
}

TEST(Base64, reads_lines_and_padding_and_nothing_else) {
  EXPECT_EQ(base64_decoded("Zm9v\r\nYg==\n").value_or(""), "foob");
  EXPECT_EQ(base64_decoded("Zm9vYmE=").value_or(""), "fooba");
  EXPECT_EQ(base64_decoded("+/8=").value_or(""), "\xfb\xff");
  for (const char* wrong : {"", "Zm9", "Zm9?", "====", "-_8=", "Zg==Zg==", "Zh==", "Z==="}) {
    EXPECT_FALSE(base64_decoded(wrong)) << wrong;
  }
}

TEST(Base64Url, writes_the_examples_of_the_rfc_without_padding) {
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg");
  EXPECT_EQ(encoded("fo"), "Zm8");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xfb\xff"), "-_8");
}

TEST(Base64Url, reads_back_what_it_wrote_and_appends_it) {
  Random random(1);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    std::string back = "kept";
    ASSERT_TRUE(append_from_base64url(encoded(bytes), back)) << size;
    EXPECT_EQ(back, "kept" + bytes);
  }
}

TEST(Base64Url, refuses_every_other_spelling) {
  for (const char* text : {"Z", "Zg==", "Zm9vY", "Zm+v", "Zm/v", "Zm9v\n", " Zm9", "Zm%2D", "Zh",
                           "Zm9", "\xff\xff\xff\xff"}) {
    std::string bytes = "kept";
    EXPECT_FALSE(append_from_base64url(text, bytes)) << text;
    EXPECT_EQ(bytes, "kept");
  }
}

}  // namespace
}  // namespace daruma
