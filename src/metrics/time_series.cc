// SPDX-License-Identifier: Apache-2.0
#include "metrics/time_series.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "metrics/time_series_parts.h"

namespace daruma::metrics {
namespace {

constexpr Duration late_max = std::chrono::days(15);
constexpr Duration ahead_max = 2h;

bool fits(const SeriesFacts& facts, const SeriesFilter& filter) {
  if (filter.space && *filter.space != facts.key.space) return false;
  if (filter.name && *filter.name != facts.key.name) return false;
  if (facts.last_point < filter.written_since) return false;
  return std::ranges::all_of(filter.dimensions, [&facts](const SeriesFilter::Part& part) {
    return std::ranges::any_of(facts.key.dimensions, [&part](const Dimension& dimension) {
      return dimension.name == part.name && (!part.value || *part.value == dimension.value);
    });
  });
}

// How values are distributed is kept beyond 3 h for load balancers and groups, and for what
// PutMetricData brings; of single targets and zones it would take more room than all the rest.
bool is_detailed(const SeriesKey& key) {
  if (key.space != alb_namespace && key.space != own_namespace) return false;
  return std::ranges::any_of(key.dimensions, [](const Dimension& dimension) {
    return dimension.name == target_dimension || dimension.name == zone_dimension;
  });
}

// Of single targets there are many, and nobody asks for them after weeks.
bool is_of_target(const SeriesKey& key) {
  return key.space == own_namespace &&
         std::ranges::any_of(key.dimensions, [](const Dimension& dimension) {
           return dimension.name == target_dimension;
         });
}

}  // namespace

TimeSeries::TimeSeries(const Limits& limits) : limits_(limits) {}
TimeSeries::~TimeSeries() = default;

TimeSeries::Series* TimeSeries::find_or_make(const SeriesKey& key, std::string_view unit) {
  const auto found = series_.find(key);
  if (found != series_.end()) return found->second.get();
  if (series_.size() >= limits_.series_max) {
    const auto oldest = std::ranges::min_element(
        series_, {}, [](const auto& entry) { return entry.second->facts.last_point; });
    forget(*oldest->second);
    series_.erase(oldest);
  }
  auto made = std::make_unique<Series>();
  made->facts = {key, std::string(unit)};
  made->detailed = is_detailed(key);
  if (is_of_target(key)) made->tiers_kept = 2;
  made->number = next_number_++;
  if (reader_) new_series_.push_back({made->number, described(made->facts), 0});
  return series_.emplace(key, std::move(made)).first->second.get();
}

void TimeSeries::forget(Series& series) {
  for (const Blocks& blocks : series.blocks) {
    for (const auto& [start, kept] : blocks) block_bytes_ -= kept.block.bytes().size();
  }
  if (reader_) forgotten_series_.push_back(series.number);
}

bool TimeSeries::write(const SeriesKey& key, std::string_view unit, WallTime at,
                       const Point& point) {
  if (closed_ != WallTime{} && (at < closed_ - late_max || at > closed_ + ahead_max)) return false;
  if (point.count == 0) return true;
  const WallTime start = floor_to(at, tiers[0].resolution);
  Series& series = *find_or_make(key, unit);
  Point placed = point;
  placed.start = start;
  if (start < closed_) note(series, placed);
  take(series, start, placed);
  return true;
}

void TimeSeries::take(Series& series, WallTime start, const Point& point) {
  series.facts.last_point = std::max(series.facts.last_point, start);
  if (start < closed_) return write_late(series, start, point);
  Point& waiting = series.waiting[start];
  waiting.start = start;
  waiting.merge(point);
}

// What the tier has closed already takes it up, tier by tier; the first that has not does so later.
void TimeSeries::write_late(Series& series, WallTime start, const Point& point) {
  for (size_t tier = 0; tier < series.tiers_kept; ++tier) {
    Point part = point;
    part.start = floor_to(start, tiers[tier].resolution);
    if (part.start + tiers[tier].resolution <= closed_) {
      if (part.start >= closed_ - tiers[tier].kept) change(series, tier, part, true);
      continue;
    }
    std::optional<Point>& open = series.open[tier];
    if (!open) open.emplace().start = part.start;
    open->merge(part);
    return;
  }
}

void TimeSeries::change(Series& series, size_t tier, const Point& point, bool late) {
  const WallTime start = floor_to(point.start, tiers[tier].block);
  Blocks& blocks = series.blocks[tier];
  auto place = blocks.find(start);
  if (place == blocks.end()) {
    std::optional<Block> known;
    if (late || start <= archived_until_) known = archived(series, tier, start);
    if (!known) known.emplace(start, tiers[tier].resolution);
    block_bytes_ += known->bytes().size();
    place = blocks.emplace(start, KeptBlock{std::move(*known)}).first;
  }
  KeptBlock& kept = place->second;
  block_bytes_ -= kept.block.bytes().size();
  if (late || kept.block.last() >= point.start) {
    kept.block.insert(point);
  } else {
    kept.block.append(point);
  }
  kept.unsaved = true;
  block_bytes_ += kept.block.bytes().size();
}

// A closed point is kept, and counts in the next tier.
void TimeSeries::close(Series& series, size_t tier, const Point& point) {
  change(series, tier, point, false);
  if (tier + 1 == series.tiers_kept) return;
  const WallTime start = floor_to(point.start, tiers[tier + 1].resolution);
  std::optional<Point>& open = series.open[tier + 1];
  if (open && open->start != start) {
    close(series, tier + 1, *std::exchange(open, std::nullopt));
  }
  if (!open) open.emplace().start = start;
  open->merge(point);
  if (series.detailed) open->distribution = {};
}

void TimeSeries::raise(Series& series, WallTime until) {
  while (!series.waiting.empty() && series.waiting.begin()->first + tiers[0].resolution <= until) {
    const Point point = series.waiting.extract(series.waiting.begin()).mapped();
    note(series, point);
    close(series, 0, point);
  }
  for (size_t tier = 1; tier < tiers.size(); ++tier) {
    std::optional<Point>& open = series.open[tier];
    if (open && open->start + tiers[tier].resolution <= until) {
      close(series, tier, *std::exchange(open, std::nullopt));
    }
  }
}

// An hour's end is a step of its own: a checkpoint holds nothing of what comes after it.
void TimeSeries::advance(WallTime now) {
  const WallTime until = floor_to(now, tiers[0].resolution);
  const WallTime hour = floor_to(until, tiers.back().resolution);
  if (closed_ == WallTime{}) closed_ = hour;
  if (closed_ < hour && hour < until) step(hour);
  if (closed_ < until) {
    step(until);
  } else {
    post(false);  // what came late
  }
}

void TimeSeries::step(WallTime until) {
  const bool new_block = floor_to(until, tiers[0].block) != floor_to(closed_, tiers[0].block);
  closed_ = until;
  for (const auto& [key, series] : series_) raise(*series, until);
  if (new_block) forget_old();
  post(until == floor_to(until, tiers.back().resolution));
  make_room();
}

void TimeSeries::drop_blocks_before(size_t tier, WallTime start) {
  for (const auto& [key, series] : series_) {
    Blocks& blocks = series->blocks[tier];
    while (!blocks.empty() && blocks.begin()->first < start) {
      block_bytes_ -= blocks.begin()->second.block.bytes().size();
      blocks.erase(blocks.begin());
    }
  }
}

void TimeSeries::forget_old() {
  for (size_t tier = 0; tier < tiers.size(); ++tier) {
    drop_blocks_before(tier, closed_ - tiers[tier].kept - tiers[tier].block);
  }
  std::erase_if(series_, [this](const auto& entry) {
    Series& series = *entry.second;
    const bool old =
        series.facts.last_point < closed_ - tiers.back().kept && series.waiting.empty();
    if (old) forget(series);
    return old;
  });
}

// The oldest go, of whichever tier.
void TimeSeries::make_room() {
  while (block_bytes_ > limits_.block_bytes_max) {
    WallTime oldest = WallTime::max();
    size_t of_tier = 0;
    for (const auto& [key, series] : series_) {
      for (size_t tier = 0; tier < tiers.size(); ++tier) {
        const Blocks& blocks = series->blocks[tier];
        if (blocks.empty() || blocks.begin()->first >= oldest) continue;
        oldest = blocks.begin()->first;
        of_tier = tier;
      }
    }
    for (const auto& [key, series] : series_) {
      const Blocks& blocks = series->blocks[of_tier];
      if (!blocks.empty() && blocks.begin()->first == oldest)
        points_dropped_ += blocks.begin()->second.block.points().size();
    }
    drop_blocks_before(of_tier, oldest + tiers[of_tier].resolution);
  }
}

// [from, to)
std::vector<Point> TimeSeries::points_of(const Series& series, size_t tier, WallTime from,
                                         WallTime to) const {
  std::vector<Point> found;
  const auto add = [&](const Block& block) {
    if (block.last() < from) return;
    for (Point& point : block.points()) {
      if (point.start >= from && point.start < to) found.push_back(std::move(point));
    }
  };
  const Blocks& blocks = series.blocks[tier];
  const WallTime oldest = closed_ - tiers[tier].kept - tiers[tier].block;
  WallTime start = std::max(floor_to(from, tiers[tier].block), floor_to(oldest, tiers[tier].block));
  for (; start < to; start += tiers[tier].block) {
    if (const auto kept = blocks.find(start); kept != blocks.end()) {
      add(kept->second.block);
    } else if (const auto block = archived(series, tier, start)) {
      add(*block);
    }
  }
  return found;
}

std::vector<Point> TimeSeries::read(const SeriesKey& key, WallTime from, WallTime to,
                                    Seconds period, WallTime origin) const {
  DARUMA_ASSERT(period > 0s && period % tiers[0].resolution == 0s);
  DARUMA_ASSERT(origin == floor_to(origin, tiers[0].resolution));
  const auto found = series_.find(key);
  if (found == series_.end() || to <= from) return {};
  const Series& series = *found->second;
  const auto start_of = [period, origin](WallTime time) {
    return origin + floor_to(WallTime(time - origin), period).time_since_epoch();
  };
  WallTime cursor = start_of(from);
  if (cursor < from) cursor += period;
  const WallTime end = start_of(to - WallTime::duration(1)) + period;
  std::vector<Point> merged;
  const auto add = [&merged, &start_of](const Point& point) {
    const WallTime start = start_of(point.start);
    if (merged.empty() || merged.back().start != start) merged.emplace_back().start = start;
    merged.back().merge(point);
  };
  for (size_t tier = series.tiers_kept; tier-- > 0;) {
    const Seconds resolution = tiers[tier].resolution;
    if (period % resolution != 0s || floor_to(origin, resolution) != origin) continue;
    const WallTime closed = std::min(end, floor_to(closed_, resolution));
    if (closed <= cursor) continue;
    for (const Point& point : points_of(series, tier, cursor, closed)) add(point);
    cursor = closed;
  }
  for (const auto& [start, point] : series.waiting) {
    if (start >= cursor && start < end) add(point);
  }
  return merged;
}

std::vector<const SeriesFacts*> TimeSeries::list(const SeriesFilter& filter) const {
  std::vector<const SeriesFacts*> found;
  for (const auto& [key, series] : series_) {
    if (fits(series->facts, filter)) found.push_back(&series->facts);
  }
  return found;
}

const SeriesFacts* TimeSeries::find(const SeriesKey& key) const {
  const auto found = series_.find(key);
  return found == series_.end() ? nullptr : &found->second->facts;
}

}  // namespace daruma::metrics
