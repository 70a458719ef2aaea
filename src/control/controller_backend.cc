// SPDX-License-Identifier: Apache-2.0
#include "control/controller_backend.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "control/group_health.h"
#include "telemetry/prometheus.h"
#include "tls/context.h"

namespace daruma::control {
namespace {

using Json = nlohmann::ordered_json;

// Descriptions may hold bytes that a target sent.
std::string page_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// "2026-10-03T12:02:00Z"; null for a moment that has not been.
Json json_of(WallTime time) {
  if (time == WallTime{}) return nullptr;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Json override_of(bool shifted_away) {
  if (!shifted_away)
    return {{"State", "no_override"}, {"Reason", "AdministrativeOverride.NoOverride"}};
  return {{"State", "zonal_shift_active"},
          {"Reason", "AdministrativeOverride.ZonalShiftActive"},
          {"Description", "Traffic is shifted away from the zone of this target"}};
}

Json json_of(const ZoneHealth& zone) {
  const auto state = [](bool enough) { return enough ? "healthy" : "unhealthy"; };
  return {{"ZoneName", zone.zone},
          {"HealthyTargets", zone.healthy},
          {"Targets", zone.targets},
          {"RoutingState", state(zone.routing)},
          {"DnsState", state(zone.dns)}};
}

// The member names are those of DescribeTargetHealth, but for Saturated and Addresses (and
// ServerStatus, where it is asked).
Json json_of(const model::Target& target, const model::TargetHealth& health,
             const model::AnomalyLetter& anomaly, bool shifted_away) {
  Json json;
  json["Target"] = {{"Id", target.key.id}, {"Port", target.key.port}};
  if (!target.zone.empty()) json["Target"]["AvailabilityZone"] = target.zone;
  json["TargetHealth"]["State"] = name_of(health.state);
  if (health.reason != model::HealthReason::none) {
    json["TargetHealth"]["Reason"] = name_of(health.reason);
  }
  if (!health.description.empty()) json["TargetHealth"]["Description"] = health.description;
  json["AnomalyDetection"] = {{"Result", anomaly.anomalous ? "anomalous" : "normal"},
                              {"MitigationInEffect", anomaly.mitigated ? "yes" : "no"}};
  json["AdministrativeOverride"] = override_of(shifted_away);
  json["Saturated"] = health.saturated;
  Json addresses = Json::array();
  for (const Address& address : target.addresses) addresses.push_back(address.to_string());
  json["Addresses"] = std::move(addresses);
  return json;
}

AdminBackend::ReloadAnswer answer_of(const ReloadResult& result) {
  using Outcome = AdminBackend::ReloadAnswer::Outcome;
  if (!result.applied) return {Outcome::refused, result.to_text()};
  return {result.complete() ? Outcome::complete : Outcome::incomplete, result.to_text()};
}

HealthOf health_of(const Controller& controller) {
  return [&controller](const model::TargetKey& key) {
    const auto known = controller.target_health().find(key);
    return known == controller.target_health().end() ? model::HealthState::unused
                                                     : known->second.state;
  };
}

// Of this target, in each group that asks its server.
std::vector<ServerNote> server_notes(const Controller& controller, const std::string& target,
                                     Instant now) {
  std::vector<ServerNote> notes;
  for (const model::TargetGroup& group : controller.snapshot()->target_groups) {
    if (group.status_path.empty()) continue;
    for (const model::Target& each : group.targets) {
      if (each.key.to_string() == target)
        notes.push_back({group.name, target, controller.server_status(each.key), now});
    }
  }
  return notes;
}

// "2h 5m".
std::string text_of(WallTime::duration left) {
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(left).count();
  return fmt::format("{}h {}m", minutes / 60, minutes % 60);
}

std::string text_of(Controller::ShiftRequest what, const ZonalShift& shift, WallTime now) {
  if (what == Controller::ShiftRequest::cancel) {
    return fmt::format("traffic of load balancer {} goes to {} again\n", shift.load_balancer,
                       shift.zone);
  }
  return fmt::format("traffic of load balancer {} is shifted away from {} for {}\n",
                     shift.load_balancer, shift.zone, text_of(shift.expires - now));
}

}  // namespace

class ControllerBackend::Reload final : public ReloadObserver {
 public:
  Reload(ControllerBackend& backend, std::function<void(const ReloadResult&)> done)
      : backend_(backend), done_(std::move(done)) {}

  void on_reloaded(const ReloadResult& result) override {
    const auto done = std::move(done_);
    // Destroys this.
    std::erase_if(backend_.reloads_, [this](const auto& reload) { return reload.get() == this; });
    done(result);
  }

 private:
  ControllerBackend& backend_;
  std::function<void(const ReloadResult&)> done_;
};

ControllerBackend::ControllerBackend(ControllerBackendContext context)
    : context_(std::move(context)),
      adviser_(context_.loop, context_.registry),
      started_(context_.loop.wall_now()) {}

ControllerBackend::~ControllerBackend() {
  for (const auto& reload : reloads_) context_.controller.forget(*reload);
}

void ControllerBackend::reload(std::function<void(ReloadAnswer)> done) {
  reloads_.push_back(std::make_unique<Reload>(
      *this, [done = std::move(done)](const ReloadResult& result) { done(answer_of(result)); }));
  context_.controller.reload(reloads_.back().get());
}

void ControllerBackend::explain(model::StoryQuery query, Inquiries::Done done) {
  const bool of_target = query.by == model::StoryQuery::By::target;
  if (!of_target) return context_.controller.inquiries().ask(std::move(query), std::move(done));
  context_.controller.inquiries().ask(
      std::move(query), [&controller = context_.controller, &loop = context_.loop,
                         done = std::move(done)](const Findings& findings) {
        Findings with_servers = findings;
        with_servers.servers = server_notes(controller, findings.query.what, loop.now());
        done(with_servers);
      });
}

std::vector<Advice> ControllerBackend::advice() {
  const Controller& controller = context_.controller;
  return adviser_.advice(*controller.snapshot(), [&controller](const model::TargetKey& target) {
    return controller.server_status(target);
  });
}

AdminBackend::Health ControllerBackend::health() {
  const Publisher& publisher = context_.controller.publisher();
  if (context_.controller.ready()) {
    return {publisher.problems().empty(), fmt::format("{}", fmt::join(publisher.problems(), "\n"))};
  }
  if (publisher.revision_everywhere() > 0) return {false, "draining: this node is stopping"};
  return {false, fmt::format("starting: {} of {} workers serve a configuration",
                             publisher.adopted(1), publisher.workers())};
}

std::string ControllerBackend::authorities_pem() {
  std::string all;
  for (const auto& each : context_.controller.created().authorities) all += each.chain_pem;
  return all;
}

std::string ControllerBackend::targets_json() {
  const auto& health = context_.controller.target_health();
  const std::string& node_zone = context_.controller.snapshot()->node.zone;
  Json groups = Json::array();
  for (const model::TargetGroup& group : context_.controller.snapshot()->target_groups) {
    Json json;
    json["TargetGroupName"] = group.name;
    json["TargetGroupArn"] = group.arn;
    json["Protocol"] = name_of(group.protocol);
    json["Port"] = group.port;
    Json targets = Json::array();
    for (const model::Target& target : group.targets) {
      const auto known = health.find(target.key);
      DARUMA_ASSERT(known != health.end());
      targets.push_back(json_of(target, known->second, context_.controller.anomaly(target.key),
                                context_.controller.shifted_away(target.key)));
      if (group.status_path.empty()) continue;
      targets.back()["ServerStatus"] =
          json_of(context_.controller.server_status(target.key), context_.loop.now());
    }
    for (const auto& [key, draining] : context_.controller.draining_targets()) {
      if (key.group != group.name) continue;
      targets.push_back(json_of(draining.target, Controller::draining_health(), {}, false));
    }
    Json zones = Json::array();
    for (const ZoneHealth& zone : zone_health(group, node_zone, health_of(context_.controller)))
      zones.push_back(json_of(zone));
    json["Zones"] = std::move(zones);
    json["TargetHealthDescriptions"] = std::move(targets);
    groups.push_back(std::move(json));
  }
  return page_of({{"TargetGroups", std::move(groups)}});
}

// In the words of ListZonalShifts.
std::string ControllerBackend::zonal_shifts_json() {
  Json rows = Json::array();
  for (const auto& [name, shift] : context_.controller.zonal_shifts().all()) {
    rows.push_back({{"resourceIdentifier", shift.load_balancer},
                    {"awayFrom", shift.zone},
                    {"status", "ACTIVE"},
                    {"startTime", json_of(shift.started)},
                    {"expiryTime", json_of(shift.expires)},
                    {"comment", shift.comment}});
  }
  return page_of({{"items", std::move(rows)}});
}

// What else is wrong with the configuration is no failure of the shift.
void ControllerBackend::shift(Controller::ShiftRequest what, const ZonalShiftDesk::Request& request,
                              std::function<void(ShiftAnswer)> done) {
  auto text = std::make_shared<std::string>();
  auto waiting = std::make_unique<Reload>(*this, [text, done](const ReloadResult& result) {
    if (!result.everywhere()) *text += "not by every worker yet:\n" + result.to_text();
    if (result.everywhere()) {
      for (const std::string& problem : result.problems) *text += "note: " + problem + "\n";
    }
    done({result.everywhere() ? 200 : 500, *text});
  });
  const auto granted = context_.controller.shift(what, request, waiting.get());
  if (!granted) return done({granted.error().status, granted.error().message + "\n"});
  *text = text_of(what, *granted, context_.loop.wall_now());
  reloads_.push_back(std::move(waiting));
}

std::string ControllerBackend::config_json() {
  const Controller& controller = context_.controller;
  Json json;
  json["Revision"] = controller.snapshot()->revision;
  json["AvailabilityZone"] = controller.snapshot()->node.zone;
  json["RevisionEverywhere"] = controller.publisher().revision_everywhere();
  Json workers = Json::array();
  context_.registry.for_each(
      [&workers](const telemetry::WorkerLabels& labels, const telemetry::WorkerCounters& counters) {
        workers.push_back(
            {{"Worker", labels.worker}, {"Revision", counters.snapshot_revision.value()}});
      });
  json["Workers"] = std::move(workers);
  json["Problems"] = controller.problems();
  const telemetry::LoadStatus load = load_status();
  json["LastLoad"] = {
      {"Applied", load.applied}, {"At", json_of(load.at)}, {"AppliedAt", json_of(load.applied_at)}};
  json["LoadsApplied"] = load.times_applied;
  json["LoadsRefused"] = load.times_refused;
  return page_of(json);
}

std::string ControllerBackend::metrics() {
  const auto families = telemetry::metrics_of(status(), context_.loop.wall_now());
  return telemetry::prometheus_text(context_.registry, families);
}

telemetry::NodeStatus ControllerBackend::status() {
  telemetry::NodeStatus status;
  status.version = context_.version;
  status.started = started_;
  status.draining =
      !context_.controller.ready() && context_.controller.publisher().revision_everywhere() > 0;
  status.config_revision = context_.controller.snapshot()->revision;
  status.config_load = load_status();
  status.config_problems = context_.controller.problems().size();
  status.targets = target_statuses();
  for (const Advice& each : advice())
    status.advice.push_back({each.target_group, each.target, std::string(name_of(each.kind))});
  status.groups = group_statuses();
  status.load_balancers = load_balancer_statuses();
  status.certificates = certificates();
  if (context_.log_totals) {
    status.log_write_errors = context_.log_totals->write_errors.value();
    status.log_lines_lost = context_.log_totals->lines_lost.value();
  }
  if (const telemetry::LogShipperTotals* totals = context_.log_shipper_totals) {
    status.log_files_put = totals->files_put.value();
    status.log_put_errors = totals->put_errors.value();
    status.log_files_lost = totals->files_lost.value();
    status.log_waiting_bytes = totals->waiting_bytes.load(std::memory_order_relaxed);
  }
  status.bugs_reported = daruma::bugs_reported();
  return status;
}

telemetry::LoadStatus ControllerBackend::load_status() const {
  const ReloadStatus& status = context_.controller.reload_status();
  return {.applied = status.success,
          .at = status.at,
          .applied_at = status.applied_at,
          .times_applied = status.attempts - status.failures,
          .times_refused = status.failures};
}

std::vector<telemetry::TargetStatus> ControllerBackend::target_statuses() const {
  const auto& health = context_.controller.target_health();
  std::vector<telemetry::TargetStatus> statuses;
  for (const model::TargetGroup& group : context_.controller.snapshot()->target_groups) {
    for (const model::Target& target : group.targets) {
      const auto known = health.find(target.key);
      DARUMA_ASSERT(known != health.end());
      const model::AnomalyLetter anomaly = context_.controller.anomaly(target.key);
      statuses.push_back({{group.name, target.key.to_string(), target.zone},
                          known->second,
                          anomaly.anomalous,
                          anomaly.mitigated});
    }
  }
  for (const auto& [key, draining] : context_.controller.draining_targets()) {
    statuses.push_back(
        {{key.group, key.to_string(), draining.target.zone}, Controller::draining_health()});
  }
  return statuses;
}

std::vector<telemetry::GroupStatus> ControllerBackend::group_statuses() const {
  const Controller& controller = context_.controller;
  std::vector<telemetry::GroupStatus> statuses;
  for (const model::TargetGroup& group : controller.snapshot()->target_groups) {
    if (!group.in_use) continue;
    telemetry::GroupStatus& status = statuses.emplace_back();
    status.target_group = group.name;
    for (const ZoneHealth& zone :
         zone_health(group, controller.snapshot()->node.zone, health_of(controller))) {
      ++(zone.dns ? status.healthy_state_dns : status.unhealthy_state_dns);
      ++(zone.routing ? status.healthy_state_routing : status.unhealthy_state_routing);
    }
    for (const model::Target& target : group.targets)
      status.shifted_away += controller.shifted_away(target.key);
  }
  return statuses;
}

std::vector<telemetry::LoadBalancerStatus> ControllerBackend::load_balancer_statuses() const {
  const model::Snapshot& snapshot = *context_.controller.snapshot();
  std::vector<telemetry::LoadBalancerStatus> statuses;
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    statuses.push_back(
        {balancer.name, belongs_in_dns(snapshot, balancer, health_of(context_.controller))});
  }
  return statuses;
}

std::vector<std::string> ControllerBackend::configuration_problems() {
  std::vector<std::string> problems = context_.controller.problems();
  if (!context_.controller.reload_status().success)
    problems.push_back("the configuration file was refused; the former configuration serves");
  return problems;
}

std::vector<telemetry::CertificateStatus> ControllerBackend::certificates() {
  std::vector<telemetry::CertificateStatus> statuses;
  std::map<std::string, WallTime> ends;
  for (const model::Certificate& certificate : context_.controller.snapshot()->certificates) {
    const auto known = certificate_ends_.find(certificate.fingerprint);
    WallTime end;
    if (known != certificate_ends_.end()) {
      end = known->second;
    } else if (const auto facts = tls::describe_certificate(
                   {certificate.name, certificate.chain_pem, certificate.key_pem})) {
      end = facts->not_after;
    }
    ends[certificate.fingerprint] = end;
    statuses.push_back({certificate.name, end});
  }
  certificate_ends_ = std::move(ends);
  return statuses;
}

}  // namespace daruma::control
