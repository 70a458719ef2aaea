// SPDX-License-Identifier: Apache-2.0
//
// Sticky sessions of a target group (its stickiness.* attributes), as workers read them. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace daruma::model {

enum class StickinessType : uint8_t { off, lb_cookie, app_cookie };

// A target as cookies name it, and its place in the group.
struct StickyPlace {
  uint64_t id = 0;
  uint32_t target = 0;
  auto operator<=>(const StickyPlace&) const = default;
};

struct Stickiness {
  StickinessType type = StickinessType::off;
  Duration duration = 86400s;
  std::string app_cookie_name;      // of app_cookie
  std::vector<StickyPlace> places;  // by id; of a group without stickiness none

  std::optional<uint32_t> find(uint64_t id) const;
  bool operator==(const Stickiness&) const = default;
};

struct TargetGroup;
// Gives the group its id and, if it is sticky, its targets their places: the same on every node and
// after every restart. To be called when its name, targets and stickiness are there.
void set_sticky_ids(TargetGroup& group);

}  // namespace daruma::model
