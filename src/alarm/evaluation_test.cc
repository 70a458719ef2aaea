// SPDX-License-Identifier: Apache-2.0
#include "alarm/evaluation.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace daruma::alarm {
namespace {

const WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3);

MetricAlarm alarm_of(int periods, int datapoints, MissingData missing = MissingData::missing) {
  MetricAlarm alarm;
  alarm.series = metrics::SeriesKey::of("AWS/ApplicationELB", "RequestCount", {});
  alarm.statistic = "Average";
  alarm.evaluation_periods = periods;
  alarm.datapoints_to_alarm = datapoints;
  alarm.threshold = 1;
  alarm.missing_data = missing;
  return alarm;
}

// '0' does not breach, 'X' does, '-' is missing; the newest is the last.
std::vector<Datapoint> datapoints(std::string_view text) {
  std::vector<Datapoint> points;
  for (const char c : text) {
    points.push_back({start + points.size() * 60s, std::nullopt, 1});
    if (c != '-') points.back().value = c == 'X' ? 2 : 0;
  }
  return points;
}

struct Row {
  int periods;
  int datapoints;
  const char* points;
  // With missing data treated as missing, ignored, breaching, not breaching: O(K), A(LARM),
  // I(NSUFFICIENT_DATA), or = where the state stays.
  const char* states;
};

// The tables of "How alarm state is evaluated when data is missing", and what lies between.
constexpr Row rows[] = {
    {3, 3, "0-X-X", "OOOO"},   {3, 3, "----0", "OOOO"},
    {3, 3, "-----", "I=AO"},   {3, 3, "0XX-X", "AAAA"},
    {3, 3, "--X--", "A=AO"},   {3, 2, "0-X-X", "AAAA"},
    {3, 2, "00X0X", "AAAA"},   {3, 2, "0-X--", "OOAO"},
    {3, 2, "----0", "OOAO"},   {3, 2, "---X-", "A=AO"},
    {3, 2, "----X", "==AO"},   {1, 1, "--X", "AAAA"},
    {1, 1, "--0", "OOOO"},     {1, 1, "---", "I=AO"},
    {1, 1, "X--", "AAAA"},  // two periods late is not gone
    {3, 3, "XX0XX", "OOOO"},   {3, 3, "00XXX", "AAAA"},
    {5, 1, "--0X000", "AAAA"},
};

TEST(Evaluation, treats_missing_data_as_cloudwatch_does) {
  constexpr MissingData treatments[] = {MissingData::missing, MissingData::ignore,
                                        MissingData::breaching, MissingData::not_breaching};
  for (const Row& row : rows) {
    for (size_t i = 0; i < 4; ++i) {
      const MetricAlarm alarm = alarm_of(row.periods, row.datapoints, treatments[i]);
      for (const State before : {State::ok, State::alarm, State::insufficient_data}) {
        const Verdict verdict = evaluate(alarm, datapoints(row.points), before, start);
        const char expected = row.states[i];
        const State state = expected == 'O'   ? State::ok
                            : expected == 'A' ? State::alarm
                            : expected == 'I' ? State::insufficient_data
                                              : before;
        EXPECT_EQ(name_of(verdict.state), name_of(state))
            << row.datapoints << " of " << row.periods << ", " << row.points << ", "
            << name_of(treatments[i]);
      }
    }
  }
}

TEST(Evaluation, compares_in_four_ways) {
  struct Case {
    Comparison comparison;
    const char* states;  // of 0, 1 and 2 against 1
  };
  for (const Case& each : {Case{Comparison::greater_or_equal, "OAA"},
                           {Comparison::greater, "OOA"},
                           {Comparison::less, "AOO"},
                           {Comparison::less_or_equal, "AAO"}}) {
    MetricAlarm alarm = alarm_of(1, 1);
    alarm.comparison = each.comparison;
    for (int value = 0; value < 3; ++value) {
      const Datapoint point{start, value, 1};
      const State state = evaluate(alarm, std::span(&point, 1), State::ok, start).state;
      EXPECT_EQ(state == State::alarm, each.states[value] == 'A') << value;
    }
  }
}

TEST(Evaluation, tells_its_reason_as_cloudwatch_does) {
  const Verdict alarm = evaluate(alarm_of(3, 2), datapoints("X0X"), State::ok, start + 180s);
  EXPECT_EQ(alarm.reason,
            "Threshold Crossed: 2 out of the last 3 datapoints [2.0 (03/10/26 00:02:00), 2.0 "
            "(03/10/26 00:00:00)] were greater than or equal to the threshold (1.0) (minimum 2 "
            "datapoints for OK -> ALARM transition).");
  const auto data = nlohmann::json::parse(alarm.reason_data);
  EXPECT_EQ(data["recentDatapoints"], nlohmann::json::array({2.0, 0.0, 2.0}));
  EXPECT_EQ(data["queryDate"], "2026-10-03T00:03:00.000+0000");
  EXPECT_EQ(data["statistic"], "Average");
  EXPECT_EQ(evaluate(alarm_of(1, 1), datapoints("---"), State::ok, start).reason,
            "Insufficient Data: 1 datapoint was unknown.");
  EXPECT_EQ(
      evaluate(alarm_of(1, 1, MissingData::breaching), datapoints("---"), State::ok, start).reason,
      "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
      "were treated as [Breaching].");
}

TEST(Evaluation, periods_are_whole_and_the_newest_has_ended) {
  MetricAlarm alarm = alarm_of(2, 2);
  alarm.period = 5min;
  alarm.statistic = "Sum";
  const WallTime now = start + 1h + 3min + 20s;
  EXPECT_EQ(latest_end(alarm, now), start + 1h + 3min);
  std::vector<metrics::Point> points;
  for (int minute = 0; minute < 70; ++minute) {
    points.push_back(metrics::Point::of_events(minute));
    points.back().start = start + minute * 60s;
  }
  const auto made = datapoints_of(alarm, points, latest_end(alarm, now));
  ASSERT_EQ(made.size(), 4u);
  EXPECT_EQ(made[3].start, start + 58min);
  EXPECT_EQ(made[3].value, 58 + 59 + 60 + 61 + 62);
  EXPECT_EQ(made[0].value, 43 + 44 + 45 + 46 + 47);
}

TEST(Evaluation, takes_the_statistic_of_each_period) {
  metrics::Point point = metrics::Point::of_values(1, 90);
  point.merge(metrics::Point::of_values(10, 10));
  point.start = start;
  const std::pair<const char*, double> statistics[] = {
      {"Sum", 190}, {"SampleCount", 100}, {"Average", 1.9}, {"Maximum", 10}, {"p50", 1}};
  for (const auto& [name, value] : statistics) {
    MetricAlarm alarm = alarm_of(1, 1);
    alarm.statistic = name;
    const auto made = datapoints_of(alarm, std::span(&point, 1), start + 60s);
    ASSERT_TRUE(made.back().value.has_value()) << name;
    EXPECT_NEAR(*made.back().value, value, value * 0.02) << name;
  }
}

// 99.9 % needs 10,000 samples.
TEST(Evaluation, may_leave_percentiles_of_few_samples_alone) {
  MetricAlarm alarm = alarm_of(1, 1);
  alarm.statistic = "p99.9";
  Datapoint point{start, 5, 9'999};
  EXPECT_EQ(evaluate(alarm, std::span(&point, 1), State::ok, start).state, State::alarm);
  alarm.evaluate_low_sample_counts = false;
  EXPECT_EQ(evaluate(alarm, std::span(&point, 1), State::ok, start).state, State::ok);
  point.samples = 10'001;
  EXPECT_EQ(evaluate(alarm, std::span(&point, 1), State::ok, start).state, State::alarm);
}

}  // namespace
}  // namespace daruma::alarm
