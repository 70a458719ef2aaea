// SPDX-License-Identifier: Apache-2.0
//
// Listener attributes about header fields (elbv2 ListenerAttribute, "HTTP header modification for
// your Application Load Balancer"): what fields for targets are called, and what is put into every
// response. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "control/issues.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace daruma::control {

// A field of responses, and the key of the attribute that has its value.
struct ResponseFieldKey {
  std::string_view field;
  std::string_view key;
};
inline constexpr std::array<ResponseFieldKey, 10> response_field_keys{{
    {"Strict-Transport-Security", "routing.http.response.strict_transport_security.header_value"},
    {"Access-Control-Allow-Origin",
     "routing.http.response.access_control_allow_origin.header_value"},
    {"Access-Control-Allow-Methods",
     "routing.http.response.access_control_allow_methods.header_value"},
    {"Access-Control-Allow-Headers",
     "routing.http.response.access_control_allow_headers.header_value"},
    {"Access-Control-Allow-Credentials",
     "routing.http.response.access_control_allow_credentials.header_value"},
    {"Access-Control-Expose-Headers",
     "routing.http.response.access_control_expose_headers.header_value"},
    {"Access-Control-Max-Age", "routing.http.response.access_control_max_age.header_value"},
    {"Content-Security-Policy", "routing.http.response.content_security_policy.header_value"},
    {"X-Content-Type-Options", "routing.http.response.x_content_type_options.header_value"},
    {"X-Frame-Options", "routing.http.response.x_frame_options.header_value"},
}};

// As in control/attribute_texts.h: what is wrong with a value, or "".
std::string check_added_header_name(std::string_view value);
std::string check_added_header_value(std::string_view value);

// What the attributes say together.
void validate_listener_fields(const model::api::Listener& listener, const Path& path,
                              Issues& issues);
// REQUIRES: a validated listener.
void compile_listener_fields(const model::api::Listener& from, model::Listener& to);

}  // namespace daruma::control
