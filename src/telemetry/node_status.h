// SPDX-License-Identifier: Apache-2.0
//
// What the control side knows of this node and monitoring wants to see, as values, and the metrics
// made of it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
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
  bool anomalous = false;
  bool mitigated = false;
};

// Of a group in use: zones by state, as its thresholds have it (docs/zones.md).
struct GroupStatus {
  std::string target_group;
  uint64_t healthy_state_dns = 0;
  uint64_t unhealthy_state_dns = 0;
  uint64_t healthy_state_routing = 0;
  uint64_t unhealthy_state_routing = 0;
  uint64_t shifted_away = 0;  // targets in a zone that traffic was shifted away from
};

struct LoadBalancerStatus {
  std::string load_balancer;
  bool belongs_in_dns = true;
};

// What the target's admin should change, as long as it should.
struct AdviceStatus {
  std::string target_group;
  std::string target;
  std::string advice;  // of a closed list
};

struct CertificateStatus {
  std::string name;
  WallTime not_after;
};

// A configuration is loaded at the start and at every reload.
struct LoadStatus {
  bool applied = false;  // false: refused, the former configuration goes on
  WallTime at;           // of the last attempt
  WallTime applied_at;   // of the last one that was applied
  uint64_t times_applied = 0;
  uint64_t times_refused = 0;
};

struct NodeStatus {
  std::string version;
  WallTime started;
  bool draining = false;
  uint64_t config_revision = 0;
  LoadStatus config_load;
  size_t config_problems = 0;  // what of it could not be done, such as a port in use
  std::vector<TargetStatus> targets;
  std::vector<GroupStatus> groups;
  std::vector<LoadBalancerStatus> load_balancers;
  std::vector<AdviceStatus> advice;
  std::vector<CertificateStatus> certificates;
  uint64_t log_write_errors = 0;  // LogWriter::totals()
  uint64_t log_lines_lost = 0;
  uint64_t log_files_put = 0;  // in buckets
  uint64_t log_put_errors = 0;
  uint64_t log_files_lost = 0;
  uint64_t log_waiting_bytes = 0;
  uint64_t bugs_reported = 0;  // base/check.h
};

// daruma_build_info and the like; docs/metrics.md lists them.
std::vector<MetricFamily> metrics_of(const NodeStatus& status, WallTime now);

}  // namespace daruma::telemetry
