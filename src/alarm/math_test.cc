// SPDX-License-Identifier: Apache-2.0
#include "alarm/math.h"

#include <gtest/gtest.h>

namespace daruma::alarm {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};

metrics::SeriesKey key(const char* name) {
  return metrics::SeriesKey::of("Shop", name, {});
}

metrics::Query metric(const char* id, const char* name, bool returned = false) {
  metrics::Query query;
  query.id = id;
  query.key = key(name);
  query.statistic = "Sum";
  query.period = std::chrono::seconds(60);
  query.returned = returned;
  return query;
}

metrics::Query expression(const char* id, const char* text, bool returned = true) {
  metrics::Query query;
  query.id = id;
  query.expression = text;
  query.returned = returned;
  return query;
}

struct AlarmMath : testing::Test {
  // Ten minutes: `errors` of 100 a minute, in the last two 30.
  AlarmMath() {
    series.advance(start);
    for (int minute = 0; minute < 10; ++minute) {
      const WallTime at = start + minute * 60s;
      series.write(key("Requests"), "Count", at, metrics::Point::of_events(100));
      if (minute != 7)
        series.write(key("Errors"), "Count", at, metrics::Point::of_events(minute < 8 ? 1 : 30));
    }
    series.advance(start + 600s);
  }
  static MetricAlarm alarm(std::vector<metrics::Query> queries) {
    MetricAlarm made;
    made.queries = std::move(queries);
    made.threshold = 10;
    made.comparison = Comparison::greater;
    made.evaluation_periods = 2;
    made.datapoints_to_alarm = 2;
    return made;
  }
  std::string problem(std::vector<metrics::Query> queries) const {
    const auto checked = check_queries(alarm(std::move(queries)), series, start + 600s);
    return checked ? "" : checked.error().message;
  }

  metrics::TimeSeries series;
};

TEST_F(AlarmMath, judges_what_the_expression_comes_to) {
  const MetricAlarm made =
      alarm({metric("e", "Errors"), metric("r", "Requests"), expression("x", "100 * e / r")});
  ASSERT_TRUE(check_queries(made, series, start + 600s));
  const auto before = math_datapoints(made, series, start + 480s);
  ASSERT_EQ(before.size(), 4u);
  EXPECT_EQ(before.front().start, start + 240s);
  EXPECT_EQ(before[2].value, 1);
  EXPECT_EQ(before[3].value, std::nullopt) << "no errors were counted in that minute";
  EXPECT_EQ(evaluate(made, before, State::ok, start + 480s).state, State::ok);
  const auto after = math_datapoints(made, series, start + 600s);
  EXPECT_EQ(after[3].value, 30);
  const Verdict verdict = evaluate(made, after, State::ok, start + 600s);
  EXPECT_EQ(verdict.state, State::alarm);
  EXPECT_NE(verdict.reason.find("[30.0 ("), std::string::npos) << verdict.reason;
  EXPECT_EQ(verdict.reason_data.find("statistic"), std::string::npos) << verdict.reason_data;
}

TEST_F(AlarmMath, periods_end_now_and_not_where_the_clock_has_them) {
  MetricAlarm made = alarm({metric("e", "Errors", true)});
  made.queries[0].period = made.period = std::chrono::seconds(300);
  const auto datapoints = math_datapoints(made, series, start + 540s);
  EXPECT_EQ(datapoints.back().start, start + 240s);
  EXPECT_EQ(datapoints.back().value, 1 + 1 + 1 + 0 + 30);
}

TEST_F(AlarmMath, one_metric_may_return_data_as_well) {
  EXPECT_EQ(problem({metric("e", "Errors", true)}), "");
  EXPECT_EQ(problem({metric("e", "Nothing", true)}), "") << "there may be data later";
  EXPECT_EQ(problem({metric("e", "Errors"), expression("x", "FILL(METRICS(), 0)")}), "");
}

TEST_F(AlarmMath, says_what_no_alarm_can_watch) {
  const auto e = metric("e", "Errors");
  const auto r = metric("r", "Requests");
  const std::string one = "Exactly one element of the metrics list should return data.";
  EXPECT_EQ(problem({e, r}), one);
  EXPECT_EQ(problem({metric("e", "Errors", true), metric("r", "Requests", true)}), one);
  EXPECT_EQ(problem({expression("x", "1")}), "Metrics must have at least one metric");
  EXPECT_NE(problem({e, expression("x", "1 + 1")}).find("comes to a number"), std::string::npos);
  EXPECT_NE(problem({e, r, expression("x", "METRICS()")}).find("2 time series"), std::string::npos);
  EXPECT_NE(problem({e, expression("x", "e +")}).find("Error in expression 'x'"),
            std::string::npos);
  EXPECT_NE(problem({e, expression("x", "SEARCH('a', 'Sum', 60)")})
                .find("SEARCH is not supported on Metric Alarms."),
            std::string::npos);
  EXPECT_NE(problem({e, expression("x", "y"), expression("y", "x", false)}).find("names itself"),
            std::string::npos);
  auto slower = metric("r", "Requests");
  slower.period = std::chrono::seconds(300);
  EXPECT_EQ(problem({e, slower, expression("x", "e / r")}),
            "All metrics of the metrics list must have the same Period");
  EXPECT_NE(problem(std::vector(11, e)).find("more than 10 metrics"), std::string::npos);
  EXPECT_NE(problem(std::vector(21, e)).find("more than 20"), std::string::npos);
}

}  // namespace
}  // namespace daruma::alarm
