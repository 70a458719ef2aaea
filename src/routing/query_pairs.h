// SPDX-License-Identifier: Apache-2.0
//
// The pairs of a query string, "key=value&key=value", as rules see them: nothing is decoded, as in
// an ALB; a pair without '=' has an empty value. Pure.
#pragma once

#include <string_view>

namespace daruma::routing {

// Whether f(key, value) is true for one of the pairs, the first one first.
template <class F>
bool any_query_pair(std::string_view query, F f) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    if (!pair.empty() && f(pair.substr(0, equals), value)) return true;
    if (end == std::string_view::npos) return false;
    query.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace daruma::routing
