// SPDX-License-Identifier: Apache-2.0
#include "control/listener_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

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

// A field of requests, and the key of the attribute that names it.
struct RequestFieldKey {
  string_view key;
  std::string standard;
};
const std::array<RequestFieldKey, 8>& request_field_keys() {
  static const ClientCertificateNames names;
  static const std::array<RequestFieldKey, 8> keys{{
      {"routing.http.request.x_amzn_tls_version.header_name", std::string(http::tls_version_field)},
      {"routing.http.request.x_amzn_tls_cipher_suite.header_name",
       std::string(http::tls_cipher_field)},
      {"routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
       names.serial_number},
      {"routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", names.issuer},
      {"routing.http.request.x_amzn_mtls_clientcert_subject.header_name", names.subject},
      {"routing.http.request.x_amzn_mtls_clientcert_validity.header_name", names.validity},
      {"routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", names.leaf},
      {"routing.http.request.x_amzn_mtls_clientcert.header_name", names.chain},
  }};
  return keys;
}
constexpr string_view marks = "_ :;.,\\/'?!(){}[]@<>=-+*#&`|~^%";  // besides letters and digits

std::string name_of(const api::Listener& listener, const RequestFieldKey& field) {
  const string_view given =
      attribute_text(AttributeScope::listener, listener.attributes, field.key);
  return given.empty() ? field.standard : std::string(given);
}

}  // namespace

std::string check_added_header_name(string_view value) {
  if (value.size() > limits::header_name_bytes_max)
    return fmt::format("has {} characters; the limit is {}", value.size(),
                       limits::header_name_bytes_max);
  const bool good = std::ranges::all_of(
      value, [](char c) { return http::is_alphanumeric(c) || c == '-' || c == '_'; });
  if (!good) return "is no name of a header: letters, digits, '-' and '_'";
  const http::FieldId id = http::field_id_of(value);
  if (id != http::FieldId::other && id != http::FieldId::x_amzn_mtls_clientcert)
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
  const Path attributes = path.at("Attributes");
  std::map<std::string, string_view> keys;  // by the name in lower case
  for (const RequestFieldKey& each : request_field_keys()) {
    const std::string name = name_of(listener, each);
    const auto [other, fresh] = keys.emplace(ascii_lowered(name), each.key);
    if (fresh) continue;
    const bool here = listener.attributes.contains(std::string(each.key));
    issues.error(attributes.at(here ? each.key : other->second),
                 fmt::format("both headers would be named '{}'", name));
  }
}

void compile_listener_fields(const api::Listener& from, model::Listener& to) {
  ClientCertificateNames& names = to.mutual_tls.names;
  size_t next = 0;
  for (std::string* name :
       {&to.tls_version_field, &to.tls_cipher_field, &names.serial_number, &names.issuer,
        &names.subject, &names.validity, &names.leaf, &names.chain}) {
    *name = name_of(from, request_field_keys()[next++]);
  }
  for (const ResponseFieldKey& each : response_field_keys) {
    const string_view value = attribute_text(AttributeScope::listener, from.attributes, each.key);
    if (value.empty()) continue;
    to.response_fields.names.emplace_back(each.field);
    to.response_fields.lines += fmt::format("{}: {}\r\n", each.field, value);
  }
}

}  // namespace daruma::control
