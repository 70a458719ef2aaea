// SPDX-License-Identifier: Apache-2.0
#include "routing/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::routing {
namespace {

struct Row {
  const char* pattern;
  const char* subject;
  bool sensitive;
  bool insensitive;
};

TEST(Regex, is_searched_for_by_table) {
  const Row rows[] = {
      {"", "", true, true},
      {"", "a", true, true},
      {"b", "abc", true, true},
      {"^b", "abc", false, false},
      {"b$", "abc", false, false},
      {"^abc$", "abc", true, true},
      {"^abc$", "ABC", false, true},
      {"(?i)^abc$", "ABC", true, true},
      {"^/api/v[0-9]+/", "/api/v12/users", true, true},
      {"^/api/v[0-9]+/", "/api/vx/users", false, false},
      {"^(.+)\\.example\\.com$", "www.example.com", true, true},
      {"^(.+)\\.example\\.com$", "example.com", false, false},
      {"a.c",
       "a\xe9"
       "c",
       true, true},
      {"[\\d]{3}", "ab123", true, true},
      {"a$", "a\n", false, false},
      {"\\ba\\b", "x a y", true, true},
  };
  for (const Row& row : rows) {
    const auto sensitive = Regex::compile(row.pattern, Case::sensitive);
    ASSERT_TRUE(sensitive) << sensitive.error().message;
    EXPECT_EQ(sensitive->found_in(row.subject), row.sensitive) << row.pattern << " " << row.subject;
    const auto insensitive = Regex::compile(row.pattern, Case::insensitive);
    EXPECT_EQ(insensitive->found_in(row.subject), row.insensitive)
        << row.pattern << " " << row.subject;
  }
}

TEST(Regex, what_alb_refuses_is_refused_by_name) {
  struct Refused {
    const char* pattern;
    const char* what;
  };
  const Refused rows[] = {
      {"a(?=b)", "lookaheads"},
      {"a(?!b)", "lookaheads"},
      {"(?<=a)b", "lookbehinds"},
      {"(?<!a)b", "lookbehinds"},
      {"(a)\\1", "backreferences"},
      {"(?P<n>a)(?P=n)", "backreferences"},
      {"(?P<n>a)\\k<n>", "backreferences"},
      {"(a)\\g{1}", "backreferences"},
      {"(?>a|ab)c", "atomic groups"},
      {"a++b", "possessive quantifiers"},
      {"a*+b", "possessive quantifiers"},
      {"a?+b", "possessive quantifiers"},
      {"(a(?R)?b)", "recursion"},
      {"(a(?1)?b)", "subroutines"},
      {"(a)(?-1)", "subroutines"},
      {"(a)(?+1)", "subroutines"},
      {"(?P<n>a)(?P>n)", "subroutines"},
      {"(?P<n>a)(?&n)", "subroutines"},
      {"\\p{L}+", "Unicode character classes"},
      {"\\PL", "Unicode character classes"},
      {"[\\p{Lu}0-9]", "Unicode character classes"},
  };
  for (const Refused& row : rows) {
    const auto regex = Regex::compile(row.pattern, Case::sensitive);
    ASSERT_FALSE(regex) << row.pattern;
    EXPECT_EQ(regex.error().message, std::string("regular expression '") + row.pattern +
                                         "': " + row.what + " are not supported");
  }
}

TEST(Regex, what_only_looks_like_it_is_not) {
  for (const char* pattern : {"[(?=a)]", "\\(?=a", "a\\++", "[a+]+", "a}+", "\\\\p", "[]+]+",
                              "[^]+]+", "(?:a)", "(?P<n>a)", "(?i)a", "(?s-i:a)", "[*+]", "\\*+"}) {
    const auto regex = Regex::compile(pattern, Case::sensitive);
    EXPECT_TRUE(regex) << pattern << ": " << regex.error().message;
  }
}

TEST(Regex, what_is_no_regular_expression_says_why) {
  struct Wrong {
    const char* pattern;
    const char* message;
  };
  const Wrong rows[] = {
      {"(a", "regular expression '(a': missing ): (a"},
      {"a)", "regular expression 'a)': unexpected ): a)"},
      {"[a", "regular expression '[a': missing ]: [a"},
      {"*", "regular expression '*': no argument for repetition operator: *"},
      {"a{2000}", "regular expression 'a{2000}': invalid repetition size: {2000}"},
      {"\\", "regular expression '\\': trailing \\"},
      {"((a{100}){100}){10}",
       "regular expression '((a{100}){100}){10}': invalid repetition size: {100}"},
      {"([a-z]{1,30}){1,30}", "regular expression '([a-z]{1,30}){1,30}' is too large"},
      {"\xc3\xa9", "a regular expression may hold only visible ASCII characters"},
      {"a\tb", "a regular expression may hold only visible ASCII characters"},
  };
  for (const Wrong& row : rows) {
    const auto regex = Regex::compile(row.pattern, Case::sensitive);
    ASSERT_FALSE(regex) << row.pattern;
    EXPECT_EQ(regex.error().message, row.message);
  }
}

// Expressions that take exponential time elsewhere.
TEST(Regex, evil_expressions_take_linear_time) {
  const std::string subject = std::string(50'000, 'a') + "!";
  for (const char* pattern :
       {"^(a+)+$", "^(a|aa)+$", "(a*)*b", "(a|b)*a(a|b){12}c", "([a-z]{1,20}){1,10}Z"}) {
    const auto regex = Regex::compile(pattern, Case::sensitive);
    ASSERT_TRUE(regex) << regex.error().message;
    EXPECT_FALSE(regex->found_in(subject)) << pattern;
  }
}

TEST(Regex, finds_groups) {
  const auto regex = Regex::compile("/(a)(b)?-(c*)", Case::sensitive);
  ASSERT_TRUE(regex);
  EXPECT_EQ(regex->groups(), 3);
  std::string_view groups[4];
  EXPECT_TRUE(regex->find("x/a-cc!", groups));
  EXPECT_EQ(groups[0], "/a-cc");
  EXPECT_EQ(groups[1], "a");
  EXPECT_EQ(groups[2], "");
  EXPECT_EQ(groups[3], "cc");
  EXPECT_FALSE(regex->find("x", groups));
}

}  // namespace
}  // namespace daruma::routing
