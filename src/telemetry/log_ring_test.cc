// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace daruma::telemetry {
namespace {

using Lines = std::vector<std::pair<uint32_t, std::string>>;

Lines drained(LogRing& ring) {
  Lines lines;
  ring.drain([&](uint32_t file, std::string_view line) { lines.emplace_back(file, line); });
  return lines;
}

TEST(LogRing, gives_lines_back_in_order_with_their_file) {
  LogRing ring(1024);
  EXPECT_TRUE(ring.push(7, "first\n"));
  EXPECT_TRUE(ring.push(0, ""));
  EXPECT_TRUE(ring.push(8, "third\n"));
  EXPECT_EQ(drained(ring), (Lines{{7, "first\n"}, {0, ""}, {8, "third\n"}}));
  EXPECT_TRUE(drained(ring).empty());
}

TEST(LogRing, refuses_what_does_not_fit_and_writes_nothing_of_it) {
  LogRing ring(64);
  EXPECT_FALSE(ring.push(1, std::string(57, 'x')));  // 8 bytes of header
  EXPECT_TRUE(ring.push(1, std::string(40, 'a')));
  EXPECT_FALSE(ring.push(2, std::string(9, 'b')));
  EXPECT_TRUE(ring.push(3, std::string(8, 'c')));  // exactly full now
  EXPECT_FALSE(ring.push(4, ""));
  EXPECT_EQ(drained(ring), (Lines{{1, std::string(40, 'a')}, {3, std::string(8, 'c')}}));
  EXPECT_TRUE(ring.push(5, std::string(56, 'd')));
  EXPECT_EQ(drained(ring), (Lines{{5, std::string(56, 'd')}}));
}

TEST(LogRing, survives_wrapping_at_every_offset) {
  LogRing ring(128);
  for (size_t size = 0; size < 120; ++size) {
    for (int i = 0; i < 130; ++i) {
      const std::string line(size, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(ring.push(static_cast<uint32_t>(i), line));
      ASSERT_EQ(drained(ring), (Lines{{static_cast<uint32_t>(i), line}}));
    }
  }
}

TEST(LogRing, one_drain_ends_though_its_reader_pushes) {
  LogRing ring(1024);
  ring.push(0, "one");
  size_t seen = 0;
  const size_t lines = ring.drain([&](uint32_t, std::string_view) {
    ++seen;
    ring.push(0, "more");
  });
  EXPECT_EQ(lines, 1u);
  EXPECT_EQ(seen, 1u);
}

// Meant for ThreadSanitizer as well.
TEST(LogRing, keeps_a_million_lines_in_order_between_threads) {
  constexpr uint32_t line_count = 1'000'000;
  LogRing ring(64 * 1024);
  std::thread producer([&ring] {
    for (uint32_t i = 0; i < line_count; ++i) {
      const std::string line = std::to_string(i);
      while (!ring.push(i % 3, line)) std::this_thread::yield();
    }
  });
  uint32_t next = 0;
  uint32_t wrong = 0;
  while (next < line_count) {
    const size_t lines = ring.drain([&](uint32_t file, std::string_view line) {
      if (file != next % 3 || line != std::to_string(next)) ++wrong;
      ++next;
    });
    if (lines == 0) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(drained(ring).empty());
}

}  // namespace
}  // namespace daruma::telemetry
