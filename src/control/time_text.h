// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/time.h"

namespace daruma::control {

// "2026-10-03T12:02:00.123456Z"
std::string date_and_time(WallTime time);

}  // namespace daruma::control
