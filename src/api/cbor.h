// SPDX-License-Identifier: Apache-2.0
//
// CBOR (RFC 8949) ↔ the tree that the CloudWatch API works on, by libcbor, whose decoder holds its
// own stack: a JSON library's recurses as deep as a peer says. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/cloudwatch_input.h"

namespace daruma::api::cloudwatch {

// nullopt: not one whole item of CBOR, nested more than 16 deep, or with keys that are no texts.
// Tags are left out (a time is its number).
std::optional<Json> from_cbor(std::string_view bytes);
// Times (cloudwatch_input.h) with tag 1.
std::string to_cbor(const Json& json);

}  // namespace daruma::api::cloudwatch
