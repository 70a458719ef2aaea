// SPDX-License-Identifier: Apache-2.0
#include "control/attribute_texts.h"

#include <fmt/format.h>

#include "http/characters.h"

namespace daruma::control {
namespace {

constexpr size_t cookie_name_bytes_max = 256;

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

}  // namespace daruma::control
