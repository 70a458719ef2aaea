// SPDX-License-Identifier: Apache-2.0
//
// What metrics and spans have in common in OTLP's JSON encoding: numbers of 64 bits are text, ids
// are hexadecimal. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"

namespace daruma::notify {

using Json = nlohmann::ordered_json;

inline Json otlp_attribute(const std::string& name, const std::string& value) {
  return {{"key", name}, {"value", {{"stringValue", value}}}};
}
inline Json otlp_attribute(const std::string& name, int64_t value) {
  return {{"key", name}, {"value", {{"intValue", std::to_string(value)}}}};
}
inline std::string otlp_time(WallTime time) {
  return std::to_string(Duration(time.time_since_epoch()).count());  // nanoseconds
}
// A whole request; text that is no UTF-8 loses what is none.
inline std::string otlp_request(const char* resources, const char* scopes, const Json& scope,
                                const std::map<std::string, std::string>& resource) {
  Json attributes = Json::array();
  for (const auto& [name, value] : resource) attributes.push_back(otlp_attribute(name, value));
  const Json request = {{resources, Json::array({{{"resource", {{"attributes", attributes}}},
                                                  {scopes, Json::array({scope})}}})}};
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace daruma::notify
