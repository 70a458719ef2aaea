// SPDX-License-Identifier: Apache-2.0
#include "api/content_links.h"

#include <gtest/gtest.h>

namespace daruma::api {
namespace {

const WallTime now{std::chrono::seconds(1'800'000'000)};
WallTime later(Duration by) {
  return now + std::chrono::duration_cast<std::chrono::seconds>(by);
}
const LinkedContent content{
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:truststore/a/0123456789abcdef", "3", "0a"};

TEST(ContentLinks, give_what_they_were_made_for_until_their_time_is_over) {
  const ContentLinks links;
  const std::string query = links.make(content, now);
  EXPECT_EQ(links.open(query, now), content);
  EXPECT_EQ(links.open(query, later(ContentLinks::lifetime - 1s)), content);
  EXPECT_EQ(links.open(query, later(ContentLinks::lifetime)), std::nullopt);
}

TEST(ContentLinks, of_others_or_changed_in_any_byte_give_nothing) {
  const ContentLinks links;
  const std::string query = links.make(content, now);
  EXPECT_EQ(ContentLinks().open(query, now), std::nullopt);
  for (size_t i = 0; i < query.size(); ++i) {
    std::string other = query;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_EQ(links.open(other, now), std::nullopt) << other;
  }
  for (const char* text : {"", "signature=", "&signature=", "arn=a&expires=9999999999"})
    EXPECT_EQ(links.open(text, now), std::nullopt) << text;
}

}  // namespace
}  // namespace daruma::api
