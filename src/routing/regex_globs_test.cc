// SPDX-License-Identifier: Apache-2.0
#include "routing/regex_globs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "routing/glob.h"
#include "routing/regex.h"

namespace daruma::routing {
namespace {

using Texts = std::vector<std::string>;

TEST(RegexGlobs, are_what_the_expression_says_by_table) {
  struct Row {
    const char* regex;
    Texts globs;
  };
  for (const Row& row :
       {Row{"^/a$", {"/a"}},
        {"/a", {"*/a*"}},
        {"^/api/.*$", {"/api/*"}},
        {"^/api/", {"/api/*"}},
        {"\\.(png|jpg)$", {"*.png", "*.jpg"}},
        {"^(www|shop)\\.a\\.com$", {"www.a.com", "shop.a.com"}},
        {"^/(?:a|b(c|d))/.+\\.html$", {"/a/?*.html", "/bc/?*.html", "/bd/?*.html"}},
        {"^/a(/.*)?$", {"/a", "/a/*"}},
        {"^/ab?$", {"/a", "/ab"}},
        {"^a.c$", {"a?c"}},
        {"^a.*?b.+?$", {"a*b?*"}},
        {"^/a-b_c~d%20$", {"/a-b_c~d%20"}}}) {
    EXPECT_EQ(globs_of(row.regex), row.globs) << row.regex;
  }
}

TEST(RegexGlobs, there_are_none_for_what_no_pattern_says) {
  for (const char* regex : {"^/[a-z]$",
                            "^/a+$",
                            "^/a*$",
                            "^/a{2}$",
                            "\\d",
                            "^/a|/b$",
                            "(?i)a",
                            "^/(a|b",
                            "^$",
                            "a\\*b",
                            "a\\?",
                            "a$b",
                            "a^b",
                            "(^a|b)",
                            "(a$|b)",
                            "^(a|b)*$",
                            "^.??a$",
                            "\\bword\\b",
                            "^(a|b|c|d)(a|b|c|d)(a|b)$",
                            "^(.|..)+$"}) {
    EXPECT_FALSE(globs_of(regex)) << regex;
  }
  EXPECT_TRUE(globs_of(std::string(126, 'a')));
  EXPECT_FALSE(globs_of(std::string(127, 'a'))) << "longer than a pattern, with both wildcards";
}

TEST(RegexGlobs, take_the_place_of_a_conditions_expressions_where_all_are_patterns) {
  using model::Condition;
  EXPECT_EQ(in_patterns({model::PathPatternCondition{{}, {"^/a$", "b"}}, true}),
            Condition(model::PathPatternCondition{{"/a", "*b*"}}, true));
  EXPECT_EQ(in_patterns(model::HttpHeaderCondition{"X-A", {}, {"^(yes|1)$"}}),
            Condition(model::HttpHeaderCondition{"X-A", {"yes", "1"}}));
  EXPECT_FALSE(in_patterns(model::PathPatternCondition{{}, {"^/a$", "[a-z]"}}));
  EXPECT_FALSE(in_patterns(model::PathPatternCondition{{"/a"}}));
  EXPECT_FALSE(in_patterns(model::HttpRequestMethodCondition{{"GET"}}));
  // A pattern does not see the port that an expression on the host does.
  EXPECT_TRUE(in_patterns(model::HostHeaderCondition{{}, {"^(www|a)\\.b\\.com$", "^www\\."}}));
  for (const char* regex : {"com:8443$", "^a\\.com(:81)?$", "8", "^www\\..*x", "^1\\.2\\.3\\.4$"}) {
    EXPECT_FALSE(in_patterns(model::HostHeaderCondition{{}, {regex}})) << regex;
  }
}

// Whatever is taken for patterns is found where RE2 finds it, and nowhere else.
TEST(RegexGlobs, match_where_the_expression_is_found) {
  static const std::vector<std::string> pieces = {"a",  "b",       ".", ".*",    ".+",    "\\.",
                                                  "/",  "^",       "$", "(a|b)", "(ab|)", "?",
                                                  "b?", "(?:b|.)", "-", "ba",    "(.*a)?"};
  static const std::vector<std::string> words = {"a", "b", "ab", "/", ".", "-", "ba", "A"};
  Random random(1);
  int taken = 0;
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string regex;
    for (size_t n = 1 + random.below(5); n > 0; --n) regex += pieces[random.below(pieces.size())];
    const auto compiled = Regex::compile(regex, Case::sensitive);
    const auto globs = globs_of(regex);
    if (!compiled || !globs) continue;
    ++taken;
    for (int j = 0; j < 10; ++j) {
      std::string subject;
      for (size_t n = random.below(6); n > 0; --n) subject += words[random.below(words.size())];
      const bool matched = std::ranges::any_of(*globs, [&subject](const std::string& glob) {
        return Glob(glob, Case::sensitive).matches(subject);
      });
      ASSERT_EQ(matched, compiled->found_in(subject)) << regex << " in " << subject;
      found += matched;
    }
  }
  EXPECT_GT(taken, 5'000);
  EXPECT_GT(found, 5'000);
}

}  // namespace
}  // namespace daruma::routing
