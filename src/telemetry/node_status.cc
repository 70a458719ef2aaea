// SPDX-License-Identifier: Apache-2.0
#include "telemetry/node_status.h"

#include <algorithm>

namespace daruma::telemetry {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

constexpr model::HealthState all_states[] = {
    model::HealthState::initial, model::HealthState::healthy,  model::HealthState::unhealthy,
    model::HealthState::unused,  model::HealthState::draining, model::HealthState::unavailable};

double unix_time(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

MetricFamily gauge(std::string name, std::string meaning) {
  return {std::move(name), MetricKind::gauge, std::move(meaning), {}};
}
MetricFamily gauge(std::string name, std::string meaning, double value) {
  return {std::move(name), MetricKind::gauge, std::move(meaning), {{{}, value}}};
}
MetricFamily counter(std::string name, std::string meaning, uint64_t value) {
  return {
      std::move(name), MetricKind::counter, std::move(meaning), {{{}, static_cast<double>(value)}}};
}

Labels labels_of(const TargetLabels& labels) {
  return {{"target_group", labels.target_group}, {"target", labels.target}, {"az", labels.zone}};
}

// One series per possible state, so that a query names the state it wants and a change is a step
// from 0 to 1.
MetricFamily health_states(const std::vector<TargetStatus>& targets) {
  MetricFamily family = gauge("daruma_target_health_state",
                              "1 for the state that the target's health checks put it in, else 0");
  for (const TargetStatus& target : targets) {
    for (const model::HealthState state : all_states) {
      Labels labels = labels_of(target.labels);
      labels.emplace_back("state", name_of(state));
      family.samples.push_back({std::move(labels), target.health.state == state ? 1.0 : 0.0});
    }
  }
  return family;
}

MetricFamily health_reasons(const std::vector<TargetStatus>& targets) {
  MetricFamily family =
      gauge("daruma_target_health_reason", "1 for why the target is not healthy; absent if it is");
  for (const TargetStatus& target : targets) {
    if (target.health.reason == model::HealthReason::none) continue;
    Labels labels = labels_of(target.labels);
    labels.emplace_back("reason", name_of(target.health.reason));
    family.samples.push_back({std::move(labels), 1.0});
  }
  return family;
}

MetricFamily anomalies(const std::vector<TargetStatus>& targets) {
  MetricFamily family =
      gauge("daruma_target_anomalous",
            "1 while the target's requests fail or take longer than those of the others");
  for (const TargetStatus& target : targets)
    family.samples.push_back({labels_of(target.labels), target.anomalous ? 1.0 : 0.0});
  return family;
}

MetricFamily mitigations(const std::vector<TargetStatus>& targets) {
  MetricFamily family = gauge("daruma_target_mitigated",
                              "1 while the target is given less than its share because of that");
  for (const TargetStatus& target : targets)
    family.samples.push_back({labels_of(target.labels), target.mitigated ? 1.0 : 0.0});
  return family;
}

struct GroupRow {
  const char* name;
  const char* meaning;
  uint64_t GroupStatus::*value;
};
constexpr GroupRow group_rows[] = {
    {"daruma_target_group_healthy_state_dns", "Zones with enough healthy targets for DNS",
     &GroupStatus::healthy_state_dns},
    {"daruma_target_group_unhealthy_state_dns", "Zones without", &GroupStatus::unhealthy_state_dns},
    {"daruma_target_group_healthy_state_routing",
     "Zones with enough healthy targets to leave the others out",
     &GroupStatus::healthy_state_routing},
    {"daruma_target_group_unhealthy_state_routing", "Zones without: all targets are asked",
     &GroupStatus::unhealthy_state_routing},
    {"daruma_target_group_active_zonal_shift_hosts",
     "Targets in the zone that traffic is shifted away from", &GroupStatus::shifted_away},
};

void add_groups(const std::vector<GroupStatus>& groups, std::vector<MetricFamily>& families) {
  for (const GroupRow& row : group_rows) {
    MetricFamily family = gauge(row.name, row.meaning);
    for (const GroupStatus& group : groups) {
      family.samples.push_back(
          {{{"target_group", group.target_group}}, static_cast<double>(group.*row.value)});
    }
    families.push_back(std::move(family));
  }
}

MetricFamily dns_states(const std::vector<LoadBalancerStatus>& load_balancers) {
  MetricFamily family = gauge("daruma_load_balancer_dns_healthy",
                              "1 if this node's address belongs in DNS, 0 if its zone should "
                              "leave: too few healthy targets, or a zonal shift");
  for (const LoadBalancerStatus& balancer : load_balancers)
    family.samples.push_back(
        {{{"lb", balancer.load_balancer}}, balancer.belongs_in_dns ? 1.0 : 0.0});
  return family;
}

MetricFamily advice_given(const std::vector<AdviceStatus>& advice) {
  MetricFamily family =
      gauge("daruma_advice", "1 for what should be changed at the target; absent if it need not");
  for (const AdviceStatus& each : advice) {
    family.samples.push_back(
        {{{"target_group", each.target_group}, {"target", each.target}, {"advice", each.advice}},
         1.0});
  }
  return family;
}

MetricFamily certificate_expiries(const std::vector<CertificateStatus>& certificates) {
  MetricFamily family = gauge("daruma_certificate_expiry_timestamp_seconds",
                              "When the certificate ends, in seconds since 1970");
  for (const CertificateStatus& certificate : certificates) {
    family.samples.push_back(
        {{{"certificate", certificate.name}}, unix_time(certificate.not_after)});
  }
  return family;
}

MetricFamily config_loads(const LoadStatus& load) {
  return {"daruma_config_loads_total",
          MetricKind::counter,
          "Configuration files read, at the start and by reloads, by result",
          {{{{"result", "applied"}}, static_cast<double>(load.times_applied)},
           {{{"result", "refused"}}, static_cast<double>(load.times_refused)}}};
}

void add_config(const NodeStatus& status, WallTime now, std::vector<MetricFamily>& families) {
  const LoadStatus& load = status.config_load;
  // The wall clock may have been set back since.
  const auto age = std::max(now - load.applied_at, WallTime::duration::zero());
  families.push_back(gauge("daruma_config_revision", "Configuration revision published last",
                           static_cast<double>(status.config_revision)));
  families.push_back(gauge("daruma_config_age_seconds",
                           "Time since a configuration file was last applied", seconds_of(age)));
  families.push_back(config_loads(load));
  families.push_back(gauge("daruma_config_last_load_success",
                           "1 if the configuration file read last was applied, 0 if refused",
                           load.applied ? 1 : 0));
  families.push_back(gauge("daruma_config_last_load_timestamp_seconds",
                           "When the configuration file was last read, in seconds since 1970",
                           unix_time(load.at)));
  families.push_back(gauge("daruma_config_problems",
                           "What could not be done of the configuration, such as a port in use; "
                           "GET /config names it",
                           static_cast<double>(status.config_problems)));
}

}  // namespace

std::vector<MetricFamily> metrics_of(const NodeStatus& status, WallTime now) {
  std::vector<MetricFamily> families;
  families.push_back({"daruma_build_info",
                      MetricKind::gauge,
                      "Always 1; the label tells the version",
                      {{{{"version", status.version}}, 1.0}}});
  families.push_back(gauge("daruma_start_timestamp_seconds",
                           "When this process started, in seconds since 1970",
                           unix_time(status.started)));
  families.push_back(
      gauge("daruma_draining", "1 while this node stops taking work", status.draining ? 1 : 0));
  add_config(status, now, families);
  families.push_back(health_states(status.targets));
  families.push_back(health_reasons(status.targets));
  families.push_back(anomalies(status.targets));
  families.push_back(mitigations(status.targets));
  add_groups(status.groups, families);
  families.push_back(dns_states(status.load_balancers));
  families.push_back(advice_given(status.advice));
  families.push_back(certificate_expiries(status.certificates));
  families.push_back(counter("daruma_log_write_errors_total",
                             "Attempts to write a log file that failed", status.log_write_errors));
  families.push_back(counter("daruma_log_lines_lost_total",
                             "Log lines lost because their file could not be written",
                             status.log_lines_lost));
  families.push_back(
      counter("daruma_log_files_put_total", "Log files put in their bucket", status.log_files_put));
  families.push_back(counter("daruma_log_put_errors_total",
                             "Attempts to put a log file in its bucket that failed",
                             status.log_put_errors));
  families.push_back(counter("daruma_log_files_lost_total",
                             "Log files lost because they could not be put in their bucket",
                             status.log_files_lost));
  families.push_back(gauge("daruma_log_waiting_bytes",
                           "Log files that wait to be put in their bucket",
                           static_cast<double>(status.log_waiting_bytes)));
  families.push_back(counter("daruma_bugs_total",
                             "States that should not occur and were survived; please report them",
                             status.bugs_reported));
  return families;
}

}  // namespace daruma::telemetry
