// SPDX-License-Identifier: Apache-2.0
#include "notify/xml_tree.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::notify {
namespace {

TEST(XmlTree, elements_texts_and_their_places) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<A xmlns=\"http://ec2.example/\"><set><item><id>a&amp;b</id><p><z>z1</z></p></item>"
      "<item><id>c<!-- d --></id></item></set><empty/></A>");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->name, "A");
  ASSERT_NE(root->find("set"), nullptr);
  const auto& items = root->find("set")->children;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].text_at("id"), "a&b");
  EXPECT_EQ(items[0].text_at("p/z"), "z1");
  EXPECT_EQ(items[1].text_at("id"), "c");
  EXPECT_EQ(items[1].text_at("p/z"), "");
  EXPECT_EQ(root->text_at("empty"), "");
  EXPECT_EQ(root->find("id"), nullptr);
}

TEST(XmlTree, what_is_refused_and_why) {
  const auto problem = [](const std::string& text) {
    const auto root = parse_xml(text);
    return root ? "" : root.error().message;
  };
  std::string deep;
  for (size_t i = 0; i <= xml_depth_max; ++i) deep += "<a>";
  const std::string begin = "it is not the XML that was expected: line ";
  EXPECT_EQ(problem(""), begin + "1: no element found");
  EXPECT_EQ(problem("<a>\n<b></a>"), begin + "2: mismatched tag");
  EXPECT_EQ(problem("{\"a\": 1}"), begin + "1: not well-formed (invalid token)");
  EXPECT_EQ(problem("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"),
            begin + "1: it declares a document type");
  EXPECT_EQ(problem(deep), begin + "1: elements lie more than 32 deep");
  EXPECT_NE(problem("<a>&x;</a>"), "");
  std::string many = "<a>";
  for (size_t i = 0; i < xml_elements_max; ++i) many += "<b/>";
  EXPECT_EQ(problem(many + "</a>"), begin + "1: it has more than 200000 elements");
}

}  // namespace
}  // namespace daruma::notify
