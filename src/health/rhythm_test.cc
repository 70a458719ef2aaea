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
      {"", 30s, 30s},
      {"s", 30s, 120s},
      {"sn", 30s, 30s},
      {"h", 30s, 1s},
      {"hh", 30s, 1s},
      {"sh", 30s, 1s},  // one that answers nobody is not busy
      {"shc", 30s, 120s},
      {"hc", 30s, 30s},
      {"hf", 30s, 2s},
      {"hff", 30s, 4s},
      {"hfffff", 30s, 30s},  // never less often than it would be without hurry
      {"hfffff", 300s, 32s},
      {"hffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 300s, 300s},
      {"hffp", 30s, 1s},
      {"hffph", 30s, 1s},
      {"hffh", 30s, 4s},
      {"f", 30s, 30s},
      {"p", 30s, 30s},
      {"h", 500ms, 500ms},
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

}  // namespace
}  // namespace daruma::health
