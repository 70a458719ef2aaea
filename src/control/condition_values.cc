// SPDX-License-Identifier: Apache-2.0
#include "control/condition_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/address.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "http/characters.h"
#include "model/limits.h"
#include "routing/regex.h"

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

// "" if all of it is visible ASCII, or spaces.
std::string check_visible(string_view what, string_view value) {
  if (std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; })) return "";
  return fmt::format("The '{}' value may hold only visible ASCII characters", what);
}

// The character that begins there, whole, so that a message about it stays text.
string_view character_at(string_view value, size_t index) {
  const string_view rest = value.substr(index);
  return rest.substr(0, std::max<size_t>(utf8_length(rest), 1));
}

// "" if there are but letters, digits and what is `allowed`.
std::string check_characters(string_view field, string_view value, string_view allowed) {
  const auto wrong = std::ranges::find_if(value, [&](char c) {
    return !http::is_alphanumeric(c) && allowed.find(c) == string_view::npos;
  });
  if (wrong == value.end()) return "";
  const auto index = static_cast<size_t>(wrong - value.begin());
  std::string list;
  for (const char c : allowed) list.append({' ', c});
  return fmt::format("{} value '{}' has '{}' in it; allowed are letters, digits and{}", field,
                     value, character_at(value, index), list);
}

std::string check_text(string_view what, string_view value) {
  auto wrong = check_length(what, value, limits::condition_value_bytes_max);
  return wrong.empty() ? check_visible(what, value) : wrong;
}

}  // namespace

std::string check_host_pattern(string_view value) {
  if (auto wrong = check_length("host-header", value, limits::condition_value_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  if (auto wrong = check_characters("host-header", value, "-.*?"); !wrong.empty()) return wrong;
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
  return check_characters("path-pattern", value, "_-.$/~\"'@:+&*?");
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

std::string check_header_name(string_view name) {
  if (name.empty()) return "An 'HttpHeaderName' value must be specified";
  if (auto wrong = check_length("HttpHeaderName", name, limits::condition_header_name_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  if (!http::is_token(name) || name.find('*') != string_view::npos) {
    return fmt::format("HttpHeaderName '{}' is not the name of a header; it has no wildcards",
                       name);
  }
  if (!ascii_iequals(name, "host")) return "";
  return "HttpHeaderName cannot be Host; a condition on it has Field host-header";
}

std::string check_header_pattern(string_view value) {
  return check_text("http-header", value);
}

std::string check_query_key(string_view key) {
  if (key.empty()) return "Key must not be empty; without Key, any key will do";
  return check_text("query-string", key);
}

std::string check_query_value(string_view value) {
  return check_text("query-string", value);
}

std::string check_source_ip(string_view value) {
  if (value.empty()) return "A 'source-ip' value must be specified";
  const auto range = CidrRange::parse(value);
  if (!range || value.find('/') == string_view::npos) {
    return fmt::format(
        "source-ip value '{}' must be a CIDR block, as 192.0.2.0/24 or 2001:db8::/32", value);
  }
  if (range != CidrRange::parse("255.255.255.255/32")) return "";
  return "source-ip value '255.255.255.255/32' is not allowed; no client has that address";
}

std::string check_regex(string_view value) {
  if (auto wrong = check_length("RegexValues", value, limits::condition_value_bytes_max);
      !wrong.empty()) {
    return wrong;
  }
  const auto compiled = routing::Regex::compile(value, routing::Case::sensitive);
  return compiled ? "" : compiled.error().message;
}

size_t wildcards_in(string_view value, routing::Escapes escapes) {
  size_t wildcards = 0;
  for (size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '*' || value[at] == '?') ++wildcards;
    const bool escape = escapes == routing::Escapes::backslash && value[at] == '\\';
    if (escape && at + 1 < value.size() && (value[at + 1] == '*' || value[at + 1] == '?')) ++at;
  }
  return wildcards;
}

}  // namespace daruma::control
