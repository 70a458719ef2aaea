// SPDX-License-Identifier: Apache-2.0
#include "control/yaml_tree.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

struct Parsed {
  std::vector<YamlProblem> problems;
  YamlTree tree;
};
Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.tree = YamlTree::parse(text, parsed.problems);
  return parsed;
}

TEST(YamlTree, knows_where_everything_stands) {
  const Parsed parsed = parse("a: 1\nb:\n  - x\n  - {c: \"d\"}\n");
  ASSERT_TRUE(parsed.problems.empty());
  const YamlNode& root = *parsed.tree.root();
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.find("a")->value->position, (Position{1, 4}));
  EXPECT_EQ(root.find("b")->position, (Position{2, 1}));
  const YamlNode& list = *root.find("b")->value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0]->position, (Position{3, 5}));
  EXPECT_EQ(list.items[1]->find("c")->value->text, "d");
  EXPECT_EQ(list.items[1]->find("c")->value->position, (Position{4, 9}));
}

TEST(YamlTree, places_an_empty_value_at_its_key) {
  const Parsed parsed = parse("a:\n\n\nb: 1\n");
  EXPECT_EQ(parsed.tree.root()->find("a")->value->kind, YamlNode::Kind::null);
  EXPECT_EQ(parsed.tree.root()->find("a")->value->position, (Position{1, 1}));
}

TEST(YamlTree, shares_what_an_alias_names) {
  const Parsed parsed = parse("a: &x [1, 2]\nb: *x\n");
  ASSERT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.tree.root()->find("a")->value, parsed.tree.root()->find("b")->value);
}

TEST(YamlTree, merges_keys_without_overriding) {
  const Parsed parsed = parse(
      "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\n"
      "both: {<<: [*one, *two], a: 3}\n");
  ASSERT_TRUE(parsed.problems.empty());
  const YamlNode& both = *parsed.tree.root()->find("both")->value;
  ASSERT_EQ(both.entries.size(), 3u);
  EXPECT_EQ(both.find("a")->value->text, "3");
  EXPECT_EQ(both.find("b")->value->text, "1");
  EXPECT_EQ(both.find("c")->value->text, "2");
}

TEST(YamlTree, reports_every_repeated_key_and_keeps_the_first) {
  const Parsed parsed = parse("a: 1\nb: 2\na: 3\nb: 4\n");
  ASSERT_EQ(parsed.problems.size(), 2u);
  EXPECT_EQ(parsed.problems[0].position, (Position{3, 1}));
  EXPECT_EQ(parsed.problems[1].position, (Position{4, 1}));
  EXPECT_EQ(parsed.tree.root()->find("a")->value->text, "1");
}

TEST(YamlTree, finds_repeated_keys_in_a_large_mapping) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const Parsed parsed = parse(text + "key3: 2\nkey299: 2\n");
  EXPECT_EQ(parsed.problems.size(), 2u);
}

TEST(YamlTree, accepts_a_byte_order_mark_and_crlf) {
  const Parsed parsed = parse(
      "\xef\xbb\xbf"
      "a: 1\r\nb: \"2\"\r\n");
  ASSERT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.tree.root()->find("b")->value->text, "2");
}

struct BadText {
  const char* what;
  std::string text;
  Position position;
};

class YamlTreeRefuses : public testing::TestWithParam<BadText> {};
TEST_P(YamlTreeRefuses, at_its_place) {
  const Parsed parsed = parse(GetParam().text);
  EXPECT_EQ(parsed.tree.root(), nullptr);
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].position, GetParam().position) << parsed.problems[0].message;
}
INSTANTIATE_TEST_SUITE_P(Table, YamlTreeRefuses,
                         testing::Values(BadText{"overlong_utf8", "a: \xc0\xaf\n", {1, 4}},
                                         BadText{"surrogate", "a: \xed\xa0\x80\n", {1, 4}},
                                         BadText{"cut_sequence", "a: \xe2\x82", {1, 4}},
                                         BadText{"beyond_unicode", "a: \xf4\x90\x80\x80\n", {1, 4}},
                                         BadText{"list_as_key", "? [a]\n: b\n", {1, 3}},
                                         BadText{"missing_key", ": b\n", {1, 1}},
                                         BadText{"merge_of_a_text", "<<: x\n", {1, 5}},
                                         BadText{"self_in_list", "&a [*a]\n", {1, 5}},
                                         BadText{"open_single_quote", "a: 'it''s\n", {1, 4}},
                                         BadText{"open_after_escape", "a: \"b\\\"\n", {1, 4}},
                                         BadText{"closed_then_more", "a: 'x' y\n", {1, 8}}),
                         [](const auto& test) { return std::string(test.param.what); });

TEST(YamlTree, refuses_more_than_its_bytes_unread) {
  const Parsed parsed = parse(std::string(YamlTree::bytes_max + 1, '['));
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].message, "the file is larger than 16 MB");
}

}  // namespace
}  // namespace daruma::control
