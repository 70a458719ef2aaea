// SPDX-License-Identifier: Apache-2.0
//
// The query of an admin page's address, taken apart. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daruma::control {

// In order, values decoded; what is no escape stands for itself. The names are views of `query`.
std::vector<std::pair<std::string_view, std::string>> query_parameters(std::string_view query);

}  // namespace daruma::control
