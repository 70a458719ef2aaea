// SPDX-License-Identifier: Apache-2.0
//
// What `daruma check-alb` finds of a running daruma: a monitoring check, whose exit codes are those
// that Nagios began with and Mackerel's agent reads. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace daruma::app {

// A figure at or above the bound is a warning, or critical; 0 of a percentage: any.
struct AlbBounds {
  double unhealthy_percent_warning = 0;
  double unhealthy_percent_critical = 50;
  double server_errors_percent_warning = 1;
  double server_errors_percent_critical = 5;
  uint32_t certificate_days_warning = 21;
  uint32_t certificate_days_critical = 7;
};

struct AlbVerdict {
  enum class Status : uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };  // exit codes
  Status status = Status::ok;
  std::string text;  // one line
};
std::string_view name_of(AlbVerdict::Status status);

// `page`: of GET /mackerel. `load_balancer` "": all.
AlbVerdict check_alb(const nlohmann::ordered_json& page, const std::string& load_balancer,
                     const AlbBounds& bounds);

}  // namespace daruma::app
