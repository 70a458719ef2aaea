// SPDX-License-Identifier: Apache-2.0
#include "routing/glob_index.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace daruma::routing {
namespace {

std::vector<GlobIndex::Item> items_of(const std::vector<std::string>& patterns, Case letters) {
  std::vector<GlobIndex::Item> items;
  for (const std::string& pattern : patterns) {
    items.push_back({Glob(pattern, letters), static_cast<uint32_t>(items.size())});
  }
  return items;
}

using Calls = std::map<uint32_t, int>;  // item → how often it was called for

Calls calls_for(const GlobIndex& index, std::string_view subject, uint32_t bound = UINT32_MAX) {
  Calls calls;
  index.for_each_match(subject, bound, [&calls](uint32_t item, uint32_t) { ++calls[item]; });
  return calls;
}

Calls expected_calls(const std::vector<std::string>& patterns, Case letters,
                     std::string_view subject, uint32_t bound = UINT32_MAX) {
  Calls calls;
  for (uint32_t i = 0; i < patterns.size() && i < bound; ++i) {
    if (Glob(patterns[i], letters).matches(subject)) calls[i] = 1;
  }
  return calls;
}

TEST(GlobIndex, empty_matches_nothing) {
  const GlobIndex index({}, Case::sensitive);
  EXPECT_TRUE(calls_for(index, "").empty());
  EXPECT_TRUE(calls_for(index, "a").empty());
}

// The subject names every glob twice, and more of them than the short list of visited ones holds.
TEST(GlobIndex, calls_once_for_each_glob_however_often_its_text_stands_there) {
  for (const size_t globs : {5, 15, 16, 17, 18, 40, 1000}) {
    std::vector<std::string> patterns;
    std::string subject;
    for (size_t i = 0; i < globs; ++i) {
      const std::string text = "<" + std::to_string(100'000 + i) + ">";
      patterns.push_back("*" + text + "*");
      subject += text;
    }
    subject += subject;
    const GlobIndex index(items_of(patterns, Case::sensitive), Case::sensitive);
    EXPECT_EQ(calls_for(index, subject), expected_calls(patterns, Case::sensitive, subject))
        << globs;
  }
}

TEST(GlobIndex, leaves_out_what_is_not_below_the_bound_and_follows_it_down) {
  const std::vector<std::string> patterns = {"/b", "/a*", "*a", "*/a*", "/a", "?a", "*", "/a/*"};
  const GlobIndex index(items_of(patterns, Case::sensitive), Case::sensitive);
  for (uint32_t bound = 0; bound <= patterns.size(); ++bound) {
    EXPECT_EQ(calls_for(index, "/a", bound),
              expected_calls(patterns, Case::sensitive, "/a", bound));
  }
  uint32_t best = UINT32_MAX;
  index.for_each_match("/a", best, [&best](uint32_t item, uint32_t rank) {
    EXPECT_EQ(rank, item);
    EXPECT_LT(item, best);
    best = item;
  });
  EXPECT_EQ(best, 1u);
}

TEST(GlobIndex, tells_the_rank_alone_where_that_is_all) {
  std::vector<GlobIndex::Item> items =
      items_of({"/a", "/b", "/c*", "*d", "*e*", "/f"}, Case::sensitive);
  items[2].rank_is_all = items[5].rank_is_all = true;
  const GlobIndex index(std::move(items), Case::sensitive);
  using Told = std::pair<uint32_t, uint32_t>;
  const auto told = [&index](std::string_view subject) {
    Told last{0, 0};
    index.for_each_match(subject, UINT32_MAX, [&last](uint32_t item, uint32_t rank) {
      last = {item, rank};
    });
    return last;
  };
  EXPECT_EQ(told("/b"), Told(1, 1));
  EXPECT_EQ(told("/cx"), Told(GlobIndex::no_item, 2));
  EXPECT_EQ(told("/f"), Told(GlobIndex::no_item, 5));
}

// Past this number globs are no longer filed under their grams.
TEST(GlobIndex, knows_more_globs_than_the_set_of_visited_ones_holds) {
  constexpr uint32_t globs = 33'000;
  std::vector<GlobIndex::Item> items;
  for (uint32_t i = 0; i < globs; ++i) {
    items.push_back({Glob("*<" + std::to_string(100'000 + i) + ">*", Case::sensitive), i});
  }
  const GlobIndex index(std::move(items), Case::sensitive);
  EXPECT_EQ(calls_for(index, "<100000><132999><133000>"), (Calls{{0, 1}, {32'999, 1}}));
}

TEST(GlobIndex, agrees_with_trying_every_glob) {
  Random random(30);
  const std::string_view characters = "abAB./";
  const auto drawn = [&random, characters](size_t length_max, uint32_t wildcard_percent) {
    std::string text;
    for (size_t n = random.below(length_max + 1); n > 0; --n) {
      text += random.chance(wildcard_percent, 100) ? "*?*"[random.below(3)]
                                                   : characters[random.below(characters.size())];
    }
    return text;
  };
  for (int i = 0; i < 150; ++i) {
    const Case letters = random.chance(1, 2) ? Case::sensitive : Case::insensitive;
    std::vector<std::string> patterns;
    for (size_t n = random.below(60); n > 0; --n) patterns.push_back(drawn(14, 25));
    const GlobIndex index(items_of(patterns, letters), letters);
    for (int j = 0; j < 30; ++j) {
      const std::string subject = drawn(20, 0);
      const auto bound = static_cast<uint32_t>(random.below(70));
      ASSERT_EQ(calls_for(index, subject, bound), expected_calls(patterns, letters, subject, bound))
          << subject;
    }
  }
}

}  // namespace
}  // namespace daruma::routing
