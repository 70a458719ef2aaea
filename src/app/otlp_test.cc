// SPDX-License-Identifier: Apache-2.0
#include "app/otlp.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace daruma::app {
namespace {

using Set = std::map<std::string, std::string>;

auto settings(const Set& set) {
  return otlp_settings(
      [set](const std::string& name) {
        const auto found = set.find(name);
        return found == set.end() ? std::string() : found->second;
      },
      "1.2");
}

TEST(OtlpSettings, nothing_is_exported_unless_somebody_says_where) {
  EXPECT_FALSE(settings({})->has_value());
  EXPECT_FALSE(settings({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                         {"OTEL_METRICS_EXPORTER", "none"},
                         {"OTEL_TRACES_EXPORTER", "none"}})
                   ->has_value());
  EXPECT_FALSE(
      settings({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_SDK_DISABLED", "true"}})
          ->has_value());
}

TEST(OtlpSettings, are_what_the_specification_has) {
  const auto given = **settings({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t/x"},
                                 {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x=y"},
                                 {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=prod"},
                                 {"OTEL_SERVICE_NAME", "edge"},
                                 {"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
                                 {"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                                 {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
  EXPECT_EQ(given.metrics_url, "http://c:4318/v1/metrics");
  EXPECT_EQ(given.traces_url, "https://t/x");
  EXPECT_EQ(given.fields,
            (std::vector<std::pair<std::string, std::string>>{{"api-key", "a b"}, {"x", "y"}}));
  EXPECT_EQ(given.resource.at("service.name"), "edge");
  EXPECT_EQ(given.resource.at("service.version"), "1.2");
  EXPECT_EQ(given.resource.at("deployment.environment"), "prod");
  EXPECT_EQ(given.metrics_every, Duration(5s));
  EXPECT_EQ(given.sampling.ratio, 0.25);
  EXPECT_TRUE(given.sampling.as_the_parent);
}

TEST(OtlpSettings, refuse_what_cannot_be_served) {
  const Set rows[] = {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"}},
                      {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}},
                      {{"OTEL_METRICS_EXPORTER", "console"}},
                      {{"OTEL_METRIC_EXPORT_INTERVAL", "1m"}},
                      {{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}},
                      {{"OTEL_TRACES_SAMPLER", "jaeger_remote"}},
                      {{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "2"}}};
  for (Set row : rows) {
    row.try_emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
    EXPECT_FALSE(settings(row)) << row.rbegin()->first;
  }
}

}  // namespace
}  // namespace daruma::app
