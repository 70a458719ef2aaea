// SPDX-License-Identifier: Apache-2.0
#include "control/zonal_shifts.h"

#include <gtest/gtest.h>

#include "telemetry/temporary_directory.h"

namespace daruma::control {
namespace {

constexpr WallTime noon = WallTime(std::chrono::seconds(1'790'000'000));

ZonalShift shift(const std::string& balancer, Duration lasts) {
  return {.load_balancer = balancer,
          .zone = "zone-a",
          .started = noon,
          .expires = noon + std::chrono::duration_cast<WallTime::duration>(lasts),
          .comment = "power"};
}

TEST(ZonalShifts, last_from_a_minute_to_three_days) {
  struct Row {
    const char* text;
    Duration lasts;  // 0: no time
  };
  const Row rows[] = {{"1m", 1min},   {"90m", 90min},    {"2h", 2h},  {"72h", 72h}, {"3d", 72h},
                      {"4320m", 72h}, {"4321m", 0s},     {"0m", 0s},  {"4d", 0s},   {"73h", 0s},
                      {"", 0s},       {"m", 0s},         {"2", 0s},   {"2s", 0s},   {"-1h", 0s},
                      {"1.5h", 0s},   {"99999999h", 0s}, {"2 h", 0s}, {"2H", 0s}};
  for (const Row& row : rows) {
    const Result<Duration> parsed = parse_shift_duration(row.text);
    EXPECT_EQ(parsed.value_or(0s), row.lasts) << row.text;
    if (!parsed) {
      EXPECT_EQ(parsed.error().message, "'" + std::string(row.text) +
                                            "' is no time until a zonal shift expires: 1m to 3d, "
                                            "such as 90m or 2h");
    }
  }
}

TEST(ZonalShifts, expire_one_by_one) {
  ZonalShifts shifts;
  EXPECT_FALSE(shifts.next_expiry());
  shifts.put(shift("web", 2h));
  shifts.put(shift("api", 1h));
  EXPECT_EQ(shifts.zone_of("web"), "zone-a");
  EXPECT_EQ(shifts.zone_of("other"), "");
  EXPECT_EQ(shifts.next_expiry(), noon + 1h);
  EXPECT_TRUE(shifts.take_expired(noon + 59min).empty());
  const auto expired = shifts.take_expired(noon + 1h);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0], shift("api", 1h));
  EXPECT_EQ(shifts.next_expiry(), noon + 2h);
  EXPECT_TRUE(shifts.remove("web"));
  EXPECT_FALSE(shifts.remove("web"));
}

TEST(ZonalShifts, are_kept_and_found_again) {
  const telemetry::TemporaryDirectory directory;
  const std::string data = (directory / "data").string();
  Result<ZonalShifts> none = load_zonal_shifts(data);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->all().empty());
  ZonalShifts shifts;
  shifts.put(shift("web", 2h));
  shifts.put(shift("api", 1h));
  ASSERT_TRUE(save_zonal_shifts(data, shifts));
  const Result<ZonalShifts> found = load_zonal_shifts(data);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->all(), shifts.all());
}

TEST(ZonalShifts, that_are_damaged_are_not_taken_in_part) {
  const telemetry::TemporaryDirectory directory;
  for (const char* text : {"", "[]", "{", "{\"version\": 2, \"shifts\": []}",
                           "{\"version\": 1, \"shifts\": [{\"load_balancer\": \"web\"}]}",
                           "{\"version\": 1, \"shifts\": {}}"}) {
    directory.write("zonal_shifts.json", text);
    const Result<ZonalShifts> found = load_zonal_shifts(directory.path().string());
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().message, directory.path().string() +
                                         "/zonal_shifts.json is damaged or was written by another "
                                         "version");
  }
}

}  // namespace
}  // namespace daruma::control
