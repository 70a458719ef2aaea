// SPDX-License-Identifier: Apache-2.0
#include "model/target.h"

#include <gtest/gtest.h>

namespace daruma::model {
namespace {

struct MatcherCase {
  const char* text;
  std::vector<int> matches;
  std::vector<int> differs;
};

class CodeMatcherMatches : public testing::TestWithParam<MatcherCase> {};
TEST_P(CodeMatcherMatches, what_its_text_says) {
  const auto matcher = CodeMatcher::parse(GetParam().text);
  ASSERT_TRUE(matcher.has_value());
  EXPECT_EQ(matcher->text(), GetParam().text);
  for (const int status : GetParam().matches) EXPECT_TRUE(matcher->matches(status)) << status;
  for (const int status : GetParam().differs) EXPECT_FALSE(matcher->matches(status)) << status;
}
INSTANTIATE_TEST_SUITE_P(
    Table, CodeMatcherMatches,
    testing::Values(MatcherCase{"200", {200}, {0, -1, 199, 201, 499, 500, 999}},
                    MatcherCase{"200,202", {200, 202}, {201, 203}},
                    MatcherCase{"200-299", {200, 250, 299}, {199, 300}},
                    MatcherCase{"301,200-202,499", {200, 201, 202, 301, 499}, {203, 300, 498}},
                    MatcherCase{"204-204", {204}, {203, 205}}));

class CodeMatcherRefuses : public testing::TestWithParam<const char*> {};
TEST_P(CodeMatcherRefuses, text) {
  EXPECT_FALSE(CodeMatcher::parse(GetParam()).has_value());
}
INSTANTIATE_TEST_SUITE_P(Table, CodeMatcherRefuses,
                         testing::Values("", ",", "200,", ",200", "199", "500", "299-200", "200-",
                                         "-200", "200-250-299", "2xx", "0200", "200 ", "200, 201",
                                         "200-500", "-", "99999999999999999999"));

TEST(CodeMatcher, is_200_by_default) {
  EXPECT_TRUE(CodeMatcher().matches(200));
  EXPECT_FALSE(CodeMatcher().matches(201));
  EXPECT_EQ(CodeMatcher(), *CodeMatcher::parse("200"));
}

TEST(CodeMatcher, of_grpc_is_within_0_and_99) {
  EXPECT_TRUE(CodeMatcher::parse_grpc("12")->matches(12));
  EXPECT_FALSE(CodeMatcher::parse_grpc("12")->matches(0));
  EXPECT_TRUE(CodeMatcher::parse_grpc("0-99")->matches(99));
  EXPECT_FALSE(CodeMatcher::parse_grpc("0-99")->matches(100));
  EXPECT_TRUE(CodeMatcher::parse_grpc("0,12")->matches(0));
  for (const std::string_view bad : {"", "100", "0-100", "-1", "5-4", "0,", "x"})
    EXPECT_FALSE(CodeMatcher::parse_grpc(bad)) << bad;
}

TEST(TargetKey, reads_as_an_address) {
  EXPECT_EQ((TargetKey{"g", "127.0.0.2", 8443}).to_string(), "127.0.0.2:8443");
  EXPECT_EQ((TargetKey{"g", "::1", 80}).to_string(), "[::1]:80");
  EXPECT_EQ((TargetKey{"g", "app.example", 80}).to_string(), "app.example:80");
}

TEST(Health, is_named_as_aws_names_it) {
  EXPECT_EQ(name_of(HealthState::unhealthy), "unhealthy");
  EXPECT_EQ(name_of(HealthReason::response_code_mismatch), "Target.ResponseCodeMismatch");
  EXPECT_EQ(name_of(HealthReason::none), "");
  EXPECT_EQ(name_of(Protocol::https), "HTTPS");
}

}  // namespace
}  // namespace daruma::model
