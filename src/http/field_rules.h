// SPDX-License-Identifier: Apache-2.0
//
// Which of a request's fields are passed on to the target, as far as their names decide: the same
// in the head as in the trailer section. Pure. Part of forwarding_headers.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/forwarding_headers.h"
#include "http/nominations.h"
#include "http/trace_context.h"

namespace daruma::http {

// As routing.http.drop_invalid_header_fields has it: [-A-Za-z0-9]+
inline bool is_valid_field_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '-' || is_alphanumeric(c); });
}

class FieldRules {
 public:
  explicit FieldRules(const ForwardingSettings& settings) : settings_(settings) {}

  // Of each Connection field of the head. REQUIRES: value lives as long as this.
  void add_connection(std::string_view value) { nominations_.add_connection(value); }

  bool pass(std::string_view name) const {
    if (settings_.add_tls_version_and_cipher && is_ours(name)) return false;
    if (settings_.replace_trace_context && is_trace_context(name)) [[unlikely]]
      return false;
    if (settings_.drop_invalid_header_fields && !is_valid_field_name(name)) return false;
    return !nominations_.has(name);
  }

 private:
  // By the names that they have without a listener's, too: a target may still go by those.
  bool is_ours(std::string_view name) const {
    const auto is = [name](const std::string* other) {
      return other != nullptr && ascii_iequals(name, *other);
    };
    return ascii_iequals(name, tls_version_field) || ascii_iequals(name, tls_cipher_field) ||
           is(settings_.tls_version_name) || is(settings_.tls_cipher_name);
  }
  static bool is_trace_context(std::string_view name) {
    return ascii_iequals(name, traceparent_field) || ascii_iequals(name, tracestate_field);
  }

  const ForwardingSettings& settings_;
  Nominations nominations_;
};

}  // namespace daruma::http
