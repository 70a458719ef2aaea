// SPDX-License-Identifier: Apache-2.0
//
// Checks of single values that several parts of validate() share. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/attributes.h"
#include "control/issues.h"
#include "model/limits.h"
#include "model/resources.h"

namespace daruma::control {

inline constexpr model::limits::Range port_range{1, 65535, 0};

// These return what is wrong, or "". `what` begins a sentence: "Target group".
std::string check_name(std::string_view what, std::string_view name);  // AWS's rules
std::string check_certificate_name(std::string_view name);
std::string check_host_name(std::string_view name);  // a DNS name (RFC 1123, '_' tolerated)
// Whether it is of 1 to `bytes_max` characters of ASCII that print, without a space.
bool is_visible(std::string_view text, size_t bytes_max);

// These report to `issues`, at `member` of `parent`.
// False if the number is out of range; an absent one is not.
bool validate_number(const std::optional<int64_t>& value, model::limits::Range range,
                     const Path& parent, std::string_view member, Issues& issues);
void validate_zone(const std::string& zone, const Path& parent, Issues& issues);
void validate_attributes(AttributeScope scope, const model::api::Attributes& attributes,
                         const Path& parent, Issues& issues);
void not_in_this_release(const Path& where, const std::string& what, Issues& issues);

}  // namespace daruma::control
