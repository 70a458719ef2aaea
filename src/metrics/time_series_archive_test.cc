// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "metrics/time_series.h"

namespace daruma::metrics {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};
const SeriesKey requests = SeriesKey::of("Shop", "Orders", {{"Till", "1\n<&>"}});
const SeriesKey latency = SeriesKey::of(alb_namespace, "TargetResponseTime", {});

class TimeSeriesArchiveTest : public testing::Test {
 protected:
  TimeSeriesArchiveTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
  }
  ~TimeSeriesArchiveTest() override {
    series_.reset();
    std::filesystem::remove_all(folder_);
  }

  // As after a kill, but that the thread writes what was posted: the file is one transaction or
  // another.
  void open(int64_t bytes_most = store::Archive::bytes_max) {
    series_.reset();
    series_ = std::make_unique<TimeSeries>();
    auto reader = store::Archive::open(file_);
    auto archive = store::Archive::open(file_, bytes_most);
    ASSERT_TRUE(reader.has_value() && archive.has_value());
    auto writer = std::make_unique<Archivist>(
        std::move(*archive), [this](const std::string& problem) { problems_.push_back(problem); },
        1'000'000);
    ASSERT_TRUE(series_->attach(std::move(*reader), std::move(writer)).has_value());
  }
  void run_for(Duration length) {
    for (const WallTime end = now_ + std::chrono::duration_cast<Seconds>(length); now_ < end;
         now_ += 10s) {
      ASSERT_TRUE(series_->write(requests, "Count", now_, Point::of_events(2)));
      ASSERT_TRUE(series_->write(latency, "Seconds", now_, Point::of_values(0.02, 3)));
      series_->advance(now_ + 10s);
    }
  }
  double sum(Seconds period, const SeriesKey& key = requests) {
    double sum = 0;
    for (const Point& point : series_->read(key, start, now_ + 1h, period)) sum += point.sum;
    return sum;
  }

  const std::string folder_ = testing::TempDir() + "history-" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string file_ = folder_ + "/metrics.db";
  WallTime now_ = start;
  std::vector<std::string> problems_;
  std::unique_ptr<TimeSeries> series_;
};

TEST_F(TimeSeriesArchiveTest, everything_is_there_after_each_restart) {
  double expected = 0;
  for (const Duration length : {Duration(35min), Duration(90min), Duration(10s), Duration(50min)}) {
    run_for(length);
    expected += static_cast<double>(length / 10s) * 2;
    open();
    for (const Seconds period : {10s, 60s, 300s, 3600s}) {
      EXPECT_EQ(sum(period), expected) << period.count() << " after " << length / 1min;
    }
    EXPECT_EQ(series_->find(requests)->unit, "Count");
    const auto points = series_->read(latency, start, now_, 3600s);
    EXPECT_NEAR(*points.front().percentile(99), 0.02, 0.0004);
  }
  EXPECT_EQ(series_->points_dropped(), 0u);
}

TEST_F(TimeSeriesArchiveTest, older_points_are_read_from_the_disk) {
  run_for(1h);
  open();                         // so it is written
  for (int i = 0; i < 30; ++i) {  // nothing happens, hour after hour
    now_ += 1h;
    series_->advance(now_);
  }
  EXPECT_EQ(sum(10s), 0);
  for (const Seconds period : {60s, 300s, 3600s}) EXPECT_EQ(sum(period), 720) << period.count();
  open();
  for (const Seconds period : {60s, 300s, 3600s}) EXPECT_EQ(sum(period), 720) << period.count();
}

TEST_F(TimeSeriesArchiveTest, late_points_are_kept_once) {
  run_for(2h + 20min);
  ASSERT_TRUE(series_->write(requests, "Count", start + 10min, Point::of_events(1000)));
  ASSERT_TRUE(series_->write(requests, "Count", now_ - 15min, Point::of_events(100)));
  series_->advance(now_);
  open();
  run_for(10s);
  EXPECT_EQ(sum(60s), 840 * 2 + 1100 + 2);
  run_for(2h);
  open();
  for (const Seconds period : {60s, 300s, 3600s}) {
    EXPECT_EQ(sum(period), (840 + 1 + 720) * 2 + 1100) << period.count();
  }
}

TEST_F(TimeSeriesArchiveTest, what_is_not_closed_is_kept_at_an_orderly_end) {
  run_for(10s);
  series_->write(requests, "Count", now_ + 3s, Point::of_events(5));
  series_->finish(now_ + 4s);
  open();
  EXPECT_EQ(sum(10s), 7);
}

TEST_F(TimeSeriesArchiveTest, a_clock_set_back_loses_nothing) {
  run_for(80min);
  now_ -= 1h;
  run_for(30min);
  open();
  for (const Seconds period : {10s, 60s, 300s}) EXPECT_EQ(sum(period), 660 * 2) << period.count();
}

TEST_F(TimeSeriesArchiveTest, a_full_disk_is_told_and_counted) {
  open(128 * 1024);
  for (int i = 0; i < 3000; ++i) {
    series_->write(SeriesKey::of("Shop", "n" + std::to_string(i * 2654435761u), {}), "Count", now_,
                   Point::of_sample(i * 1.234567));
  }
  series_->advance(now_ + 10s);
  series_->finish(now_ + 10s);
  EXPECT_GE(series_->points_dropped(), 3000u);
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_NE(problems_[0].find("full"), std::string::npos) << problems_[0];
}

}  // namespace
}  // namespace daruma::metrics
