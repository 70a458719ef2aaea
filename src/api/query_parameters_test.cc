// SPDX-License-Identifier: Apache-2.0
#include "api/query_parameters.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::api {
namespace {

std::string code_of(const std::string& form) {
  const auto parsed = parse_form(form);
  return parsed ? "" : parsed.error().code;
}

TEST(QueryParameters, become_a_tree) {
  const auto root = parse_form("Action=A+b%21&L.member.10.K=ten&L.member.2.K=two&&E=&L.x=1");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("Action")->text, "A b!");
  EXPECT_TRUE(root->find("E")->has_text);
  EXPECT_TRUE(root->find("E")->items()->empty());
  EXPECT_EQ(root->find("None"), nullptr);
  EXPECT_FALSE(root->find("L")->items()) << "x is no member";
  EXPECT_FALSE(root->find("Action")->items());
}

TEST(QueryParameters, put_items_in_the_order_of_their_numbers) {
  const auto root = parse_form("L.member.10=c&L.member.2=b&L.member.1=a");
  const auto items = root->find("L")->items();
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 3U);
  EXPECT_EQ((*items)[0]->text + (*items)[1]->text + (*items)[2]->text, "abc");
  EXPECT_FALSE(parse_form("L.member.x=1")->find("L")->items());
}

TEST(QueryParameters, refuse_what_is_no_form) {
  for (const char* form : {"a=%", "a=%4", "a=%zz", "%=a", "=a", ".a=1", "a.=1&a..b=1", "a=1&a=2",
                           "a=%ff", "a=%00", "a%01=1", "a=%EF%BF%BE", "a=%EF%BF%BF"}) {
    EXPECT_EQ(code_of(form), "MalformedQueryString") << form;
  }
  EXPECT_EQ(code_of("a.=1"), "") << "an empty last part is AWS's habit too";
}

TEST(QueryParameters, have_limits) {
  std::string many;
  for (size_t i = 0; i <= query_parameters_max; ++i) many += "a" + std::to_string(i) + "=&";
  EXPECT_EQ(code_of(many), "MalformedQueryString");
  std::string deep = "a";
  for (size_t i = 0; i < query_depth_max; ++i) deep += ".a";
  EXPECT_EQ(code_of(deep + "=1"), "MalformedQueryString");
}

}  // namespace
}  // namespace daruma::api
