// SPDX-License-Identifier: Apache-2.0
#include "http/cookies.h"

#include "base/bytes.h"

namespace daruma::http {
namespace {

// Of one pair "name=value".
std::optional<std::string_view> value_of(std::string_view pair, std::string_view name) {
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos || trim_ows(pair.substr(0, equals)) != name)
    return std::nullopt;
  return trim_ows(pair.substr(equals + 1));
}

}  // namespace

std::optional<std::string_view> find_cookie(const Fields& request, std::string_view name) {
  for (const Field& field : request) {
    if (field.id != FieldId::cookie) continue;
    std::string_view rest = field.value;
    for (;;) {
      const size_t semicolon = rest.find(';');
      if (const auto value = value_of(rest.substr(0, semicolon), name)) return value;
      if (semicolon == std::string_view::npos) break;
      rest.remove_prefix(semicolon + 1);
    }
  }
  return std::nullopt;
}

bool sets_cookie(const Fields& response, std::string_view name) {
  for (const Field& field : response) {
    if (field.id != FieldId::set_cookie) continue;
    if (value_of(field.value.substr(0, field.value.find(';')), name)) return true;
  }
  return false;
}

}  // namespace daruma::http
