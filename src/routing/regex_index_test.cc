// SPDX-License-Identifier: Apache-2.0
#include "routing/regex_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "routing/regex_literals.h"

namespace daruma::routing {
namespace {

using Found = std::set<uint32_t>;

std::vector<RegexIndex::Item> items_of(const std::vector<std::string>& patterns) {
  std::vector<RegexIndex::Item> items;
  for (const std::string& pattern : patterns) {
    items.push_back({pattern, static_cast<uint32_t>(items.size())});
  }
  return items;
}

Found found_by(const RegexIndex& index, std::string_view subject, uint32_t bound = UINT32_MAX) {
  Found found;
  index.for_each_match(subject, bound, [&found](uint32_t item) { found.insert(item); });
  return found;
}

Found expected(const std::vector<std::string>& patterns, Case letters, std::string_view subject,
               uint32_t bound = UINT32_MAX) {
  Found found;
  for (uint32_t i = 0; i < patterns.size() && i < bound; ++i) {
    if (Regex::compile(patterns[i], letters)->found_in(subject)) found.insert(i);
  }
  return found;
}

std::vector<std::string> needed_of(std::string_view pattern) {
  const RegexLiterals literals(pattern);
  std::vector<size_t> order;
  for (size_t i = 0; i < literals.all().size(); ++i) order.push_back(i);
  std::vector<std::string> texts;
  for (const size_t at : literals.needed(order)) texts.push_back(literals.all()[at]);
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(RegexLiterals, are_what_must_stand_in_every_subject) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(needed_of("^/Service/v[0-9]+/"), (Texts{"/service/v"}));
  EXPECT_EQ(needed_of("^/(foo|bar)/x$"), (Texts{"/bar/x", "/foo/x"}));
  EXPECT_EQ(needed_of("first.*second").size(), 1u) << "one of the two will do";
  EXPECT_EQ(needed_of("^/[a-z]+$"), Texts());
  EXPECT_EQ(needed_of("(first|[a-z]+)"), Texts());
  EXPECT_EQ(needed_of("\\xe9abcd"), Texts()) << "beyond ASCII";
}

const std::vector<std::string> patterns = {"^/service1/",
                                           "^/service2/.*\\.php$",
                                           "^/(service1|Service3)/",
                                           "x[0-9]+y",
                                           "^/[a-z]+$",
                                           "\\.(png|jpg)$",
                                           "a.*b.*c",
                                           "^/[0-9]+/",
                                           "(?i)HELLO",
                                           "^$",
                                           "wor\\?ld\\*",
                                           "[xyz]{2}[0-9]",
                                           "(abc|[d-f]+)9",
                                           "/$",
                                           "^/s"};

std::string drawn(Random& random) {
  static const std::vector<std::string> pieces = {
      "/service1/", "/SERVICE2/", "/Service3/", "x42y", ".php", ".png", "a", "b",   "c",
      "/17/",       "hello",      "wor?ld*",    "zz9",  "abc9", "ff9",  "/", "\xe9"};
  std::string text;
  for (size_t n = random.below(4); n > 0; --n) text += pieces[random.below(pieces.size())];
  return text;
}

TEST(RegexIndex, finds_what_one_by_one_finds) {
  Random random(1);
  for (const Case letters : {Case::sensitive, Case::insensitive}) {
    const RegexIndex index(items_of(patterns), letters);
    EXPECT_GT(index.unfiled(), 4u) << "enough to be run together";
    EXPECT_LT(index.unfiled(), 10u);
    size_t found = 0;
    for (int i = 0; i < 1'000; ++i) {
      const std::string subject = drawn(random);
      const auto bound = static_cast<uint32_t>(random.below(patterns.size() + 1));
      ASSERT_EQ(found_by(index, subject, bound), expected(patterns, letters, subject, bound))
          << subject << " below " << bound;
      found += found_by(index, subject).size();
    }
    EXPECT_GT(found, 1'000u);
  }
}

TEST(RegexIndex, empty_finds_nothing) {
  EXPECT_TRUE(found_by(RegexIndex({}, Case::sensitive), "a").empty());
}

TEST(RegexIndex, follows_the_bound_down) {
  const RegexIndex index(
      items_of({"abc", "bcd", "cde", "[a-z]{2}", "[a-z]{3}", "[a-z]{4}", "[a-z]{5}", "[a-z]{6}"}),
      Case::sensitive);
  uint32_t best = UINT32_MAX;
  index.for_each_match("xxabcdexx", best, [&best](uint32_t item) {
    EXPECT_LT(item, best);
    best = item;
  });
  EXPECT_EQ(best, 0u);
}

// A literal longer than a pattern of a glob may be.
TEST(RegexIndex, files_expressions_of_full_length) {
  const std::string longest(128, 'a');
  const RegexIndex index(items_of({longest, longest + "b?", "x"}), Case::sensitive);
  EXPECT_EQ(found_by(index, "x" + longest), (Found{0, 1, 2}));
  EXPECT_EQ(found_by(index, longest.substr(1)), Found());
}

}  // namespace
}  // namespace daruma::routing
