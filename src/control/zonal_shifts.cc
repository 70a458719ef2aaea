// SPDX-License-Identifier: Apache-2.0
#include "control/zonal_shifts.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/bytes.h"
#include "control/durable_file.h"
#include "control/last_good.h"
#include "io/read_file.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

using nlohmann::json;
namespace limits = model::limits;

constexpr const char* file_name = "zonal_shifts.json";
constexpr int format_version = 1;
constexpr size_t bytes_max = 1024 * 1024;

WallTime at(const json& seconds) {
  return WallTime(std::chrono::seconds(seconds.get<int64_t>()));
}

bool holds(const json& row) {
  const auto has = [&row](const char* member, bool text) {
    return row.contains(member) &&
           (text ? row[member].is_string() : row[member].is_number_integer());
  };
  return row.is_object() && has("load_balancer", true) && has("zone", true) &&
         has("comment", true) && has("started", false) && has("expires", false);
}

std::optional<Duration> unit_of(char letter) {
  switch (letter) {
    case 'm':
      return 1min;
    case 'h':
      return 1h;
    case 'd':
      return 24h;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Duration> parse_shift_duration(std::string_view text) {
  const std::string wrong =
      fmt::format("'{}' is no time until a zonal shift expires: 1m to 3d, such as 90m or 2h", text);
  if (text.size() < 2 || text.size() > 6) return fail(wrong);
  const auto number = parse_decimal(text.substr(0, text.size() - 1));
  const auto unit = unit_of(text.back());
  if (!number || !unit) return fail(wrong);
  const Duration duration = *unit * static_cast<int64_t>(*number);
  if (duration < limits::zonal_shift_least || duration > limits::zonal_shift_most)
    return fail(wrong);
  return duration;
}

std::string ZonalShifts::zone_of(const std::string& load_balancer) const {
  const auto found = shifts_.find(load_balancer);
  return found == shifts_.end() ? "" : found->second.zone;
}

std::vector<ZonalShift> ZonalShifts::take_expired(WallTime now) {
  std::vector<ZonalShift> expired;
  for (const auto& [name, shift] : shifts_) {
    if (shift.expires <= now) expired.push_back(shift);
  }
  for (const ZonalShift& shift : expired) shifts_.erase(shift.load_balancer);
  return expired;
}

std::optional<WallTime> ZonalShifts::next_expiry() const {
  std::optional<WallTime> next;
  for (const auto& [name, shift] : shifts_) {
    if (!next || shift.expires < *next) next = shift.expires;
  }
  return next;
}

Result<void> save_zonal_shifts(const std::string& directory, const ZonalShifts& shifts) {
  json rows = json::array();
  for (const auto& [name, shift] : shifts.all()) {
    rows.push_back({{"load_balancer", shift.load_balancer},
                    {"zone", shift.zone},
                    {"started", unix_seconds(shift.started)},
                    {"expires", unix_seconds(shift.expires)},
                    {"comment", shift.comment}});
  }
  const json document{{"version", format_version}, {"shifts", std::move(rows)}};
  if (const Result<void> made = make_data_directory(directory); !made) return made;
  return replace_file(directory, file_name,
                      document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

Result<ZonalShifts> load_zonal_shifts(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, file_name);
  ZonalShifts shifts;
  if (!std::filesystem::exists(path)) return shifts;
  const Result<std::string> bytes = io::read_file(path, bytes_max);
  if (!bytes) return fail(fmt::format("cannot read {}: {}", path, bytes.error().message));
  const auto damaged = [&path] {
    return fail(path + " is damaged or was written by another version");
  };
  const json document = json::parse(*bytes, nullptr, false);
  if (!document.is_object() || !document.contains("version") ||
      document["version"] != format_version || !document.contains("shifts") ||
      !document["shifts"].is_array())
    return damaged();
  for (const json& row : document["shifts"]) {
    if (!holds(row)) return damaged();
    shifts.put({.load_balancer = row["load_balancer"].get<std::string>(),
                .zone = row["zone"].get<std::string>(),
                .started = at(row["started"]),
                .expires = at(row["expires"]),
                .comment = row["comment"].get<std::string>()});
  }
  return shifts;
}

Result<std::string> set_zonal_shifts_aside(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, file_name);
  const std::string aside = path + ".damaged";
  std::error_code problem;
  std::filesystem::rename(path, aside, problem);
  if (problem) return fail(fmt::format("cannot rename {}: {}", path, problem.message()));
  return aside;
}

}  // namespace daruma::control
