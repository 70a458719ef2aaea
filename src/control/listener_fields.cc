// SPDX-License-Identifier: Apache-2.0
#include "control/listener_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "control/attributes.h"
#include "http/characters.h"
#include "http/forwarding_headers.h"
#include "http/message.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

constexpr string_view version_key = "routing.http.request.x_amzn_tls_version.header_name";
constexpr string_view cipher_key = "routing.http.request.x_amzn_tls_cipher_suite.header_name";
constexpr string_view marks = "_ :;.,\\/'?!(){}[]@<>=-+*#&`|~^%";  // besides letters and digits

std::string name_of(const api::Listener& listener, string_view key, string_view standard) {
  const string_view given = attribute_text(AttributeScope::listener, listener.attributes, key);
  return std::string(given.empty() ? standard : given);
}

}  // namespace

std::string check_added_header_name(string_view value) {
  if (value.size() > limits::header_name_bytes_max)
    return fmt::format("has {} characters; the limit is {}", value.size(),
                       limits::header_name_bytes_max);
  const bool good = std::ranges::all_of(
      value, [](char c) { return http::is_alphanumeric(c) || c == '-' || c == '_'; });
  if (!good) return "is no name of a header: letters, digits, '-' and '_'";
  if (http::field_id_of(value) != http::FieldId::other)
    return "is the name of a header that has a meaning of its own; choose another";
  return "";
}

std::string check_added_header_value(string_view value) {
  if (value.size() > limits::header_value_bytes_max)
    return fmt::format("has {} characters; the limit is {}", value.size(),
                       limits::header_value_bytes_max);
  for (const char c : value) {
    if (!http::is_alphanumeric(c) && marks.find(c) == string_view::npos)
      return fmt::format("may hold letters, digits and {}", marks);
  }
  if (value.starts_with(' ') || value.ends_with(' ')) return "must not begin or end with a space";
  return "";
}

void validate_listener_fields(const api::Listener& listener, const Path& path, Issues& issues) {
  const std::string version = name_of(listener, version_key, http::tls_version_field);
  const std::string cipher = name_of(listener, cipher_key, http::tls_cipher_field);
  if (!ascii_iequals(version, cipher)) return;
  const Path attributes = path.at("Attributes");
  issues.error(attributes.at(listener.attributes.contains(std::string(cipher_key)) ? cipher_key
                                                                                   : version_key),
               fmt::format("both headers would be named '{}'", cipher));
}

void compile_listener_fields(const api::Listener& from, model::Listener& to) {
  to.tls_version_field = name_of(from, version_key, http::tls_version_field);
  to.tls_cipher_field = name_of(from, cipher_key, http::tls_cipher_field);
  for (const ResponseFieldKey& each : response_field_keys) {
    const string_view value = attribute_text(AttributeScope::listener, from.attributes, each.key);
    if (value.empty()) continue;
    to.response_fields.names.emplace_back(each.field);
    to.response_fields.lines += fmt::format("{}: {}\r\n", each.field, value);
  }
}

}  // namespace daruma::control
