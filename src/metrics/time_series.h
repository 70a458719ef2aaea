// SPDX-License-Identifier: Apache-2.0
//
// The node's figures over time: what the CloudWatch API answers from, alarms judge and the console
// draws. Points of 10 s are written; they are kept for 3 h, and merged into points of a minute
// (kept for 15 days), of 5 minutes (63 days) and of an hour (455 days), as CloudWatch keeps them.
// Single targets' have no points of 5 minutes and an hour. Where the archive nears its limit of
// 1 GB, all times but the 3 h shorten by the same part.
//
// Threads: everything on the control thread, which owns it. Workers only count
// (telemetry/counters.h) and know nothing of it; metrics/collector reads what they counted. A read
// may wait for the disk where it asks for what is older than a few hours.
//
// With an archive (store/archive) all of it survives a restart: every 10 s a slice goes to the
// journal, every hour the blocks that changed are written, and after a restart the journal since
// that hour is taken in again. Minutes, 5 minutes and hours all end there, so nothing is half.
// Without one (no --data), as much is kept as fits into memory. docs/adr/0014 has the reasons.
//
// How to use it:
//   const auto key = SeriesKey::of(alb_namespace, "RequestCount",
//                                  {{"LoadBalancer", "app/web/50dc6c495c0c9188"}});
//   for (const Point& point : series.read(key, now - 1h, now, 60s)) draw(point.start, point.sum);
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/archivist.h"
#include "metrics/block.h"
#include "metrics/point.h"
#include "metrics/series_key.h"
#include "store/archive.h"

namespace daruma::metrics {

using Seconds = std::chrono::seconds;

// How long points of which length are kept, and how much of it one block holds.
struct Tier {
  Seconds resolution;
  Seconds block;
  Seconds kept;
};
inline constexpr std::array<Tier, 4> tiers{{{10s, 30min, 3h},
                                            {60s, 6h, std::chrono::days(15)},
                                            {300s, 24h, std::chrono::days(63)},
                                            {3600s, 240h, std::chrono::days(455)}}};

// What is known of a series beside its points.
struct SeriesFacts {
  SeriesKey key;
  std::string unit;       // CloudWatch's: "Count", "Seconds", "Bytes", "Percent", "None"
  WallTime last_point{};  // start of the newest
};

// Which series: of these parts, those that are given. A dimension without a value may have any.
struct SeriesFilter {
  struct Part {
    std::string name;
    std::optional<std::string> value;
  };
  std::optional<std::string> space{};
  std::optional<std::string> name{};
  std::vector<Part> dimensions{};  // all of them; the series may have more
  WallTime written_since{};
};

class TimeSeries {
 public:
  struct Limits {
    size_t series_max = 60'000;                    // then who was not written longest goes
    size_t block_bytes_max = 512ul * 1024 * 1024;  // in memory; then the oldest go
  };
  TimeSeries() : TimeSeries(Limits{}) {}
  explicit TimeSeries(const Limits& limits);
  ~TimeSeries();
  TimeSeries(const TimeSeries&) = delete;
  TimeSeries& operator=(const TimeSeries&) = delete;

  // What was archived comes back, and from now on all is archived. `reader` is this thread's.
  // Fails if the archive cannot be read; then it is as if there were none. REQUIRES: nothing was
  // written yet.
  Result<void> attach(std::unique_ptr<store::Archive> reader, std::unique_ptr<Archivist> writer);
  // At the end: what was written is closed, and is on the disk when this returns.
  void finish(WallTime now);

  // Merges the point into the 10 s that `at` lies in (the point's own start does not matter). What
  // is older than 15 days or more than 2 h ahead of the last advance() is refused (false). A
  // series is made when it is first written; its unit is that of the first point.
  bool write(const SeriesKey& key, std::string_view unit, WallTime at, const Point& point);
  // It is `now`: what ended before is merged upwards. To be called every 10 s, by the collector. A
  // clock that was set back moves nothing.
  void advance(WallTime now);

  // Points of `period` whose start is in [from, to), ascending; each starts at a multiple of the
  // period since 1970. Periods without samples are left out, the one under way has what there is
  // yet. Where the period is finer than what is kept of that time there is nothing. With an
  // `origin`, periods are counted from there. REQUIRES: period and origin are multiples of 10 s.
  std::vector<Point> read(const SeriesKey& key, WallTime from, WallTime to, Seconds period,
                          WallTime origin = WallTime{}) const;

  // By key. What it points to lives until the next write() or advance().
  std::vector<const SeriesFacts*> list(const SeriesFilter& filter) const;
  const SeriesFacts* find(const SeriesKey& key) const;  // null: never written

  size_t size() const { return series_.size(); }
  const Limits& limits() const { return limits_; }
  size_t block_bytes() const { return block_bytes_; }
  // Points that were lost to the limits, and to a disk that was full or too slow.
  uint64_t points_dropped() const;

 private:
  struct Series;
  struct KeptBlock;
  using Blocks = std::map<WallTime, KeptBlock>;  // by start

  Series* find_or_make(const SeriesKey& key, std::string_view unit);
  void take(Series& series, WallTime start, const Point& point);
  void step(WallTime until);
  void close(Series& series, size_t tier, const Point& point);
  void raise(Series& series, WallTime until);
  void write_late(Series& series, WallTime start, const Point& point);
  void change(Series& series, size_t tier, const Point& point, bool late);
  void forget(Series& series);
  void forget_old();
  void drop_blocks_before(size_t tier, WallTime start);
  void make_room();
  std::vector<Point> points_of(const Series& series, size_t tier, WallTime from, WallTime to) const;

  // time_series_archive.cc
  std::optional<Block> archived(const Series& series, size_t tier, WallTime start) const;
  void restore(const store::ArchiveContents& contents);
  void replay(const store::ArchivedSlice& slice, WallTime checkpoint);
  void note(const Series& series, const Point& point);
  void post(bool checkpoint);
  void add_checkpoint(store::ArchiveBatch& batch);

  const Limits limits_;
  std::map<SeriesKey, std::unique_ptr<Series>> series_;
  WallTime closed_{};  // 10-second periods before it are closed
  size_t block_bytes_ = 0;
  uint64_t points_dropped_ = 0;

  std::unique_ptr<store::Archive> reader_;  // null: nothing is archived
  std::unique_ptr<Archivist> writer_;
  std::map<uint32_t, Series*> by_number_;  // while what was archived comes back
  uint32_t next_number_ = 1;
  WallTime archived_until_{};  // what began later is on the disk only if it was written here
  std::string slice_;          // for the journal
  uint64_t slice_points_ = 0;
  int64_t last_slice_ = 0;
  double kept_part_ = 1;  // of the times for which points are kept: what the archive has room for
  std::vector<store::ArchivedSeries> new_series_;
  std::vector<uint32_t> forgotten_series_;
};

}  // namespace daruma::metrics
