// SPDX-License-Identifier: Apache-2.0
//
// What attribute values may say that are texts of their own. Each says what is wrong, as the end of
// the sentence "'key' value 'x' …", or "". Pure.
#pragma once

#include <string>
#include <string_view>

namespace daruma::control {

// A token (RFC 6265 4.1.1) that is not one of the load balancer's own names.
std::string check_app_cookie_name(std::string_view value);

// What a health check's body must hold: one line of UTF-8.
std::string check_health_check_body(std::string_view value);
// Where a target's mod_status is: a path without a query, for which `?auto` is added.
std::string check_target_status_path(std::string_view value);
// Of logs within a bucket: a path without "AWSLogs", which is what follows it.
std::string check_log_prefix(std::string_view value);

// Checked elsewhere, with what it refers to.
inline std::string any_text(std::string_view) {
  return "";
}

}  // namespace daruma::control
