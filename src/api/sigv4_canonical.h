// SPDX-License-Identifier: Apache-2.0
//
// The canonical forms that a SigV4 signature is made of. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace daruma::api {

struct QueryPair {
  std::string name;  // decoded
  std::string value;
};
std::vector<QueryPair> query_pairs(std::string_view query);

// Path normalised, each segment encoded once more than it was received.
std::string canonical_path(std::string_view path);
// Pairs sorted as they are spelled encoded, without those named `except`.
std::string canonical_query(const std::vector<QueryPair>& pairs, std::string_view except);
// "name:value\n", of all fields of that name in the request's order, trimmed, inner spaces one.
std::string canonical_field(const http::Fields& fields, std::string_view name);

}  // namespace daruma::api
