// SPDX-License-Identifier: Apache-2.0
#include "routing/in_play.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::routing {
namespace {

struct Row {
  std::string zones;  // of the targets: a, b, '*' for "all", '-' for none
  bool cross_zone;
  const char* shifted;
  std::string in_play;  // 1 or 0 each
  std::string away = std::string(in_play.size(), '0');
};

TEST(InPlay, by_table) {
  const Row rows[] = {
      {"ab-*", true, "", "1111"},           // the default: every zone alike
      {"ab-*", false, "", "1011"},          // the node is in zone a
      {"bb", false, "", "00"},              // nobody of this zone: 503
      {"", false, "", ""},                  //
      {"ab-*", true, "a", "1111", "1000"},  // traffic was shifted away from zone a
      {"ab-*", true, "b", "1111", "0100"},  //
      {"a-", true, "a", "11", "10"},        //
      {"ab", false, "a", "10"},             // not across zones: the node leaves DNS, as it stands
      {"ab", false, "b", "10"},             //
      {"ab", true, "c", "11"},              //
  };
  for (const Row& row : rows) {
    model::TargetGroup group;
    for (const char zone : row.zones) {
      model::Target target;
      target.zone = zone == '-' ? "" : zone == '*' ? "all" : std::string(1, zone);
      group.targets.push_back(target);
    }
    group.balancing.cross_zone = row.cross_zone;
    group.balancing.shifted_zone = row.shifted;
    std::string found, away;
    for (const bool each : targets_in_play(group, "a")) found += each ? '1' : '0';
    for (const bool each : targets_of_shifted_zone(group)) away += each ? '1' : '0';
    EXPECT_EQ(away, row.away) << row.zones << row.cross_zone << row.shifted;
    EXPECT_EQ(found, row.in_play) << row.zones << row.cross_zone << row.shifted;
  }
}

}  // namespace
}  // namespace daruma::routing
