// SPDX-License-Identifier: Apache-2.0
//
// What POST /zonal-shifts/start, /extend and /cancel ask for. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "control/zonal_shift_desk.h"

namespace daruma::control {

// load_balancer=, zone=, expires=, comment=; what is missing is "". Or what is wrong.
Result<ZonalShiftDesk::Request> parse_shift_request(std::string_view query);

}  // namespace daruma::control
