// SPDX-License-Identifier: Apache-2.0
#include "control/zonal_shift_desk.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "control/letter_loop_for_test.h"
#include "telemetry/temporary_directory.h"

namespace daruma::control {
namespace {

class ZonalShiftDeskTest : public testing::Test, private ZonalShiftDesk::Owner {
 protected:
  ZonalShiftDeskTest() {
    resources_.node.availability_zone = "zone-a";
    resources_.load_balancers.resize(2);
    resources_.load_balancers[0].name = "web";
    resources_.load_balancers[0].attributes["zonal_shift.config.enabled"] = "true";
    resources_.load_balancers[1].name = "fixed";
    resources_.target_groups.resize(1);
    resources_.target_groups[0].targets = {{"10.0.0.1", 80, "zone-b"}, {"10.0.0.2", 80, ""}};
  }
  std::unique_ptr<ZonalShiftDesk> make(const std::string& directory = "") {
    ZonalShiftDesk::Owner& owner = *this;
    return std::make_unique<ZonalShiftDesk>(loop_, log_, directory, owner);
  }
  // The status, and what is said.
  std::string start(ZonalShiftDesk& desk, const ZonalShiftDesk::Request& request) {
    const auto answer = desk.start(request, resources_);
    if (answer) return "ok";
    return std::to_string(answer.error().status) + " " + answer.error().message;
  }
  void on_zonal_shift_expired() override { ++expired_; }

  LetterLoop loop_;
  const Log log_ = Log::silent();
  model::api::Resources resources_;
  int expired_ = 0;
};

TEST_F(ZonalShiftDeskTest, refuses_what_makes_no_sense) {
  const auto desk = make();
  struct Row {
    ZonalShiftDesk::Request request;
    const char* answer;
  };
  const Row rows[] = {
      {{"wbe", "zone-a", "2h", ""}, "404 there is no load balancer 'wbe'; did you mean web?"},
      {{"fixed", "zone-a", "2h", ""},
       "400 'zonal_shift.config.enabled' of load balancer 'fixed' is not true"},
      {{"web", "zone-c", "2h", ""},
       "400 zone 'zone-c' is none of the node's or a target's: zone-a, zone-b"},
      {{"web", "", "2h", ""}, "400 zone '' is none of the node's or a target's: zone-a, zone-b"},
      {{"web", "zone-a", "4d", ""},
       "400 '4d' is no time until a zonal shift expires: 1m to 3d, such as 90m or 2h"},
      {{"web", "zone-a", "2h", std::string(129, 'x')}, "400 a comment has at most 128 bytes"},
      {{"web", "zone-b", "2h", "power"}, "ok"},
      {{"web", "zone-a", "2h", ""},
       "409 traffic of load balancer 'web' is shifted away from zone-b already; cancel that, or "
       "extend it"},
  };
  for (const Row& row : rows) EXPECT_EQ(start(*desk, row.request), row.answer);
  EXPECT_EQ(desk->extend({"fixed", "", "2h", ""}).error().message,
            "no traffic of load balancer 'fixed' is shifted");
  EXPECT_EQ(desk->cancel({"fixed", "", "", ""}).error().status, 404);
  EXPECT_EQ(desk->shifts().zone_of("web"), "zone-b");
}

TEST_F(ZonalShiftDeskTest, ends_when_its_time_is_over) {
  const auto desk = make();
  ASSERT_EQ(start(*desk, {"web", "zone-a", "90m", ""}), "ok");
  loop_.run_for(89min);
  EXPECT_EQ(expired_, 0);
  ASSERT_TRUE(desk->extend({"web", "", "10m", ""}));
  loop_.run_for(9min);
  EXPECT_EQ(desk->shifts().zone_of("web"), "zone-a");
  loop_.run_for(1min + 1s);
  EXPECT_EQ(expired_, 1);
  EXPECT_EQ(desk->shifts().zone_of("web"), "");
}

TEST_F(ZonalShiftDeskTest, is_kept_over_a_restart_until_it_expires) {
  const telemetry::TemporaryDirectory directory;
  const std::string data = (directory / "data").string();
  ASSERT_EQ(start(*make(data), {"web", "zone-a", "1h", "power"}), "ok");
  auto next = make(data);
  next->restore();
  EXPECT_EQ(next->shifts().zone_of("web"), "zone-a");
  EXPECT_EQ(next->shifts().all().at("web").comment, "power");
  next = nullptr;
  loop_.run_for(1h + 1s);
  next = make(data);
  next->restore();
  EXPECT_TRUE(next->shifts().all().empty());
  ASSERT_EQ(start(*next, {"web", "zone-b", "1h", ""}), "ok");
  ASSERT_TRUE(next->cancel({"web", "", "", ""}));
  const auto third = make(data);
  third->restore();
  EXPECT_TRUE(third->shifts().all().empty());
}

TEST_F(ZonalShiftDeskTest, a_damaged_file_is_moved_aside_and_keeps_nobody_from_starting) {
  const telemetry::TemporaryDirectory directory;
  directory.write("zonal_shifts.json", "{");
  const std::string data = directory.path().string();
  const auto desk = make(data);
  desk->restore();
  EXPECT_TRUE(desk->shifts().all().empty());
  EXPECT_FALSE(std::filesystem::exists(data + "/zonal_shifts.json"));
  EXPECT_TRUE(std::filesystem::exists(data + "/zonal_shifts.json.damaged"));
  ASSERT_EQ(start(*desk, {"web", "zone-a", "1h", ""}), "ok");
  const auto next = make(data);
  next->restore();
  EXPECT_EQ(next->shifts().zone_of("web"), "zone-a");
}

TEST_F(ZonalShiftDeskTest, nothing_changes_that_cannot_be_kept) {
  const auto desk = make("/nowhere/data");
  EXPECT_EQ(desk->start({"web", "zone-a", "1h", ""}, resources_).error().status, 500);
  EXPECT_TRUE(desk->shifts().all().empty());
}

TEST_F(ZonalShiftDeskTest, ends_with_its_load_balancer) {
  const auto desk = make();
  ASSERT_EQ(start(*desk, {"web", "zone-a", "1h", ""}), "ok");
  desk->keep_those_of(resources_);
  EXPECT_EQ(desk->shifts().zone_of("web"), "zone-a");
  resources_.load_balancers[0].attributes.clear();
  desk->keep_those_of(resources_);
  EXPECT_EQ(desk->shifts().zone_of("web"), "");
}

}  // namespace
}  // namespace daruma::control
