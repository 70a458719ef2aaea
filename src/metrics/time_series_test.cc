// SPDX-License-Identifier: Apache-2.0
#include "metrics/time_series.h"

#include <gtest/gtest.h>

#include <cmath>

namespace daruma::metrics {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};

const SeriesKey requests =
    SeriesKey::of(alb_namespace, "RequestCount",
                  {{"TargetGroup", "targetgroup/a/1"}, {"LoadBalancer", "app/web/1"}});

// One event in each 10 s.
void run_for(TimeSeries& series, WallTime from, Duration length) {
  for (WallTime now = from; now < from + length; now += 10s) {
    ASSERT_TRUE(series.write(requests, "Count", now, Point::of_events(1)));
    series.advance(now + 10s);
  }
}

double sum_of(const std::vector<Point>& points) {
  double sum = 0;
  for (const Point& point : points) sum += point.sum;
  return sum;
}

TEST(TimeSeries, gives_sums_of_any_period) {
  TimeSeries series;
  run_for(series, start, 2h + 7min);
  for (const Seconds period : {10s, 30s, 60s, 120s, 300s, 900s, 3600s}) {
    const auto points = series.read(requests, start, start + 3h, period);
    EXPECT_EQ(points.size(), std::ceil(127 * 60.0 / static_cast<double>(period.count())));
    EXPECT_EQ(sum_of(points), 127 * 6) << period.count();
    for (const Point& point : points) {
      EXPECT_EQ((point.start - start) % period, 0s);
      if (point.start != points.back().start) {
        EXPECT_EQ(point.sum * 10, static_cast<double>(period.count()));
      }
    }
  }
}

TEST(TimeSeries, gives_periods_that_begin_in_the_range) {
  TimeSeries series;
  run_for(series, start, 10min);
  const auto points = series.read(requests, start + 61s, start + 240s, 60s);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].start, start + 120s);
  EXPECT_EQ(points[1], (Point{start + 180s, 6, 6, 1, 1, {}}));
}

TEST(TimeSeries, counts_periods_from_an_origin) {
  TimeSeries series;
  run_for(series, start, 2h);
  const WallTime origin = start + 7min;
  const auto points = series.read(requests, origin, origin + 1h, 300s, origin);
  ASSERT_EQ(points.size(), 12u);
  EXPECT_EQ(points[0].start, origin);
  EXPECT_EQ(sum_of(points), 360);
}

TEST(TimeSeries, shows_what_is_not_closed_yet) {
  TimeSeries series;
  series.advance(start);
  series.write(requests, "Count", start + 1s, Point::of_events(2));
  series.write(requests, "Count", start + 9s, Point::of_events(3));
  ASSERT_EQ(series.read(requests, start, start + 60s, 60s).size(), 1u);
  EXPECT_EQ(series.read(requests, start, start + 60s, 60s)[0].sum, 5);
}

TEST(TimeSeries, leaves_out_periods_without_samples) {
  TimeSeries series;
  run_for(series, start, 60s);
  series.advance(start + 1h);
  run_for(series, start + 1h, 60s);
  EXPECT_EQ(series.read(requests, start, start + 2h, 60s).size(), 2u);
}

TEST(TimeSeries, keeps_finer_points_for_a_shorter_time) {
  TimeSeries series;
  run_for(series, start, 1h);
  series.advance(start + 24h);
  EXPECT_TRUE(series.read(requests, start, start + 1h, 10s).empty());
  EXPECT_EQ(sum_of(series.read(requests, start, start + 1h, 60s)), 360);
  series.advance(start + 16 * 24h);
  EXPECT_TRUE(series.read(requests, start, start + 1h, 60s).empty());
  EXPECT_EQ(sum_of(series.read(requests, start, start + 1h, 300s)), 360);
  series.advance(start + 65 * 24h);
  EXPECT_TRUE(series.read(requests, start, start + 1h, 300s).empty());
  EXPECT_EQ(sum_of(series.read(requests, start, start + 1h, 3600s)), 360);
  series.advance(start + 470 * 24h);
  EXPECT_TRUE(series.read(requests, start, start + 1h, 3600s).empty());
  EXPECT_EQ(series.find(requests), nullptr);
}

TEST(TimeSeries, takes_late_points_in_every_tier) {
  TimeSeries series;
  run_for(series, start, 2h);
  ASSERT_TRUE(series.write(requests, "Count", start + 5min, Point::of_events(100)));
  ASSERT_TRUE(series.write(requests, "Count", start + 1h + 59min, Point::of_events(1000)));
  series.advance(start + 3h);
  for (const Seconds period : {10s, 60s, 300s, 3600s}) {
    EXPECT_EQ(sum_of(series.read(requests, start, start + 3h, period)), 720 + 1100)
        << period.count();
  }
  EXPECT_FALSE(series.write(requests, "Count", start - 16 * 24h, Point::of_events(1)));
  EXPECT_FALSE(series.write(requests, "Count", start + 6h, Point::of_events(1)));
}

TEST(TimeSeries, a_clock_set_back_loses_nothing) {
  TimeSeries series;
  run_for(series, start, 2h);
  run_for(series, start + 1h, 2h);
  EXPECT_EQ(sum_of(series.read(requests, start, start + 4h, 300s)), 4 * 360);
}

TEST(TimeSeries, merges_distributions_upwards) {
  TimeSeries series;
  const SeriesKey latency = SeriesKey::of(alb_namespace, "TargetResponseTime", {});
  for (int i = 0; i < 360; ++i) {
    const double value = i % 100 == 99 ? 2.0 : 0.010;
    series.write(latency, "Seconds", start + 10s * i, Point::of_values(value, 10));
    series.advance(start + 10s * (i + 1));
  }
  const auto hour = series.read(latency, start, start + 1h, 3600s);
  ASSERT_EQ(hour.size(), 1u);
  EXPECT_NEAR(*hour[0].percentile(50), 0.010, 0.0002);
  EXPECT_NEAR(*hour[0].percentile(99.9), 2.0, 0.04);
  EXPECT_NEAR(hour[0].sum, (357 * 0.010 + 3 * 2) * 10, 1e-6);
}

TEST(TimeSeries, lists_what_fits) {
  TimeSeries series;
  series.write(requests, "Count", start, Point::of_events(1));
  series.write(SeriesKey::of(alb_namespace, "RequestCount", {{"LoadBalancer", "app/web/1"}}),
               "Count", start, Point::of_events(1));
  series.write(SeriesKey::of("Shop", "Orders", {}), "Count", start + 1h, Point::of_events(1));
  EXPECT_EQ(series.list({}).size(), 3u);
  EXPECT_EQ(series.list({.space = "Shop"}).size(), 1u);
  EXPECT_EQ(series.list({.name = "RequestCount"}).size(), 2u);
  EXPECT_EQ(series.list({.dimensions = {{"TargetGroup", std::nullopt}}}).size(), 1u);
  EXPECT_EQ(series.list({.dimensions = {{"LoadBalancer", "app/web/1"}}}).size(), 2u);
  EXPECT_EQ(series.list({.dimensions = {{"LoadBalancer", "app/web/2"}}}).size(), 0u);
  EXPECT_EQ(series.list({.written_since = start + 1s}).size(), 1u);
  EXPECT_EQ(series.find(requests)->unit, "Count");
}

TEST(TimeSeries, makes_room_by_dropping_the_oldest) {
  TimeSeries series({.series_max = 2, .block_bytes_max = 1000});
  run_for(series, start, 8h);
  EXPECT_LE(series.block_bytes(), 1000u);
  EXPECT_GT(series.points_dropped(), 0u);
  EXPECT_FALSE(series.read(requests, start + 7h, start + 8h, 60s).empty());
  for (const char* name : {"a", "b"}) {
    series.write(SeriesKey::of("Shop", name, {}), "Count", start + 9h, Point::of_events(1));
  }
  EXPECT_EQ(series.size(), 2u);
  EXPECT_EQ(series.find(requests), nullptr);
}

}  // namespace
}  // namespace daruma::metrics
