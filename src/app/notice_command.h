// SPDX-License-Identifier: Apache-2.0
//
// Tells of alarms by starting a program: the notices as JSON ({"notices": […]}) on its standard
// input, a title in DARUMA_ALARM_TITLE. It has 30 s, and should exit with 0; anything else is tried
// again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "notify/way.h"

namespace daruma::app {

// `command`: the program (its path, or a name in PATH) and its arguments.
std::unique_ptr<notify::Way> make_notice_command(const std::string& name,
                                                 const std::vector<std::string>& command);

}  // namespace daruma::app
