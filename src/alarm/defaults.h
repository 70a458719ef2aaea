// SPDX-License-Identifier: Apache-2.0
//
// The alarms that are there without anybody having made them: one for each load balancer, target
// group or certificate that has figures, and one for the node. docs/alarms.md lists them. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "alarm/alarm.h"
#include "metrics/time_series.h"

namespace daruma::alarm {

// Actions of this name go to everybody who is told of alarms.
inline constexpr std::string_view everybody = "daruma:everybody";

// A series that was written since `written_since` has what it measures still there.
std::map<std::string, Alarm> default_alarms(const metrics::TimeSeries& series,
                                            WallTime written_since);

}  // namespace daruma::alarm
