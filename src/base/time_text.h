// SPDX-License-Identifier: Apache-2.0
//
// Times for people and logs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace daruma {

// "2026-10-03T12:02:00.123456Z"
std::string date_and_time(WallTime time);
// ISO 8601's basic format, to the second: "20261003T120200Z"
std::string compact_date_and_time(WallTime time);

// The same read again, to the second; nullopt if it is none.
std::optional<WallTime> parse_date_and_time(std::string_view text);
std::optional<WallTime> parse_compact_date_and_time(std::string_view text);

}  // namespace daruma
