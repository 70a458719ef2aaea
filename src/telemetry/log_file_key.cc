// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_file_key.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/stable_hash.h"

namespace daruma::telemetry {
namespace {

constexpr size_t random_letters = 8;

// What the name of a file here, and that of an object, begins with.
struct Kind {
  std::string_view file;
  std::string_view object;
};
constexpr std::array<Kind, 3> kinds{Kind{"access_log_", ""}, Kind{"conn_log_", "conn_log_"},
                                    Kind{"health_check_log_", "health_check_log_"}};

const model::LogPlace& place_of(LogKind kind, const model::LoadBalancer& balancer) {
  switch (kind) {
    case LogKind::access:
      return balancer.access_log_place;
    case LogKind::connection:
      return balancer.connection_log_place;
    case LogKind::health_check:
      break;
  }
  return balancer.health_check_log_place;
}

std::string letters_of(uint64_t number) {
  std::string text;
  for (size_t i = 0; i < random_letters; ++i, number /= 36)
    text += "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
  return text;
}

}  // namespace

LogFileKey log_file_key(LogKind kind, const model::LoadBalancer& balancer) {
  const model::LogPlace& place = place_of(kind, balancer);
  LogFileKey key{std::string(kinds[static_cast<size_t>(kind)].file) + balancer.resource_id,
                 place.bucket, place.bucket.empty() ? "" : place.prefix};
  std::ranges::replace(key.name, '/', '.');
  return key;
}

std::optional<LogKind> log_kind_of(std::string_view name) {
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (name.starts_with(kinds[i].file) && name.substr(kinds[i].file.size()).starts_with("app."))
      return static_cast<LogKind>(i);
  }
  return std::nullopt;
}

std::string log_object_key(const LogFileKey& key, const LogOrigin& origin, WallTime end,
                           uint64_t salt) {
  const Kind& kind = kinds[static_cast<size_t>(log_kind_of(key.name).value_or(LogKind::access))];
  const std::string balancer = key.name.substr(std::min(kind.file.size(), key.name.size()));
  const auto minute = std::chrono::floor<std::chrono::seconds>(end);
  const uint64_t hash = stable_hash(
      fmt::format("{} {} {} {}", key.name, origin.node_ip, end.time_since_epoch().count(), salt));
  return fmt::format(
      "{}{}AWSLogs/{}/elasticloadbalancing/{}/{:%Y/%m/%d}/{}{}_elasticloadbalancing_{}_{}_"
      "{:%Y%m%dT%H%MZ}_{}_{}.log",
      key.prefix, key.prefix.empty() ? "" : "/", origin.account_id, origin.region, minute,
      kind.object, origin.account_id, origin.region, balancer, minute, origin.node_ip,
      letters_of(hash));
}

}  // namespace daruma::telemetry
