// SPDX-License-Identifier: Apache-2.0
#include "metrics/block.h"

#include <gtest/gtest.h>

namespace daruma::metrics {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};

Point at(int index, Point point) {
  point.start = start + std::chrono::seconds(60) * index;
  return point;
}

std::vector<Point> various() {
  Point latency = Point::of_values(0.0125, 3);
  latency.merge(Point::of_values(0.25, 1));
  Point bounded = latency;
  bounded.minimum = Distribution::middle_of(Distribution::index_of(0.0125));
  bounded.maximum = Distribution::middle_of(Distribution::index_of(0.25));
  Point level = Point::of_sample(10);
  level.merge(Point::of_sample(10));
  Point uneven = Point::of_sample(-3);
  uneven.merge(Point::of_sample(1e300));
  return {at(0, Point::of_events(600)),
          at(1, Point::of_events(9e15 - 1)),
          at(5, latency),
          at(7, bounded),
          at(8, level),
          at(100, uneven),
          at(101, Point::of_sample(1.0 / 3)),
          at(300, Point::of_events(1))};
}

Block filled(const std::vector<Point>& points) {
  Block block(start, 60s);
  for (const Point& point : points) block.append(point);
  return block;
}

TEST(Block, gives_back_what_was_appended) {
  EXPECT_EQ(filled(various()).points(), various());
}

TEST(Block, goes_on_from_stored_bytes) {
  const Block block = filled(various());
  Block again(start, 60s, block.bytes());
  EXPECT_EQ(again.bytes(), block.bytes());
  again.append(at(301, Point::of_events(5)));
  EXPECT_EQ(again.points().back(), at(301, Point::of_events(5)));
  EXPECT_EQ(again.points().size(), various().size() + 1);
}

TEST(Block, takes_a_late_point_where_it_belongs) {
  Block block = filled(various());
  block.insert(at(3, Point::of_events(2)));
  block.insert(at(0, Point::of_events(1)));
  EXPECT_EQ(block.points()[0], at(0, Point::of_events(601)));
  EXPECT_EQ(block.points()[2], at(3, Point::of_events(2)));
  EXPECT_EQ(block.last(), at(300, {}).start);
}

TEST(Block, of_damaged_bytes_keeps_what_is_whole) {
  const Block block = filled(various());
  for (size_t length = 0; length < block.bytes().size(); ++length) {
    const Block cut(start, 60s, block.bytes().substr(0, length));
    EXPECT_LT(cut.points().size(), various().size());
    std::string other = block.bytes();
    other[length] = static_cast<char>(other[length] ^ 0x5a);
    const Block changed(start, 60s, other);  // may be anything, of bounded size
    EXPECT_LE(changed.points().size(), other.size());
  }
}

TEST(Block, takes_few_bytes_for_steady_traffic) {
  Block block(start, 60s);
  for (int i = 0; i < 360; ++i) block.append(at(i, Point::of_events(600 + i * 7919 % 50)));
  EXPECT_LE(block.bytes().size(), 360u * 3);
}

}  // namespace
}  // namespace daruma::metrics
