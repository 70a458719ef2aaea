// SPDX-License-Identifier: Apache-2.0
#include "routing/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace daruma::routing {
namespace {

struct Row {
  const char* pattern;
  const char* subject;
  bool sensitive;
  bool insensitive;
};

void expect(std::span<const Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(Glob(row.pattern, Case::sensitive).matches(row.subject), row.sensitive)
        << row.pattern << " on " << row.subject;
    EXPECT_EQ(Glob(row.pattern, Case::insensitive).matches(row.subject), row.insensitive)
        << row.pattern << " on " << row.subject << ", letters folded";
  }
}

TEST(Glob, matches_by_table) {
  const Row rows[] = {
      {"", "", true, true},
      {"", "a", false, false},
      {"a", "a", true, true},
      {"a", "A", false, true},
      {"A", "a", false, true},
      {"a", "ab", false, false},
      {"ab", "a", false, false},
      {"?", "", false, false},
      {"?", "a", true, true},
      {"?", "ab", false, false},
      {"*", "", true, true},
      {"*", "anything/at all", true, true},
      {"/img/*", "/img/", true, true},
      {"/img/*", "/img", false, false},
      {"/img/*", "/img/a/b/c.png", true, true},  // '*' crosses '/'
      {"/img/*", "/IMG/a", false, true},
      {"/img/*/pics", "/img/a/b/pics", true, true},
      {"/img/*/pics", "/img/pics", false, false},
      {"*.example.com", "www.example.com", true, true},
      {"*.example.com", "WWW.Example.COM", false, true},
      {"*.example.com", "example.com", false, false},
      {"*.example.com", ".example.com", true, true},
      {"*.example.com", "www.example.com.evil.org", false, false},
      {"www.example.*", "www.example.org", true, true},
      {"www?.example.com", "www1.example.com", true, true},
      {"www?.example.com", "www.example.com", false, false},
      {"a*a", "a", false, false},  // head and tail do not overlap
      {"a*a", "aa", true, true},
      {"ab*ba", "aba", false, false},
      {"*?", "", false, false},
      {"*?", "x", true, true},
      {"?*?", "x", false, false},
      {"?*?", "xyz", true, true},
      {"*foo*", "foo", true, true},
      {"*foo*", "a foo b", true, true},
      {"*foo*", "fofo", false, false},
      {"*foo*", "fofoo", true, true},
      {"*foo*bar*", "barfoo", false, false},
      {"*foo*bar*", "foofoobar", true, true},
      {"*fo?*", "xfo", false, false},
      {"*fo?*", "xfoy", true, true},
      {"*a?c*", "abababc", true, true},
      {"*a*b*c*", "cba", false, false},
      {"*a*b*c*", "xaxbxcx", true, true},
      {"/a*b*c", "/axbxbxc", true, true},
      {"/a*b*c", "/acb", false, false},
      {"*ab*ab*", "ab", false, false},
      {"*ab*ab*", "abab", true, true},
      {"[a-z].*", "[a-z].x", true, true},  // nothing else is special
      {"\\*", "\\x", true, true},
      {"*\xc3\xa9*", "caf\xc3\xa9!", true, true},
  };
  expect(rows);
}

TEST(Glob, matches_long_texts_by_table) {
  const Row rows[] = {
      {"*12345678*", "123456780123456789", true, true},
      {"*12345678ABCDEFGHI*", "12345678ABCDEFGH", false, false},
      {"*12345678ABCDEFGHI*", "12345678ABCDEFGH12345678ABCDEFGHI", true, true},
      {"*12345678ABCDEFGHI*", "x12345678abcdefghi", false, true},
      {"/a*/item7/*.html", "/a/item7.html", false, false},  // head, middle and tail part the text
      {"/a*/item7/*.html", "/a/item7/.html", true, true},
      // Longer than what a glob keeps near (near_bytes_max).
      {"/0123456789/0123456789/0123456789/01234567", "/0123456789/0123456789/0123456789/01234567",
       true, true},
      {"/0123456789/0123456789/0123456789/0123456*", "/0123456789/0123456789/0123456789/0123457",
       false, false},
      {"*0123456789/0123456789?0123456789/0123456*", "/0123456789/0123456789/0123456789/0123456",
       true, true},
  };
  expect(rows);
}

TEST(Glob, patterns_of_one_meaning_have_one_text) {
  const auto same = [](std::string_view a, std::string_view b, Case letters) {
    return Glob(a, letters).text() == Glob(b, letters).text();
  };
  EXPECT_TRUE(same("a*?**b", "a?*b", Case::sensitive));
  EXPECT_FALSE(same("a*b", "a?*b", Case::sensitive));
  EXPECT_TRUE(same("**", "*", Case::sensitive));
  EXPECT_TRUE(same("*?*?", "??*", Case::sensitive));
  EXPECT_TRUE(same("WWW.A*", "www.a*", Case::insensitive));
  EXPECT_FALSE(same("/A*", "/a*", Case::sensitive));
  EXPECT_EQ(Glob("WWW.A", Case::insensitive).text(), "www.a");
  EXPECT_TRUE(Glob("**", Case::sensitive).matches_everything());
  EXPECT_FALSE(Glob("?", Case::sensitive).matches_everything());
}

TEST(Glob, what_is_escaped_stands_for_itself_where_escapes_count) {
  const Glob star("a\\*b*", Case::insensitive, Escapes::backslash);
  EXPECT_TRUE(star.matches("A*Bc"));
  EXPECT_FALSE(star.matches("axbc"));
  EXPECT_FALSE(star.matches("a\\*bc"));
  const Glob question("\\?", Case::sensitive, Escapes::backslash);
  EXPECT_TRUE(question.matches("?"));
  EXPECT_FALSE(question.matches("x"));
  EXPECT_FALSE(question.has_wildcards());
  // Before anything else a backslash is a character.
  EXPECT_TRUE(Glob("a\\b\\", Case::sensitive, Escapes::backslash).matches("a\\b\\"));
  EXPECT_TRUE(Glob("a\\*", Case::sensitive).matches("a\\bc"));
  // What is escaped, and what is a wildcard, differ in text().
  EXPECT_NE(star.text(), Glob("a*b*", Case::insensitive).text());
}

TEST(Glob, names_the_literals_that_every_match_contains) {
  const auto literals_of = [](const char* pattern) {
    const Glob glob(pattern, Case::sensitive);
    const Glob::Literals literals = glob.literals();
    std::string text = std::string(literals.prefix) + "|" + std::string(literals.suffix);
    for (const std::string_view inner : literals.inner) text += "|" + std::string(inner);
    return text;
  };
  EXPECT_EQ(literals_of("abc"), "abc|");
  EXPECT_EQ(literals_of(""), "|");
  EXPECT_EQ(literals_of("*"), "|");
  EXPECT_EQ(literals_of("a*"), "a|");
  EXPECT_EQ(literals_of("*a"), "|a");
  EXPECT_EQ(literals_of("a*bc?d*ef"), "a|ef|bc|d");
  EXPECT_EQ(literals_of("?a?"), "||a");
  EXPECT_EQ(literals_of("*a*?b*"), "||a|b");
}

// The textbook definition, cell by cell.
bool reference_matches(std::string_view pattern, std::string_view subject) {
  std::vector<char> row(subject.size() + 1, false);
  row[0] = true;
  for (const char token : pattern) {
    std::vector<char> next(subject.size() + 1, false);
    for (size_t i = 0; i <= subject.size(); ++i) {
      if (token == '*') {
        next[i] = row[i] || (i > 0 && next[i - 1]);
      } else {
        next[i] = i > 0 && row[i - 1] && (token == '?' || token == subject[i - 1]);
      }
    }
    row = std::move(next);
  }
  return row.back();
}

std::string drawn_text(Random& random, std::string_view alphabet, size_t length_max) {
  std::string text;
  for (size_t n = random.below(length_max + 1); n > 0; --n) {
    text += alphabet[random.below(alphabet.size())];
  }
  return text;
}

// Glob::text() as a pattern.
std::string readable(std::string_view text) {
  std::string pattern(text);
  std::ranges::replace(pattern, '\x01', '*');
  std::ranges::replace(pattern, '\x02', '?');
  return pattern;
}

TEST(Glob, agrees_with_the_definition_on_random_patterns) {
  Random random(20);
  int matched = 0;
  constexpr int cases = 20'000;
  for (int i = 0; i < cases; ++i) {
    const std::string pattern = drawn_text(random, "aAb*?*", 10);
    const std::string subject = drawn_text(random, "abA", 12);
    const bool expected = reference_matches(pattern, subject);
    const bool folded = reference_matches(ascii_lowered(pattern), ascii_lowered(subject));
    const Glob sensitive(pattern, Case::sensitive);
    ASSERT_EQ(sensitive.matches(subject), expected) << pattern << " on " << subject;
    ASSERT_EQ(Glob(pattern, Case::insensitive).matches(subject), folded)
        << pattern << " on " << subject << ", letters folded";
    ASSERT_EQ(reference_matches(readable(sensitive.text()), subject), expected) << pattern;
    matched += expected;
  }
  EXPECT_GT(matched, cases / 20);
  EXPECT_LT(matched, cases * 19 / 20);
}

TEST(Glob, agrees_with_the_definition_on_patterns_of_full_length) {
  Random random(21);
  int matched = 0;
  for (int i = 0; i < 300; ++i) {
    std::string subject = drawn_text(random, "ab", 300);
    // Cut pieces out of the subject, so that matches happen.
    std::string pattern = "*";
    for (size_t at = 0; at < subject.size() && pattern.size() < 100;) {
      const size_t length = std::min<size_t>(1 + random.below(60), 127 - pattern.size());
      pattern += subject.substr(at, length) + (random.chance(1, 2) ? "*" : "?*");
      at += length + random.below(40);
    }
    pattern.resize(std::min(pattern.size(), Glob::pattern_bytes_max));
    const bool expected = reference_matches(pattern, subject);
    ASSERT_EQ(Glob(pattern, Case::sensitive).matches(subject), expected)
        << pattern << " on " << subject;
    matched += expected;
  }
  EXPECT_GT(matched, 40);
}

}  // namespace
}  // namespace daruma::routing
