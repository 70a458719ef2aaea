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
        "Namespace=\"AWS/ApplicationELB\" \"tg/a/2\"", "", "shop OR web", "shop OR (request web)",
        "NOT shop", "request NOT shop", "request AND NOT (shop OR cart)", "NOT NOT web",
        "MetricName=(shop OR request)",
        "MetricName=(\"RequestCount\" OR shop) NOT LoadBalancer=shop", "shop AND cart OR web",
        "(web)", "LoadBalancer=(shop OR MetricName=request)"}) {
    const auto search = MetricSearch::of(text);
    ASSERT_TRUE(search.has_value()) << text << search.error().message;
    EXPECT_TRUE(search->fits(key)) << text;
  }
  for (const char* text :
       {"{AWS/ApplicationELB,LoadBalancer} RequestCount", "{Shop}", "MetricName=\"Request\"",
        "LoadBalancer=\"app/web\"", "TargetGroup=web", "\"request\"", "web shop", "shop OR cart",
        "NOT web", "request NOT web", "web AND (shop OR cart)", "MetricName=(shop OR web)", "ORDER",
        "web (shop OR cart)", "NOT (shop OR web)"}) {
    const auto search = MetricSearch::of(text);
    ASSERT_TRUE(search.has_value()) << text << search.error().message;
    EXPECT_FALSE(search->fits(key)) << text;
  }
}

TEST(MetricSearch, refuses_what_it_does_not_know) {
  for (const char* text : {"{AWS/X", "\"open", "a=", "=", "a OR", "OR a", "AND", "NOT",
                           "a AND OR b", "(a", "a)", "()", "a=(", "a=()"}) {
    EXPECT_FALSE(MetricSearch::of(text).has_value()) << text;
  }
  EXPECT_FALSE(MetricSearch::of(std::string(1000, '(') + "a" + std::string(1000, ')')).has_value());
}

}  // namespace
}  // namespace daruma::api::cloudwatch
