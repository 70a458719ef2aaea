// SPDX-License-Identifier: Apache-2.0
#include "health/prober.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "health/anomalies.h"
#include "health/doors.h"
#include "health/health_check_log_line.h"
#include "health/loads.h"
#include "health/probed_target.h"
#include "tls/client_contexts.h"

namespace daruma::health {
namespace {

// A health-check log that tells of a group's probes.
struct GroupLog {
  uint32_t file;              // in the Registry
  std::string load_balancer;  // resource id
};
using GroupLogs = std::vector<std::vector<GroupLog>>;  // by index of the group

void note_groups(const model::LoadBalancer& balancer, const GroupLog& log, GroupLogs& logs) {
  for (const model::Listener& listener : balancer.listeners) {
    for (const model::Rule& rule : listener.rules) {
      const auto* forward = std::get_if<model::ForwardAction>(&rule.action);
      if (forward == nullptr) continue;
      for (const model::WeightedGroup& weighted : forward->groups) {
        std::vector<GroupLog>& its_logs = logs[weighted.group];
        const bool noted = !its_logs.empty() && its_logs.back().file == log.file;
        if (!noted) its_logs.push_back(log);
      }
    }
  }
}

GroupLogs logs_of(const model::Snapshot& snapshot, telemetry::Registry& registry) {
  GroupLogs logs(snapshot.target_groups.size());
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    if (!balancer.health_check_log) continue;
    const auto key = telemetry::log_file_key(telemetry::LogKind::health_check, balancer);
    note_groups(balancer, {registry.log_file(key), balancer.resource_id}, logs);
  }
  return logs;
}

std::string answered_meanwhile(const ProbedTarget& target) {
  return std::to_string(target.traffic().answered_during_probe());
}

std::unique_ptr<tls::ClientContext> make_client_context() {
  auto context = tls::ClientContext::create();
  DARUMA_ASSERT(context.has_value());
  return std::move(*context);
}

}  // namespace

class Prober::Implementation final : private io::Mailbox<model::HealthThreadLetter>::Reader,
                                     private ProbedTargetObserver,
                                     private DoorsObserver,
                                     private AnomaliesObserver {
 public:
  explicit Implementation(const ProberContext& context)
      : context_(context),
        secure_(slabs_),
        tls_(make_client_context()),
        environment_{context.loop, slabs_, secure_, *tls_},
        doors_(context.loop, context_.workers, *this),
        anomalies_(context.loop, context.registry, *this),
        loads_(context.loop, context_.workers),
        mailbox_(context.loop, *this) {}

  io::Mailbox<model::HealthThreadLetter>& mailbox() { return mailbox_; }
  Census census() const;

 private:
  struct Entry {
    std::unique_ptr<ProbedTarget> target;
    uint32_t group = 0;     // index in the adopted snapshot
    uint64_t adoption = 0;  // the last one that named it
  };
  using Entries = std::map<model::TargetKey, Entry>;

  void on_letter(model::HealthThreadLetter letter) override;
  void on_probed(const ProbedTarget& target, const ProbeResult& result) override;
  void on_probe_excused(const ProbedTarget& target, const ProbeResult& result) override;
  void on_hurried(const ProbedTarget& target, model::Reason last_failure) override;
  void on_server_status(const ProbedTarget& target) override;
  Siblings siblings_of(const ProbedTarget& target) const override;
  void on_health_changed(const ProbedTarget& target, const model::TargetHealth& before,
                         ProbeOutcome why) override;
  void on_door_changed(const model::TargetKey& target, bool saturated) override;
  bool is_healthy(const model::TargetKey& target) const override;
  void on_verdict(const model::TargetKey& target, const AnomalyDetector::Verdict& before,
                  const AnomalyDetector::Verdict& now) override;

  void adopt(model::SnapshotRef snapshot);
  void adopt_target(uint32_t group, const model::Target& target, uint64_t adoption);
  std::shared_ptr<tls::ClientContext> tls_of(const model::TargetGroup& group);
  void forget_unnamed();
  void retire(model::SnapshotRef snapshot);
  bool guarded(const model::TargetKey& target) const;
  void take(const model::DoorReport& report);
  void take(const model::LoadReport& report);
  void take(const model::FailureReport& report);
  void drain();
  void announce(const ProbedTarget& target);
  void log_change(const ProbedTarget& target, const model::TargetHealth& before, ProbeOutcome why);
  void note_dropped_line();

  const ProberContext context_;
  SlabPool slabs_;
  transport::SecureTransport secure_;
  std::unique_ptr<tls::ClientContext> tls_;
  tls::ClientContexts client_contexts_;
  const ProbeEnvironment environment_;
  model::SnapshotRef snapshot_;
  GroupLogs group_logs_;
  Entries entries_;
  Doors doors_;
  Anomalies anomalies_;
  Loads loads_;
  uint64_t adoptions_ = 0;
  bool missed_ = false;  // revisions came and went between the last two adoptions
  bool draining_ = false;
  uint64_t log_lines_dropped_ = 0;
  bool dropping_ = false;
  std::string line_;  // reused
  io::Mailbox<model::HealthThreadLetter> mailbox_;
};

void Prober::Implementation::on_letter(model::HealthThreadLetter letter) {
  if (auto* adoption = std::get_if<model::SnapshotLetter>(&letter)) {
    if (draining_) return retire(std::move(adoption->snapshot));
    return adopt(std::move(adoption->snapshot));
  }
  if (const auto* report = std::get_if<model::DoorReport>(&letter)) return take(*report);
  if (const auto* report = std::get_if<model::LoadReport>(&letter)) return take(*report);
  if (const auto* report = std::get_if<model::FailureReport>(&letter)) return take(*report);
  if (std::holds_alternative<model::DrainLetter>(letter) && !draining_) drain();
}

void Prober::Implementation::adopt(model::SnapshotRef snapshot) {
  DARUMA_ASSERT(snapshot != nullptr);
  model::SnapshotRef before = std::exchange(snapshot_, std::move(snapshot));
  group_logs_ = logs_of(*snapshot_, context_.registry);
  ++adoptions_;
  missed_ = before != nullptr && snapshot_->revision != before->revision + 1;
  for (uint32_t group = 0; group < snapshot_->target_groups.size(); ++group) {
    for (const model::Target& target : snapshot_->target_groups[group].targets) {
      adopt_target(group, target, adoptions_);
    }
  }
  forget_unnamed();
  anomalies_.adopt(*snapshot_);
  retire(std::move(before));
}

std::shared_ptr<tls::ClientContext> Prober::Implementation::tls_of(
    const model::TargetGroup& group) {
  if (!group.tls) return nullptr;
  const model::TargetTls& wanted = *group.tls;
  return client_contexts_.find_or_make(wanted.identity, {.verify = wanted.verify,
                                                         .ca_pem = wanted.ca_pem,
                                                         .chain_pem = wanted.chain_pem,
                                                         .key_pem = wanted.key_pem});
}

void Prober::Implementation::forget_unnamed() {
  std::erase_if(entries_, [this](const auto& entry) {
    if (entry.second.adoption == adoptions_) return false;
    doors_.forget(entry.first);
    anomalies_.forget(entry.first);
    loads_.forget(entry.first);
    return true;
  });
}

void Prober::Implementation::adopt_target(uint32_t group, const model::Target& target,
                                          uint64_t adoption) {
  const auto [at, is_new] = entries_.try_emplace(target.key);
  Entry& entry = at->second;
  if (is_new)
    entry.target.reset(new ProbedTarget(environment_, context_.registry, target.key, *this));
  entry.group = group;
  entry.adoption = adoption;
  const model::TargetHealth before = entry.target->health();
  const model::TargetGroup& its_group = snapshot_->target_groups[group];
  entry.target->adopt(its_group, target, tls_of(its_group));
  // A worker that saw it go, and come back, gives it its full weight.
  if (missed_) {
    anomalies_.forget(target.key);
    loads_.forget(target.key);  // nor has that one a limit
  }
  if (is_new || missed_) {
    announce(*entry.target);
  } else if (entry.target->health() != before) {
    on_health_changed(*entry.target, before, ProbeOutcome::not_made);
  }
}

// A group whose guard is off has no door: workers that have not adopted that yet are not heard.
bool Prober::Implementation::guarded(const model::TargetKey& target) const {
  const auto found = entries_.find(target);
  if (found == entries_.end()) return false;
  return snapshot_->target_groups[found->second.group].saturation_guard.enabled;
}

void Prober::Implementation::take(const model::DoorReport& report) {
  if (guarded(report.target)) doors_.take(report);
}

void Prober::Implementation::take(const model::LoadReport& report) {
  if (guarded(report.target)) loads_.take(report);
}

void Prober::Implementation::take(const model::FailureReport& report) {
  const auto found = entries_.find(report.target);
  if (found != entries_.end()) found->second.target->on_requests_failed(report);
}

void Prober::Implementation::on_hurried(const ProbedTarget& target, model::Reason last_failure) {
  const model::TargetKey& key = target.key();
  context_.log.write(LogLevel::warning, "health",
                     "target " + key.group + " " + key.to_string() + " answers nobody",
                     {{"failed_requests", std::to_string(target.traffic().failed_requests())},
                      {"last_failure", std::string(name_of(last_failure))}});
}

void Prober::Implementation::on_server_status(const ProbedTarget& target) {
  const model::TargetKey& key = target.key();
  const model::ServerStatus& status = target.server_status();
  context_.control.post(model::ServerStatusLetter{key, status});
  if (status.problem.empty()) return;
  context_.log.write(LogLevel::warning, "health",
                     "what the server of target " + key.group + " " + key.to_string() +
                         " tells of itself is of no use",
                     {{"problem", status.problem}});
}

Siblings Prober::Implementation::siblings_of(const ProbedTarget& target) const {
  Siblings siblings;
  const uint32_t group = entries_.at(target.key()).group;
  for (const model::Target& registered : snapshot_->target_groups[group].targets) {
    const ProbedTarget& other = *entries_.at(registered.key).target;
    if (&other == &target || other.health().state != model::HealthState::healthy) continue;
    ++siblings.healthy;
    siblings.saturated += other.full_of_late();
  }
  return siblings;
}

void Prober::Implementation::on_door_changed(const model::TargetKey& target, bool saturated) {
  context_.log.write(saturated ? LogLevel::warning : LogLevel::info, "health",
                     "target " + target.group + " " + target.to_string() +
                         (saturated ? " is" : " is no longer") + " saturated");
  entries_.at(target).target->set_door_shut(saturated);
}

bool Prober::Implementation::is_healthy(const model::TargetKey& target) const {
  return entries_.at(target).target->health().state == model::HealthState::healthy;
}

void Prober::Implementation::on_verdict(const model::TargetKey& target,
                                        const AnomalyDetector::Verdict& before,
                                        const AnomalyDetector::Verdict& now) {
  if (before.anomalous != now.anomalous) {
    context_.log.write(now.anomalous ? LogLevel::warning : LogLevel::info, "health",
                       "target " + target.group + " " + target.to_string() +
                           (now.anomalous ? " is" : " is no longer") + " anomalous");
  }
  if (before.anomalous != now.anomalous || before.mitigated() != now.mitigated())
    context_.control.post(model::AnomalyLetter{target, now.anomalous, now.mitigated()});
  if (before.weight == now.weight) return;
  for (io::Mailbox<model::WorkerLetter>* worker : context_.workers)
    worker->post(model::WeightLetter{target, now.weight});
}

void Prober::Implementation::on_probe_excused(const ProbedTarget& target,
                                              const ProbeResult& result) {
  const model::TargetKey& key = target.key();
  context_.log.write(LogLevel::warning, "health",
                     "target " + key.group + " " + key.to_string() + " is busy, not dead",
                     {{"probe", std::string(name_of(result.outcome))},
                      {"answered_meanwhile", answered_meanwhile(target)}});
}

// Freed where it was made: on the control thread.
void Prober::Implementation::retire(model::SnapshotRef snapshot) {
  if (snapshot) context_.control.post(model::RetiredLetter{std::move(snapshot)});
}

void Prober::Implementation::drain() {
  draining_ = true;
  doors_.forget_all();
  anomalies_.stop();
  loads_.forget_all();
  entries_.clear();
  retire(std::exchange(snapshot_, nullptr));
  context_.control.post(model::StoppedLetter{.worker = stopped_letter_id});
}

void Prober::Implementation::on_health_changed(const ProbedTarget& target,
                                               const model::TargetHealth& before,
                                               ProbeOutcome why) {
  if (before.state != target.health().state) log_change(target, before, why);
  announce(target);
}

void Prober::Implementation::announce(const ProbedTarget& target) {
  context_.control.post(model::HealthLetter{target.key(), target.health()});
  model::HealthLetter letter{target.key(), target.health()};
  if (letter.health.state == model::HealthState::unused) letter.health = {};
  for (io::Mailbox<model::WorkerLetter>* worker : context_.workers) worker->post(letter);
}

void Prober::Implementation::log_change(const ProbedTarget& target,
                                        const model::TargetHealth& before, ProbeOutcome why) {
  const model::TargetHealth& health = target.health();
  std::string message = "target " + target.key().group + " " + target.key().to_string() + " ";
  message += std::string(name_of(before.state)) + " -> " + std::string(name_of(health.state));
  if (health.state == model::HealthState::unhealthy) {
    return context_.log.write(
        LogLevel::warning, "health", message,
        {{"reason", std::string(name_of(health.reason))},
         {"description", health.description},
         {"probe", std::string(name_of(why))},
         {"answered_meanwhile", answered_meanwhile(target)},
         {"failed_requests", std::to_string(target.traffic().failed_requests())},
         {"held_out_seconds", std::to_string(target.damping().hold() / 1s)}});
  }
  if (health.reason == model::HealthReason::none) {
    return context_.log.write(LogLevel::info, "health", message);
  }
  context_.log.write(LogLevel::info, "health", message,
                     {{"reason", std::string(name_of(health.reason))}});
}

void Prober::Implementation::on_probed(const ProbedTarget& target, const ProbeResult& result) {
  const std::vector<GroupLog>& logs = group_logs_[entries_.at(target.key()).group];
  if (logs.empty()) return;
  model::TargetKey asked = target.key();
  asked.port = target.probe_port();
  const std::string address = asked.to_string();
  for (const GroupLog& log : logs) {
    write_health_check_log_line({.protocol = target.check().protocol,
                                 .version = target.check().version,
                                 .time = context_.loop.wall_now(),
                                 .result = result,
                                 .target = address,
                                 .target_group = target.key().group,
                                 .load_balancer = log.load_balancer},
                                line_);
    const bool pushed = context_.log_ring.push(log.file, line_);
    if (!pushed) note_dropped_line();
    dropping_ = !pushed;
  }
}

// Once per run of dropped lines: the operational log must not drown as well.
void Prober::Implementation::note_dropped_line() {
  ++log_lines_dropped_;
  if (dropping_) return;
  context_.log.write(LogLevel::warning, "health", "health-check log lines are being dropped",
                     {{"dropped_so_far", std::to_string(log_lines_dropped_)}});
}

Prober::Census Prober::Implementation::census() const {
  Census census{.targets = entries_.size(),
                .slabs = slabs_.outstanding(),
                .log_lines_dropped = log_lines_dropped_};
  for (const auto& [key, entry] : entries_)
    census.probes_under_way += entry.target->probe_under_way();
  return census;
}

Prober::Prober(const ProberContext& context)
    : implementation_(std::make_unique<Implementation>(context)) {}
Prober::~Prober() = default;

io::Mailbox<model::HealthThreadLetter>& Prober::mailbox() {
  return implementation_->mailbox();
}
Prober::Census Prober::census() const {
  return implementation_->census();
}

}  // namespace daruma::health
