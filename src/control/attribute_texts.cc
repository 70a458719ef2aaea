// SPDX-License-Identifier: Apache-2.0
#include "control/attribute_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/characters.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

constexpr size_t cookie_name_bytes_max = 256;
constexpr size_t health_check_body_bytes_max = 1024;
constexpr size_t log_prefix_bytes_max = 512;

}  // namespace

std::string check_app_cookie_name(std::string_view value) {
  if (value.starts_with("AWSALB"))
    return "must not begin with AWSALB, AWSALBAPP or AWSALBTG: the load balancer's own are called "
           "so";
  if (value.size() > cookie_name_bytes_max)
    return fmt::format("has {} characters; the limit is {}", value.size(), cookie_name_bytes_max);
  if (!http::is_token(value)) return "is no name of a cookie: letters, digits and !#$%&'*+-.^_`|~";
  return "";
}

std::string check_health_check_body(std::string_view value) {
  if (value.size() > health_check_body_bytes_max)
    return fmt::format("has {} bytes; the limit is {}", value.size(), health_check_body_bytes_max);
  const bool visible = std::ranges::none_of(value, [](char c) { return http::is_control(c); });
  return visible ? "" : "must be one line without control characters";
}

std::string check_target_status_path(std::string_view value) {
  constexpr size_t most = model::limits::target_status_path_bytes_max;
  if (value.size() > most) return fmt::format("has {} bytes; the limit is {}", value.size(), most);
  const bool plain = std::ranges::all_of(
      value, [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
  if (value.starts_with('/') && plain) return "";
  return "must be a path such as /server-status: it begins with '/' and has visible ASCII without "
         "'?' and '#'; ?auto is added";
}

std::string check_log_prefix(std::string_view value) {
  if (value.size() > log_prefix_bytes_max)
    return fmt::format("has {} bytes; the limit is {}", value.size(), log_prefix_bytes_max);
  if (value.find("AWSLogs") != std::string_view::npos)
    return "must not contain AWSLogs, which is what follows a prefix";
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find('/', begin), value.size());
    const std::string_view part = value.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return "must be a path such as lb/web, without '/' at either end and without '.' and '..'";
    begin = end + 1;
  }
  const bool visible = std::ranges::none_of(value, [](char c) { return http::is_control(c); });
  return visible ? "" : "must not have control characters";
}

}  // namespace daruma::control
