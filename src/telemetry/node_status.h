// SPDX-License-Identifier: Apache-2.0
//
// What the control side knows of this node and monitoring wants to see, as values, and the metrics
// made of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/target.h"
#include "telemetry/prometheus.h"
#include "telemetry/registry.h"

namespace daruma::telemetry {

struct TargetStatus {
  TargetLabels labels;
  model::TargetHealth health;
};

struct CertificateStatus {
  std::string name;
  WallTime not_after;
};

struct ReloadStatus {
  bool applied = false;  // false: refused, the former configuration goes on
  WallTime at;
};

struct NodeStatus {
  std::string version;
  WallTime started;
  bool draining = false;
  uint64_t config_revision = 0;
  WallTime config_since;                    // when that revision was published
  std::optional<ReloadStatus> last_reload;  // nullopt: none since the start
  uint64_t reloads_applied = 0;
  uint64_t reloads_refused = 0;
  std::vector<TargetStatus> targets;
  std::vector<CertificateStatus> certificates;
  uint64_t log_write_errors = 0;  // LogWriter::totals()
  uint64_t log_lines_lost = 0;
  uint64_t bugs_reported = 0;  // base/check.h
};

// daruma_build_info and the like; docs/metrics.md lists them.
std::vector<MetricFamily> metrics_of(const NodeStatus& status, WallTime now);

}  // namespace daruma::telemetry
