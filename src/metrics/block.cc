// SPDX-License-Identifier: Apache-2.0
#include "metrics/block.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/check.h"

namespace daruma::metrics {
namespace {

// A point begins with a byte of these.
enum Shape : uint8_t { full = 0, events = 1, one_sample = 2, constant = 3 };
constexpr uint8_t shape_mask = 0x03;
constexpr uint8_t follows_directly = 0x04;  // else how many periods later
constexpr uint8_t has_distribution = 0x08;
constexpr uint8_t in_millionths = 0x10;
constexpr uint8_t as_doubles = 0x20;
constexpr uint8_t bounds_as_buckets = 0x40;  // minimum and maximum are middles of buckets

constexpr double exact_below = 9e15;  // 2^53

Shape shape_of(const Point& point) {
  if (point.minimum != point.maximum) return full;
  if (point.count == 1 && point.sum == point.minimum) return one_sample;
  if (point.minimum == 1 && point.sum == point.count) return events;
  return point.sum == point.count * point.minimum ? constant : full;
}

bool is_whole(double value) {
  return std::abs(value) < exact_below && value == std::floor(value);
}
// Within a thousandth of a millionth.
bool is_millionths(double value) {
  const double scaled = value * 1e6;
  return std::abs(scaled) < exact_below && std::abs(scaled - std::round(scaled)) < 1e-3;
}

bool is_middle(double value) {
  return value == Distribution::middle_of(Distribution::index_of(value));
}
bool has_bucket_bounds(const Point& point) {
  return is_middle(point.minimum) && is_middle(point.maximum) && shape_of(point) == full;
}

uint8_t number_form(const Point& point) {
  const bool buckets = has_bucket_bounds(point);
  const double values[] = {point.sum, buckets ? 0 : point.minimum, buckets ? 0 : point.maximum};
  if (!is_whole(point.count)) return as_doubles;
  if (std::ranges::all_of(values, is_whole)) return 0;
  return std::ranges::all_of(values, is_millionths) ? in_millionths : as_doubles;
}

int64_t scaled(double value, uint8_t form) {
  const double number = form == in_millionths ? value * 1e6 : value;
  return std::abs(number) < exact_below ? std::llround(number) : 0;
}
double unscaled(int64_t number, uint8_t form) {
  return form == in_millionths ? static_cast<double>(number) / 1e6 : static_cast<double>(number);
}

class Output {
 public:
  explicit Output(std::string& bytes) : bytes_(bytes) {}

  void byte(uint8_t value) { bytes_ += static_cast<char>(value); }
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void difference(int64_t value) {
    number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void value(double value, double before, uint8_t form) {
    if (form != as_doubles) return difference(scaled(value, form) - scaled(before, form));
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<uint8_t>(bits >> shift));
  }

 private:
  std::string& bytes_;
};

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }
  bool good() const { return good_; }
  uint8_t byte() {
    if (bytes_.empty()) {
      good_ = false;
      return 0;
    }
    const auto value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t next = byte();
      value |= static_cast<uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  int64_t difference() {
    const uint64_t value = number();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  // Damaged bytes may name any bucket.
  double bucket(double before) {
    const int64_t index =
        Distribution::index_of(before) + std::clamp<int64_t>(difference(), -1'000'000, 1'000'000);
    return Distribution::middle_of(static_cast<int32_t>(index));
  }
  double value(double before, uint8_t form) {
    if (form != as_doubles) {
      const auto sum = static_cast<uint64_t>(scaled(before, form)) +
                       static_cast<uint64_t>(difference());  // damaged bytes may overflow
      return unscaled(static_cast<int64_t>(sum), form);
    }
    uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 8) bits |= static_cast<uint64_t>(byte()) << shift;
    return std::bit_cast<double>(bits);
  }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

void write_distribution(Output& out, const Distribution& distribution) {
  out.number(distribution.buckets().size());
  int32_t before = 0;
  for (const Distribution::Bucket& bucket : distribution.buckets()) {
    out.difference(bucket.index - before);
    out.number(bucket.count);
    before = bucket.index;
  }
}

Distribution read_distribution(Input& in) {
  Distribution distribution;
  int64_t index = 0;
  for (uint64_t left = in.number(); left > 0 && in.good(); --left) {
    index = std::clamp<int64_t>(index + std::clamp<int64_t>(in.difference(), INT32_MIN, INT32_MAX),
                                INT32_MIN, INT32_MAX);
    distribution.append(static_cast<int32_t>(index), in.number());
  }
  return distribution;
}

void write_point(Output& out, const Point& point, const Point& before, int64_t gap) {
  const Shape shape = shape_of(point);
  const uint8_t form = number_form(point);
  const bool buckets = has_bucket_bounds(point);
  out.byte(static_cast<uint8_t>(shape | form | (buckets ? bounds_as_buckets : 0) |
                                (gap == 1 ? follows_directly : 0) |
                                (point.distribution.empty() ? 0 : has_distribution)));
  if (gap != 1) out.number(static_cast<uint64_t>(gap));
  out.value(point.sum, before.sum, form);
  const uint8_t count_form = form == in_millionths ? 0 : form;
  if (shape == full || shape == constant) out.value(point.count, before.count, count_form);
  if (buckets) {
    out.difference(Distribution::index_of(point.minimum) - Distribution::index_of(before.minimum));
    out.difference(Distribution::index_of(point.maximum) - Distribution::index_of(before.maximum));
  } else {
    if (shape == full || shape == constant) out.value(point.minimum, before.minimum, form);
    if (shape == full) out.value(point.maximum, before.maximum, form);
  }
  if (!point.distribution.empty()) write_distribution(out, point.distribution);
}

std::optional<Point> read_point(Input& in, const Point& before, std::chrono::seconds resolution) {
  const uint8_t first = in.byte();
  const auto shape = static_cast<Shape>(first & shape_mask);
  const uint8_t form = first & (in_millionths | as_doubles);
  const uint64_t gap = (first & follows_directly) != 0 ? 1 : in.number();
  if (gap == 0 || gap > 100'000) return std::nullopt;
  Point point;
  point.start = before.start + resolution * static_cast<int64_t>(gap);
  point.sum = in.value(before.sum, form);
  point.count = shape == one_sample ? 1 : point.sum;
  point.minimum = shape == events ? 1 : point.sum;
  const uint8_t count_form = form == in_millionths ? 0 : form;
  if (shape == full || shape == constant) point.count = in.value(before.count, count_form);
  if ((first & bounds_as_buckets) != 0) {
    point.minimum = in.bucket(before.minimum);
    point.maximum = in.bucket(before.maximum);
  } else {
    if (shape == full || shape == constant) point.minimum = in.value(before.minimum, form);
    point.maximum = shape == full ? in.value(before.maximum, form) : point.minimum;
  }
  if ((first & has_distribution) != 0) point.distribution = read_distribution(in);
  if (!in.good()) return std::nullopt;
  return point;
}

}  // namespace

Block::Block(WallTime start, std::chrono::seconds resolution, std::string_view bytes)
    : Block(start, resolution) {
  bytes_ = bytes;
  std::vector<Point> found = points();
  bytes_.clear();
  for (Point& point : found) append(point);
}

void Block::append(const Point& point) {
  DARUMA_ASSERT(point.start > last_.start);
  Output out(bytes_);
  write_point(out, point, last_, (point.start - last_.start) / resolution_);
  last_ = {point.start, point.sum, point.count, point.minimum, point.maximum, {}};
}

std::vector<Point> Block::points() const {
  std::vector<Point> points;
  Input in(bytes_);
  Point before{start_ - resolution_, 0, 0, 0, 0, {}};
  while (!in.at_end()) {
    std::optional<Point> point = read_point(in, before, resolution_);
    if (!point) break;
    points.push_back(*point);
    before = std::move(*point);
  }
  return points;
}

void Block::insert(const Point& point) {
  std::vector<Point> all = points();
  const auto place = std::ranges::lower_bound(all, point.start, {}, &Point::start);
  if (place != all.end() && place->start == point.start) {
    place->merge(point);
  } else {
    all.insert(place, point);
  }
  *this = Block(start_, resolution_);
  for (const Point& each : all) append(each);
}

}  // namespace daruma::metrics
