// SPDX-License-Identifier: Apache-2.0
//
// The searches look at 16 bytes at a step: each is compared with a loop over bytes, for every byte
// at every place of a text that ends at every distance from a step's end.
#include "http/characters.h"

#include <gtest/gtest.h>

#include <string>

#include "http/caseless.h"

namespace daruma::http {
namespace {

constexpr size_t longest = 36;  // two steps and some

template <class Search, class Stops>
void expect_like_a_loop(Search search, Stops stops) {
  for (size_t size = 0; size <= longest; ++size) {
    std::string text(size, 'x');
    const auto found = [&text, search] {
      return search(text.data(), text.data() + text.size()) - text.data();
    };
    ASSERT_EQ(found(), static_cast<ptrdiff_t>(size));
    for (size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        text[at] = static_cast<char>(c);
        const size_t expected = stops(static_cast<char>(c)) ? at : size;
        ASSERT_EQ(found(), static_cast<ptrdiff_t>(expected)) << "byte " << c << " at " << at;
      }
      text[at] = 'x';
    }
  }
}

TEST(Characters, find_control) {
  expect_like_a_loop(find_control, is_control);
}

TEST(Characters, find_control_or_space) {
  expect_like_a_loop(find_control_or_space, [](char c) { return c == ' ' || is_control(c); });
}

TEST(Characters, find_line_feed) {
  expect_like_a_loop(find_line_feed, [](char c) { return c == '\n'; });
}

TEST(Characters, find_token_end) {
  expect_like_a_loop(find_token_end, [](char c) { return !is_tchar(c); });
}

TEST(Characters, the_first_of_several_is_found) {
  const std::string text = "abcdefghijklmnopqr\x01\x02\n\x7f";
  EXPECT_EQ(find_control(text.data(), text.data() + text.size()) - text.data(), 18);
}

TEST(Characters, tchar_is_as_the_rfc_lists_it) {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool listed = (i < 128 && isalnum(i)) || marks.find(c) != marks.npos;
    EXPECT_EQ(is_tchar(c), listed && c != '\0') << i;
  }
  EXPECT_TRUE(is_token("X-1"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
}

TEST(Caseless, letters_alone_may_differ_in_case) {
  for (int c = 0; c < 256; ++c) {
    const char text[] = {static_cast<char>(c), '\0'};
    EXPECT_EQ(equals<"t">(text), c == 't' || c == 'T') << c;
    EXPECT_EQ(equals<"-">({text, 1}), c == '-') << c;
    EXPECT_EQ(equals<"1">({text, 1}), c == '1') << c;
  }
}

TEST(Caseless, words_of_every_step_width) {
  EXPECT_TRUE(equals<"te">("Te"));
  EXPECT_TRUE(equals<"gzip">("GZIP"));
  EXPECT_TRUE(equals<"close">("cLosE"));
  EXPECT_TRUE(equals<"chunked">("CHUNKED"));
  EXPECT_TRUE(equals<"identity">("Identity"));
  EXPECT_TRUE(equals<"keep-alive">("KEEP-Alive"));
  EXPECT_TRUE(equals<"transfer-encoding">("Transfer-Encoding"));
  EXPECT_FALSE(equals<"close">("closf"));
  EXPECT_FALSE(equals<"close">("close "));
  EXPECT_FALSE(equals<"close">("clos"));
  EXPECT_FALSE(equals<"keep-alive">("keep_alive"));
  EXPECT_FALSE(equals<"keep-alive">("keep\ralive"));
}

}  // namespace
}  // namespace daruma::http
