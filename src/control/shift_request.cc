// SPDX-License-Identifier: Apache-2.0
#include "control/shift_request.h"

#include <fmt/format.h>

#include <utility>

#include "control/query_parameters.h"

namespace daruma::control {

Result<ZonalShiftDesk::Request> parse_shift_request(std::string_view query) {
  ZonalShiftDesk::Request request;
  for (auto& [name, value] : query_parameters(query)) {
    if (name == "load_balancer") {
      request.load_balancer = std::move(value);
    } else if (name == "zone") {
      request.zone = std::move(value);
    } else if (name == "expires") {
      request.expires = std::move(value);
    } else if (name == "comment") {
      request.comment = std::move(value);
    } else {
      return fail(fmt::format("'{}' is none of load_balancer, zone, expires and comment", name));
    }
  }
  return request;
}

}  // namespace daruma::control
