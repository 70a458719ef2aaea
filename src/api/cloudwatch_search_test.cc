// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_search.h"

#include <gtest/gtest.h>

namespace daruma::api::cloudwatch {
namespace {

using metrics::SeriesKey;

TEST(MetricSearch, finds_by_schema_and_terms) {
  const SeriesKey key = SeriesKey::of("AWS/ApplicationELB", "RequestCount",
                                      {{"LoadBalancer", "app/web/1"}, {"TargetGroup", "tg/a/2"}});
  for (const char* text :
       {"{AWS/ApplicationELB,LoadBalancer,TargetGroup} RequestCount",
        "{AWS/ApplicationELB, TargetGroup, LoadBalancer} MetricName=\"RequestCount\"",
        "MetricName=request app/web", "request AND web", "LoadBalancer=\"app/web/1\"",
        "Namespace=\"AWS/ApplicationELB\" \"tg/a/2\"", ""}) {
    const auto search = MetricSearch::of(text);
    ASSERT_TRUE(search.has_value()) << text << search.error().message;
    EXPECT_TRUE(search->fits(key)) << text;
  }
  for (const char* text :
       {"{AWS/ApplicationELB,LoadBalancer} RequestCount", "{Shop}", "MetricName=\"Request\"",
        "LoadBalancer=\"app/web\"", "TargetGroup=web", "\"request\"", "web shop"}) {
    const auto search = MetricSearch::of(text);
    ASSERT_TRUE(search.has_value()) << text << search.error().message;
    EXPECT_FALSE(search->fits(key)) << text;
  }
}

TEST(MetricSearch, refuses_what_it_does_not_know) {
  for (const char* text : {"{AWS/X", "a OR b", "NOT a", "(a)", "\"open", "a=", "="}) {
    EXPECT_FALSE(MetricSearch::of(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace daruma::api::cloudwatch
