// SPDX-License-Identifier: Apache-2.0
#include "health/rhythm.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::health {
namespace {

struct Row {
  const char* events;  // h(urry), c(alm), f(ailed again), p(assed again), s(paring), n(ot sparing)
  Duration interval;
  Duration gap;
};

TEST(Rhythm, gap_by_table) {
  const Row rows[] = {
      {"", 30s, 30s},           {"s", 30s, 120s},     {"sn", 30s, 30s},     {"h", 30s, 1s},
      {"hh", 30s, 1s},          {"sh", 30s, 1s},  // one that answers nobody is not busy
      {"shc", 30s, 120s},       {"hc", 30s, 30s},     {"hf", 30s, 250ms},   {"hff", 30s, 275ms},
      {"hfff", 30s, 302500us},  {"hffh", 30s, 275ms}, {"hffp", 30s, 100ms}, {"hffph", 30s, 100ms},
      {"hffpf", 30s, 302500us},  // it goes on as before
      {"hffchf", 30s, 250ms},   {"f", 30s, 30s},      {"p", 30s, 30s},      {"h", 500ms, 500ms},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.events);
    Rhythm rhythm;
    for (const char event : std::string(row.events)) {
      if (event == 'h') rhythm.hurry();
      if (event == 'c') rhythm.calm();
      if (event == 'f') rhythm.on_failed_again();
      if (event == 'p') rhythm.on_passed_again();
      if (event == 's') rhythm.set_sparing(true);
      if (event == 'n') rhythm.set_sparing(false);
    }
    EXPECT_EQ(rhythm.gap(row.interval), row.gap);
  }
}

// How long a target is away, probed in a hurry, until the gap is what it would be without.
TEST(Rhythm, a_target_is_found_after_a_tenth_of_the_time_that_it_was_away) {
  for (const Duration interval : {5s, 30s, 300s}) {
    Rhythm rhythm;
    rhythm.hurry();
    rhythm.on_failed_again();
    Duration away{};
    for (; rhythm.gap(interval) < interval; rhythm.on_failed_again()) {
      EXPECT_LE(rhythm.gap(interval), away / 10 + 251ms);
      away += rhythm.gap(interval);
    }
    EXPECT_LT(away, 11 * interval);
    for (int i = 0; i < 100; ++i) rhythm.on_failed_again();
    EXPECT_EQ(rhythm.gap(interval), interval);  // never less often than it would be without hurry
  }
}

}  // namespace
}  // namespace daruma::health
