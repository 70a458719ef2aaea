// SPDX-License-Identifier: Apache-2.0
#include "control/validate_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/validate_values.h"

namespace daruma::control {
namespace {

constexpr size_t text_bytes_max = 1024;

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_endpoint(std::string_view text) {
  const bool http = text.starts_with("http://") || text.starts_with("https://");
  return http && is_visible(text, text_bytes_max) && !text.ends_with('/') &&
         text.find_first_of("?#@") == std::string_view::npos;
}

}  // namespace

void validate_service(const ServiceAccess& service, const Path& path, Issues& issues) {
  if (!service.endpoint) {
    issues.error(path.at("Endpoint"), fmt::format("Endpoint is missing: the address of a service "
                                                  "that speaks {}, such as {}",
                                                  service.speaks, service.example));
  } else if (!is_endpoint(*service.endpoint)) {
    issues.error(path.at("Endpoint"),
                 fmt::format("Endpoint is the address of a service that speaks {}, such as {}, "
                             "without a slash at its end; '{}' is none",
                             service.speaks, service.example, *service.endpoint));
  }
  if (service.region && !is_region(*service.region)) {
    issues.error(path.at("Region"),
                 fmt::format("Region is a name such as eu-central-1, not '{}'", *service.region));
  }
  if (!service.access_key_id || !is_visible(*service.access_key_id, text_bytes_max))
    issues.error(path.at("AccessKeyId"), "AccessKeyId is missing: one word of visible characters");
  const char* key = service.secret_access_key_file ? "SecretAccessKeyFile" : "SecretAccessKey";
  if (!service.secret_access_key && !service.secret_access_key_file) {
    issues.error(path.at(key),
                 "SecretAccessKey is missing; write SecretAccessKeyFile: FILE, or SecretAccessKey");
  } else if (service.secret_access_key && !is_visible(*service.secret_access_key, text_bytes_max)) {
    issues.error(path.at(key), "a secret access key is one word of visible characters");
  }
}

}  // namespace daruma::control
