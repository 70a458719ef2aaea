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

// To many a target an underscore in a name is a hyphen (CGI).
inline bool is_same_to_cgi(std::string_view name, std::string_view other) {
  const auto plain = [](char c) { return c == '_' ? '-' : ascii_lower(c); };
  return std::ranges::equal(name, other, {}, plain, plain);
}

// Whether a target would take it for what a listener with these names tells of certificates: by
// them, or by the names that it is told in elsewhere.
inline bool is_of_certificate(std::string_view name, const ClientCertificateNames& names) {
  static constexpr std::string_view family = "X-Amzn-Mtls-Clientcert";
  if (is_same_to_cgi(name.substr(0, family.size()), family)) return true;
  for (const std::string* each : {&names.serial_number, &names.issuer, &names.subject,
                                  &names.validity, &names.leaf, &names.chain}) {
    if (is_same_to_cgi(name, *each)) return true;
  }
  return false;
}

class FieldRules {
 public:
  explicit FieldRules(const ForwardingSettings& settings) : settings_(settings) {}

  // Of each Connection field of the head. REQUIRES: value lives as long as this.
  void add_connection(std::string_view value) { nominations_.add_connection(value); }

  bool pass(std::string_view name) const {
    if (settings_.add_tls_version_and_cipher && is_ours(name)) return false;
    if (settings_.certificate != CertificateTelling::nothing &&
        is_of_certificate(name, *settings_.certificate_names)) [[unlikely]]
      return false;
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
