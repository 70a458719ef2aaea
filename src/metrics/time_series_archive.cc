// SPDX-License-Identifier: Apache-2.0
//
// How points come to the archive and back: metrics/time_series.h tells the scheme.
#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/time_series_parts.h"

namespace daruma::metrics {
namespace {

void append_number(std::string& bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}
void append_text(std::string& bytes, std::string_view text) {
  append_number(bytes, text.size());
  bytes += text;
}

std::optional<uint64_t> take_number(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto next = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
  return std::nullopt;
}
std::optional<std::string_view> take_text(std::string_view& bytes) {
  const auto size = take_number(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const std::string_view text = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  return text;
}

// Its number among the blocks of its tier since 1970.
uint32_t place_of(WallTime start, size_t tier) {
  return static_cast<uint32_t>(std::max<int64_t>(start.time_since_epoch() / tiers[tier].block, 0));
}

// With a place as the archive takes it: 0 would leave everything.
uint32_t oldest_place(WallTime closed, size_t tier, double part) {
  const Seconds kept(std::llround(static_cast<double>(tiers[tier].kept.count()) * part));
  return place_of(closed - kept - tiers[tier].block, tier);
}

}  // namespace

std::string described(const SeriesFacts& facts) {
  std::string bytes;
  append_text(bytes, facts.key.space);
  append_text(bytes, facts.key.name);
  append_text(bytes, facts.unit);
  for (const Dimension& dimension : facts.key.dimensions) {
    append_text(bytes, dimension.name);
    append_text(bytes, dimension.value);
  }
  return bytes;
}

std::optional<SeriesFacts> facts_of(std::string_view description) {
  const auto space = take_text(description);
  const auto name = take_text(description);
  const auto unit = take_text(description);
  if (!space || !name || !unit) return std::nullopt;
  std::vector<Dimension> dimensions;
  while (!description.empty()) {
    const auto dimension = take_text(description);
    const auto value = take_text(description);
    if (!dimension || !value) return std::nullopt;
    dimensions.push_back({std::string(*dimension), std::string(*value)});
  }
  return SeriesFacts{SeriesKey::of(*space, *name, std::move(dimensions)), std::string(*unit)};
}

uint64_t TimeSeries::points_dropped() const {
  return points_dropped_ + (writer_ ? writer_->points_dropped() : 0);
}

std::optional<Block> TimeSeries::archived(const Series& series, size_t tier, WallTime start) const {
  if (!reader_ || tier == 0) return std::nullopt;
  const uint32_t place = place_of(start, tier);
  auto found = reader_->blocks(series.number, static_cast<uint8_t>(tier), place, place + 1);
  if (found.empty()) return std::nullopt;
  return Block(start, tiers[tier].resolution, found.front().bytes);
}

// ---- there ----

void TimeSeries::note(const Series& series, const Point& point) {
  if (!writer_) return;
  Block one(point.start, tiers[0].resolution);
  one.append(point);
  append_number(slice_, series.number);
  append_number(slice_,
                static_cast<uint64_t>(point.start.time_since_epoch() / tiers[0].resolution));
  append_text(slice_, one.bytes());
  ++slice_points_;
}

void TimeSeries::post(bool checkpoint) {
  if (!writer_ || (slice_.empty() && !checkpoint)) return;
  store::ArchiveBatch batch;
  batch.series = std::exchange(new_series_, {});
  batch.forgotten_series = std::exchange(forgotten_series_, {});
  batch.points = std::exchange(slice_points_, 0);
  // Several may come within one period, while the clock stands back.
  last_slice_ = std::max<int64_t>(last_slice_ + 1, closed_.time_since_epoch().count());
  if (!slice_.empty()) batch.slices.push_back({last_slice_, std::exchange(slice_, "")});
  // While the disk takes nothing, the journal is not shortened, and the blocks stay in memory.
  if (checkpoint && !writer_->is_behind()) add_checkpoint(batch);
  writer_->post(std::move(batch));
}

// What was saved an hour ago, and cannot change but by late points, leaves the memory.
void TimeSeries::add_checkpoint(store::ArchiveBatch& batch) {
  // A twentieth shorter each hour, until nine tenths of it suffice.
  if (reader_->bytes_used() > store::Archive::bytes_max / 10 * 9) {
    kept_part_ = std::max(kept_part_ * 0.95, 0.02);
  }
  batch.checkpoint = closed_.time_since_epoch().count();
  batch.slices_before = (closed_ - tiers[0].kept - tiers[0].block).time_since_epoch().count();
  for (size_t tier = 1; tier < tiers.size(); ++tier) {
    batch.blocks_before[tier] = oldest_place(closed_, tier, kept_part_);
  }
  for (const auto& [key, series] : series_) {
    const int64_t last_point = series->facts.last_point.time_since_epoch().count();
    if (series->facts.last_point >= closed_ - 2h)
      batch.series.push_back({series->number, described(series->facts), last_point});
    for (size_t tier = 1; tier < tiers.size(); ++tier) {
      Blocks& blocks = series->blocks[tier];
      for (auto entry = blocks.begin(); entry != blocks.end();) {
        auto& [start, kept] = *entry;
        if (kept.unsaved) {
          batch.blocks.push_back({series->number, static_cast<uint8_t>(tier), place_of(start, tier),
                                  kept.block.bytes()});
          kept.unsaved = false;
        } else if (start + tiers[tier].block <= closed_) {
          block_bytes_ -= kept.block.bytes().size();
          entry = blocks.erase(entry);
          continue;
        }
        ++entry;
      }
    }
  }
}

void TimeSeries::finish(WallTime now) {
  if (!writer_) return;
  advance(floor_to(now, tiers[0].resolution) + tiers[0].resolution);
  writer_->stop();
}

// ---- and back ----

Result<void> TimeSeries::attach(std::unique_ptr<store::Archive> reader,
                                std::unique_ptr<Archivist> writer) {
  const auto contents = reader->load();
  if (!contents) return fail(contents.error().message);
  reader_ = std::move(reader);
  archived_until_ = WallTime::max();
  restore(*contents);
  archived_until_ = closed_;
  by_number_.clear();
  new_series_.clear();
  writer_ = std::move(writer);
  return {};
}

void TimeSeries::restore(const store::ArchiveContents& contents) {
  next_number_ = contents.next_series;
  for (const store::ArchivedSeries& archived : contents.series) {
    const auto facts = facts_of(archived.description);
    if (!facts || series_.size() >= limits_.series_max) continue;
    Series& series = *find_or_make(facts->key, facts->unit);
    series.number = archived.number;
    series.facts.last_point = WallTime(WallTime::duration(archived.last_point));
    by_number_[archived.number] = &series;
  }
  next_number_ = std::max(next_number_, contents.next_series);
  const WallTime checkpoint{WallTime::duration(contents.checkpoint)};
  closed_ = checkpoint;
  for (const store::ArchivedSlice& slice : contents.slices) replay(slice, checkpoint);
  if (!contents.slices.empty()) last_slice_ = contents.slices.back().time;
}

// What the checkpoint has is taken in for its 10-second points only.
void TimeSeries::replay(const store::ArchivedSlice& slice, WallTime checkpoint) {
  const WallTime until = floor_to(WallTime(WallTime::duration(slice.time)), tiers[0].resolution);
  std::string_view rest = slice.bytes;
  while (!rest.empty()) {
    const auto number = take_number(rest);
    const auto period = take_number(rest);
    const auto bytes = take_text(rest);
    if (!number || !period || !bytes || *period > 1'000'000'000'000) break;
    const WallTime start{tiers[0].resolution * static_cast<int64_t>(*period)};
    const auto series = by_number_.find(static_cast<uint32_t>(*number));
    const std::vector<Point> points = Block(start, tiers[0].resolution, *bytes).points();
    if (series == by_number_.end() || points.size() != 1) continue;
    if (WallTime(WallTime::duration(slice.time)) > checkpoint) {
      take(*series->second, start, points.front());
    } else {
      Series& known = *series->second;
      known.facts.last_point = std::max(known.facts.last_point, start);
      change(known, 0, points.front(), false);
    }
  }
  if (until > closed_) {
    closed_ = until;
    for (const auto& [key, series] : series_) raise(*series, until);
  }
}

}  // namespace daruma::metrics
