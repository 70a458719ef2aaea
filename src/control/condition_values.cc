// SPDX-License-Identifier: Apache-2.0
#include "control/condition_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/characters.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;
using std::string_view;

// "" if the value has a length that it may have.
std::string check_length(string_view field, string_view value, size_t bytes_max) {
  if (value.empty()) return "A condition value must be specified";
  if (value.size() <= bytes_max) return "";
  return fmt::format("The '{}' value is too long; the limit is '{}'", field, bytes_max);
}

}  // namespace

std::string check_host_pattern(string_view value) {
  if (auto wrong = check_length("host-header", value, limits::condition_value_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  constexpr string_view allowed = "-.*?";
  for (const char c : value) {
    if (!http::is_alphanumeric(c) && allowed.find(c) == string_view::npos) {
      return fmt::format(
          "host-header value '{}' has '{}' in it; allowed are letters, digits and "
          "- . * ?",
          value, c);
    }
  }
  const size_t dot = value.rfind('.');
  if (dot == string_view::npos) {
    return fmt::format("host-header value '{}' must have a '.' in it, as in *.example.com", value);
  }
  const string_view top = value.substr(dot + 1);
  if (top.empty() || !std::ranges::all_of(top, http::is_alpha)) {
    return fmt::format("host-header value '{}' may have only letters after the last '.'", value);
  }
  return "";
}

std::string check_path_pattern(string_view value) {
  if (auto wrong = check_length("path-pattern", value, limits::condition_value_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  constexpr string_view allowed = "_-.$/~\"'@:+&*?";
  for (const char c : value) {
    if (!http::is_alphanumeric(c) && allowed.find(c) == string_view::npos) {
      return fmt::format(
          "path-pattern value '{}' has '{}' in it; allowed are letters, digits and "
          "_ - . $ / ~ \" ' @ : + & * ?",
          value, c);
    }
  }
  return "";
}

std::string check_method(string_view value) {
  if (auto wrong = check_length("http-request-method", value, limits::condition_method_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  const auto good = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; };
  if (std::ranges::all_of(value, good)) return "";
  return "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and "
         "underscore";
}

size_t wildcards_in(string_view value) {
  return static_cast<size_t>(
      std::ranges::count_if(value, [](char c) { return c == '*' || c == '?'; }));
}

}  // namespace daruma::control
