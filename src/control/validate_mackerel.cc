// SPDX-License-Identifier: Apache-2.0
#include "control/validate_mackerel.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "control/validate_values.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;

constexpr size_t url_bytes_max = 256;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Of a service or a role.
bool is_name(const std::string& name) {
  return name.size() >= limits::mackerel_name_bytes_min &&
         name.size() <= limits::mackerel_name_bytes_max && is_letter_or_digit(name[0]) &&
         std::ranges::all_of(name,
                             [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

void validate_names(const model::api::Mackerel& mackerel, const Path& path, Issues& issues) {
  const auto check = [&issues](const std::string& name, const Path& where) {
    if (is_name(name)) return;
    issues.error(
        where, fmt::format("a name of Mackerel's has {} to {} letters, digits, '-' and "
                           "'_', and begins with one of the first two; '{}' does not",
                           limits::mackerel_name_bytes_min, limits::mackerel_name_bytes_max, name));
  };
  if (mackerel.service) check(*mackerel.service, path.at("Service"));
  for (size_t i = 0; i < mackerel.roles.size(); ++i) check(mackerel.roles[i], path.at("Roles", i));
  if (!mackerel.roles.empty() && !mackerel.service)
    issues.error(path.at("Roles"), "Roles are those of a service; write Service too");
  if (mackerel.roles.size() > limits::mackerel_roles_max) {
    issues.error(path.at("Roles"), fmt::format("at most {} roles, not {}",
                                               limits::mackerel_roles_max, mackerel.roles.size()));
  }
}

}  // namespace

void validate_mackerel(const model::api::Mackerel& mackerel, const Path& path, Issues& issues) {
  if (mackerel == model::api::Mackerel{}) return;
  const char* key = mackerel.api_key_file ? "ApiKeyFile" : "ApiKey";
  if (!mackerel.api_key && !mackerel.api_key_file) {
    issues.error(path.at(key), "ApiKey is missing; write ApiKeyFile: FILE, or ApiKey");
  } else if (mackerel.api_key && !is_visible(*mackerel.api_key, url_bytes_max)) {
    issues.error(path.at(key),
                 "an API key is one word of visible ASCII characters, as Mackerel "
                 "shows it under API Keys");
  }
  const std::string url = mackerel.base_url.value_or(std::string(mackerel_url));
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http || !is_visible(url, url_bytes_max) || url.ends_with('/')) {
    issues.error(path.at("BaseUrl"),
                 fmt::format("BaseUrl is an address such as {}, without a slash at its end; '{}' "
                             "is none",
                             mackerel_url, url));
  }
  validate_names(mackerel, path, issues);
  if (!validate_number(mackerel.interval_seconds, limits::mackerel_interval_seconds, path,
                       "IntervalSeconds", issues)) {
    return;
  }
  if (mackerel.interval_seconds.value_or(60) < 60 && url == mackerel_url) {
    issues.error(path.at("IntervalSeconds"),
                 "Mackerel takes one batch a minute; less than 60 is for tests with a BaseUrl");
  }
}

}  // namespace daruma::control
