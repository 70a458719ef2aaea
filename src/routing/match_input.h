// SPDX-License-Identifier: Apache-2.0
//
// What rules look at in a request. Views; lives as long as the request's head.
#pragma once

#include <string_view>

namespace daruma::routing {

struct MatchInput {
  std::string_view host;  // without port, any case
  std::string_view path;  // normalised, without query
};

}  // namespace daruma::routing
