// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"
#include "control/name_servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "base/check.h"
#include "control/group_health.h"
#include "control/snapshot_compiler.h"
#include "control/together.h"
#include "control/validate.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;

constexpr std::string_view not_in_use_text =
    "Target group is not configured to receive traffic from the load balancer";

// What is known of a target before its first probe.
model::TargetHealth first_health(const model::TargetGroup& group) {
  using model::HealthReason, model::HealthState;
  if (!group.in_use) {
    return {HealthState::unused, HealthReason::not_in_use, std::string(not_in_use_text)};
  }
  return {HealthState::initial, HealthReason::registration_in_progress,
          "Target registration is in progress"};
}

// A file that was valid as such, but asks for what a running process cannot change.
void warn_of_restart(const Settings& before, const Settings& after, const std::string& file,
                     Diagnostics& diagnostics) {
  const auto warn = [&](std::string_view what) {
    diagnostics.push_back({file, 0, 0,
                           fmt::format("{} changed; it takes effect at the next start", what),
                           Severity::warning});
  };
  if (before.admin != after.admin) warn("Admin");
  if (before.logs_directory != after.logs_directory) warn("Logs.Directory");
  if (before.logs_format != after.logs_format) warn("Logs.Format");
  if (before.logs_compressed != after.logs_compressed) warn("Logs.Compress");
  if (before.buckets != after.buckets) warn("Buckets");
  if (before.mackerel != after.mackerel) warn("Mackerel");
  if (before.alarms != after.alarms) warn("Alarms");
}

// "load balancer 'web', Listeners[0].DefaultActions[0].TargetGroup: ", for whoever has no file to
// look into.
std::string place_of(const Issue& issue, const api::Resources& whole) {
  if (issue.where.empty()) return "";
  const PathStep& top = issue.where.front();
  const auto named = [&top](std::string_view what, const auto& list) {
    return top.index < list.size() ? fmt::format("{} '{}'", what, list[top.index].name) : "";
  };
  std::string text = top.member == "LoadBalancers"  ? named("load balancer", whole.load_balancers)
                     : top.member == "TargetGroups" ? named("target group", whole.target_groups)
                     : top.member == "TrustStores"  ? named("trust store", whole.trust_stores)
                     : top.member == "Certificates" ? named("certificate", whole.certificates)
                                                    : "";
  if (text.empty()) return "";
  for (size_t i = 1; i < issue.where.size(); ++i) {
    const PathStep& step = issue.where[i];
    text += (i == 1 ? ", " : ".") + step.member;
    if (step.index != PathStep::no_index) text += fmt::format("[{}]", step.index);
  }
  return text + ": ";
}

std::string_view summary_of(const ReloadResult& result) {
  if (!result.applied) return "configuration refused, nothing changed";
  return result.complete() ? "configuration applied" : "configuration applied, but not all of it";
}

void forget_unused(std::vector<std::shared_ptr<const tls::TrustStore>>& stores) {
  std::erase_if(stores, [](const auto& store) { return store.use_count() == 1; });
}

}  // namespace

std::string ReloadResult::to_text() const {
  std::string text = control::to_text(diagnostics);
  if (!applied) return text + fmt::format("nothing changed; revision {} serves\n", revision);
  for (const std::string& problem : problems) text += "problem: " + problem + "\n";
  text += fmt::format("revision {} applied", revision);
  if (workers_adopted < workers) {
    text += fmt::format("; {} of {} workers have adopted it so far", workers_adopted, workers);
  }
  return text + "\n";
}

Controller::Controller(const ControllerContext& context, ControllerOptions options)
    : loop_(context.loop),
      log_(context.log),
      options_(std::move(options)),
      inquiries_(context.loop, publisher_),
      lookup_(context.lookup),
      resolver_(context.loop, context.lookup, context.log, *this),
      zonal_shifts_(context.loop, context.log, options_.data_directory, *this),
      reload_timer_(context.loop.timers(), *this),
      drained_timer_(context.loop.timers(), *this),
      mailbox_(context.loop, *this) {}

Controller::~Controller() = default;

Diagnostics Controller::load() {
  Declared declared = read_declared(options_.config_file, options_.surroundings);
  file_does_not_fit_ = !check_with_created(declared);
  apply(declared);
  return declared.diagnostics;
}

Diagnostics Controller::load_last_good() {
  Declared declared = read_last_good();
  check_with_created(declared);
  if (!has_errors(declared.diagnostics)) take(declared);
  return declared.diagnostics;
}

Declared Controller::read_last_good() const {
  const Result<LastGood> good = control::load_last_good(options_.data_directory);
  if (!good) {
    Declared none;
    none.diagnostics.push_back(
        {options_.data_directory, 0, 0, good.error().message, Severity::error});
    return none;
  }
  std::map<std::string, std::string> files;
  for (const auto& [written, content] : good->files) {
    files[resolve_path(options_.config_file, written)] = content;
  }
  Surroundings with = options_.surroundings;
  with.read_file = [&files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail("not among the files kept");
    return found->second;
  };
  return parse_declared(good->text, options_.config_file, with);
}

// A listener that cannot listen must not cost those that do.
void Controller::check_ports(Declared& declared) const {
  if (has_errors(declared.diagnostics)) return;
  const auto wanted = listening_addresses(together(declared.resources, created_));
  for (const Address& address : new_addresses(wanted, listening_addresses(resources_))) {
    const std::string problem = options_.listening_problem(address);
    if (problem.empty()) continue;
    declared.diagnostics.push_back({options_.config_file, 0, 0, problem, Severity::error});
  }
}

// The file has been validated alone: what is wrong now is between the two.
bool Controller::check_with_created(Declared& declared) const {
  if (has_errors(declared.diagnostics)) return true;
  if (created_.load_balancers.empty() && created_.target_groups.empty() &&
      created_.certificates.empty() && created_.trust_stores.empty()) {
    return true;
  }
  const api::Resources whole = together(declared.resources, created_);
  Issues issues;
  validate(whole, {.check_ssl_policy = options_.surroundings.check_ssl_policy}, issues);
  for (const Issue& issue : issues.list()) {
    if (issue.severity != Severity::error) continue;
    declared.diagnostics.push_back(
        {options_.config_file, 0, 0,
         fmt::format("does not fit with what the API made: {}{}; declare what it needs, or change "
                     "or delete it through the API first",
                     place_of(issue, whole), one_line(issue.message)),
         Severity::error});
  }
  return !has_errors(declared.diagnostics);
}

Controller::Proposal Controller::propose(const api::Resources& created, Ports ports) const {
  Proposal proposal{together(declared_, created), {}};
  validate(proposal.whole, {.check_ssl_policy = options_.surroundings.check_ssl_policy},
           proposal.issues);
  if (ports == Ports::trusted) return proposal;
  const Path root;
  for (const Address& address :
       new_addresses(listening_addresses(proposal.whole), listening_addresses(resources_))) {
    const std::string problem = options_.listening_problem(address);
    if (problem.empty()) continue;
    proposal.issues.error(root.at("LoadBalancers"), problem, IssueKind::port_taken);
  }
  return proposal;
}

api::Resources Controller::apply_created(api::Resources created, Proposal proposal,
                                         ReloadObserver* observer) {
  DARUMA_ASSERT(!draining_);
  api::Resources former = std::exchange(created_, std::move(created));
  resources_ = std::move(proposal.whole);
  resolver_.watch(target_names(resources_));
  zonal_shifts_.keep_those_of(resources_);
  compile_and_tell(observer, true);
  return former;
}

ZonalShiftDesk::Answer<ZonalShift> Controller::shift(ShiftRequest what,
                                                     const ZonalShiftDesk::Request& request,
                                                     ReloadObserver* observer) {
  if (draining_) {
    return tl::unexpected<ZonalShiftDesk::Refusal>(
        ZonalShiftDesk::Refusal{409, "this node is stopping"});
  }
  auto granted = [&] {
    switch (what) {
      case ShiftRequest::start:
        return zonal_shifts_.start(request, resources_);
      case ShiftRequest::extend:
        return zonal_shifts_.extend(request);
      case ShiftRequest::cancel:
        break;
    }
    return zonal_shifts_.cancel(request);
  }();
  if (granted) compile_and_tell(observer, false);
  return granted;
}

void Controller::on_zonal_shift_expired() {
  if (!draining_) compile_and_publish();
}

void Controller::compile_and_tell(ReloadObserver* observer, bool awaits_names) {
  compile_and_publish();
  Pending pending{{observer}, {}, loop_.now() + reload_timeout, awaits_names};
  pending.result.applied = true;
  pending.result.revision = revision_;
  pending_.push_back(std::move(pending));
  loop_.call_soon(*this);
}

// Counts a file that was read, and takes it if it is valid.
void Controller::apply(Declared& declared) {
  ++status_.attempts;
  status_.at = loop_.wall_now();
  status_.success = !has_errors(declared.diagnostics);
  if (!status_.success) ++status_.failures;
  if (!status_.success) return;
  take(declared);
  if (options_.data_directory.empty()) return;
  to_keep_ = {revision_, {std::move(declared.text), std::move(declared.files)}};
}

// Makes it the current configuration; may add warnings to its diagnostics. REQUIRES: no errors.
void Controller::take(Declared& declared) {
  status_.applied_at = loop_.wall_now();
  if (snapshot_ == nullptr) {
    settings_ = declared.settings;
  } else {
    warn_of_restart(settings_, declared.settings, options_.config_file, declared.diagnostics);
  }
  declared_ = std::move(declared.resources);
  resources_ = together(declared_, created_);
  lookup_.use_servers(name_servers(resources_.node.resolvers));
  resolver_.watch(target_names(resources_));
  zonal_shifts_.keep_those_of(resources_);
  compile_and_publish();
}

void Controller::compile_and_publish() {
  const model::SnapshotRef before =
      std::exchange(snapshot_, compile_snapshot(resources_, resolver_.names(), ++revision_,
                                                zonal_shifts_.shifts(), snapshot_.get()));
  refresh_health_table();
  if (before != nullptr) refresh_draining_targets(*before);
  note_health();
  keep_trust_stores();
  publisher_.publish(snapshot_);
}

// Freed by whoever lets go last: a worker that lost its time over it would let requests wait.
void Controller::keep_trust_stores() {
  for (const model::TrustStore& store : snapshot_->trust_stores) {
    const auto& there = trust_stores_;
    if (std::ranges::find(there, store.compiled) == there.end())
      trust_stores_.push_back(store.compiled);
  }
  forget_unused(trust_stores_);
}

// What was reloaded serves once its targets have their addresses.
void Controller::publish_names() {
  compile_and_publish();
  for (Pending& pending : pending_) {
    if (pending.result.applied) pending.result.revision = revision_;
  }
}

void Controller::keep_what_serves() {
  if (!to_keep_) return;
  if (publisher_.revision_everywhere() < to_keep_->revision) return;
  if (!publisher_.problems().empty()) return;
  const Result<void> kept = save_last_good(options_.data_directory, to_keep_->text);
  to_keep_.reset();
  keep_problem_ = kept ? "" : kept.error().message;
  if (!kept) {
    log_.write(LogLevel::error, "control", "cannot keep the last good configuration",
               {{"problem", keep_problem_}});
  }
}

// Health survives a change of configuration; what is gone is forgotten.
void Controller::refresh_health_table() {
  TargetHealthTable fresh;
  for (const model::TargetGroup& group : snapshot_->target_groups) {
    for (const model::Target& target : group.targets) {
      const auto known = health_.find(target.key);
      const bool was_unused =
          known != health_.end() && known->second.reason == model::HealthReason::not_in_use;
      const bool keep_it = known != health_.end() && group.in_use && !was_unused;
      fresh.emplace(target.key, keep_it ? known->second : first_health(group));
    }
  }
  health_ = std::move(fresh);
  shifted_away_.reset();
  std::erase_if(anomalies_, [this](const auto& row) { return !health_.contains(row.first); });
  forget_server_statuses();
}

void Controller::forget_server_statuses() {
  std::set<std::string> asked;  // groups
  for (const model::TargetGroup& group : snapshot_->target_groups) {
    if (!group.status_path.empty()) asked.insert(group.name);
  }
  std::erase_if(server_statuses_, [&](const auto& row) {
    return !health_.contains(row.first) || !asked.contains(row.first.group);
  });
}

// Of those that a configuration brought, and of those that it took away.
void Controller::note_health() {
  const WallTime now = loop_.wall_now();
  health_history_.forget_where([this](const model::TargetKey& target) {
    return !health_.contains(target) && !draining_targets_.contains(target);
  });
  for (const auto& [target, health] : health_) health_history_.note(target, health, now);
  for (const auto& [target, draining] : draining_targets_)
    health_history_.note(target, draining_health(), now);
}

model::TargetHealth Controller::draining_health() {
  return {model::HealthState::draining, model::HealthReason::deregistration_in_progress,
          "Target deregistration is in progress"};
}

void Controller::refresh_draining_targets(const model::Snapshot& before) {
  for (const model::TargetGroup& group : before.target_groups) {
    if (!group.in_use) continue;  // nobody was sent there
    for (const model::Target& target : group.targets) {
      if (health_.contains(target.key)) continue;
      draining_targets_.try_emplace(
          target.key, DrainingTarget{target, loop_.now() + group.deregistration_delay});
    }
  }
  std::set<std::string> groups;
  for (const model::TargetGroup& group : snapshot_->target_groups) groups.insert(group.name);
  std::erase_if(draining_targets_, [&](const auto& row) {
    return health_.contains(row.first) || !groups.contains(row.first.group);
  });
  forget_drained_targets();
}

void Controller::forget_drained_targets() {
  const auto ends = [](const auto& row) { return row.second.until; };
  std::erase_if(draining_targets_, [&](const auto& row) { return ends(row) <= loop_.now(); });
  while (draining_targets_.size() > model::limits::draining_targets_max) {
    draining_targets_.erase(std::ranges::min_element(draining_targets_, {}, ends));
  }
  drained_timer_.clear();
  if (draining_targets_.empty()) return;
  drained_timer_.set(ends(*std::ranges::min_element(draining_targets_, {}, ends)));
}

void Controller::connect(std::vector<Publisher::WorkerMailbox*> workers,
                         Publisher::HealthMailbox* health) {
  DARUMA_ASSERT(snapshot_ != nullptr);
  publisher_.connect(std::move(workers), health);
  publisher_.publish(snapshot_);
}

void Controller::reload(ReloadObserver* observer) {
  asked_.push_back(observer);
  loop_.call_soon(*this);
}

void Controller::read_again() {
  Pending pending{std::exchange(asked_, {}), {}, loop_.now() + reload_timeout};
  if (draining_) {
    pending.result.diagnostics.push_back(
        {options_.config_file, 0, 0, "not read: this node is stopping", Severity::error});
  } else {
    Declared declared = read_declared(options_.config_file, options_.surroundings);
    check_with_created(declared);
    check_ports(declared);
    apply(declared);
    pending.result.applied = status_.success;
    pending.result.diagnostics = std::move(declared.diagnostics);
  }
  pending.result.revision = revision_;
  pending_.push_back(std::move(pending));
}

void Controller::forget(ReloadObserver& observer) {
  ReloadObserver* const nobody = nullptr;
  std::ranges::replace(asked_, &observer, nobody);
  for (Pending& pending : pending_) std::ranges::replace(pending.observers, &observer, nobody);
}

bool Controller::settled(const Pending& pending) const {
  if (!pending.result.applied || pending.deadline <= loop_.now()) return true;
  return !(pending.awaits_names && resolver_.waiting()) &&
         publisher_.adopted(pending.result.revision) == publisher_.workers();
}

// Answers every reload that can be answered.
void Controller::settle() {
  for (;;) {
    const auto ready =
        std::ranges::find_if(pending_, [this](const Pending& pending) { return settled(pending); });
    if (ready == pending_.end()) break;
    Pending pending = std::move(*ready);
    pending_.erase(ready);
    tell(std::move(pending));
  }
  reload_timer_.clear();
  if (!pending_.empty()) reload_timer_.set(pending_.front().deadline);
}

void Controller::tell(Pending pending) {
  ReloadResult& result = pending.result;
  result.workers = publisher_.workers();
  result.workers_adopted = publisher_.adopted(result.revision);
  if (result.applied) result.problems = problems();
  write_log(result.diagnostics, log_);
  for (const std::string& problem : result.problems) {
    log_.write(LogLevel::error, "config", problem);
  }
  log_.write(result.complete() ? LogLevel::info : LogLevel::warning, "config", summary_of(result),
             {{"revision", std::to_string(result.revision)},
              {"workers_adopted", fmt::format("{}/{}", result.workers_adopted, result.workers)}});
  for (ReloadObserver* observer : pending.observers) {
    if (observer != nullptr) observer->on_reloaded(result);
  }
}

void Controller::drain(Duration deadline, StopObserver& observer) {
  stop_observer_ = &observer;
  if (!draining_) publisher_.drain(deadline);
  draining_ = true;
  loop_.call_soon(*this);
}

std::vector<std::string> Controller::problems() const {
  std::vector<std::string> problems = publisher_.problems();
  std::ranges::copy(resolver_.problems(), std::back_inserter(problems));
  if (!keep_problem_.empty()) problems.push_back(keep_problem_);
  return problems;
}

bool Controller::ready() const {
  return !draining_ && publisher_.revision_everywhere() > 0;
}

void Controller::on_letter(model::ControlLetter letter) {
  std::visit([this](const auto& each) { on(each); }, letter);
  if (auto* retired = std::get_if<model::RetiredLetter>(&letter)) {
    // Freed here, on the thread that made it, and with it the trust stores that were its alone.
    retired->snapshot.reset();
    forget_unused(trust_stores_);
  }
}

void Controller::on(const model::AdoptedLetter& letter) {
  publisher_.on_adopted(letter);
  log_.write(
      LogLevel::debug, "control", "a worker serves a configuration",
      {{"worker", std::to_string(letter.worker)}, {"revision", std::to_string(letter.revision)}});
  for (const model::ListenerProblem& problem : letter.problems) {
    if (!pending_.empty()) break;  // who waits is told
    log_.write(LogLevel::error, "control", "a worker could not adopt everything",
               {{"worker", std::to_string(letter.worker)}, {"problem", problem.to_text()}});
  }
  loop_.call_soon(*this);
}

void Controller::on(const model::HealthLetter& letter) {
  const auto known = health_.find(letter.target);
  if (known == health_.end()) return;
  known->second = letter.health;
  health_history_.note(letter.target, letter.health, loop_.wall_now());
  shifted_away_.reset();
}

bool Controller::shifted_away(const model::TargetKey& target) const {
  if (!shifted_away_) {
    const auto health_of = [this](const model::TargetKey& key) {
      const auto known = health_.find(key);
      return known == health_.end() ? model::HealthState::unused : known->second.state;
    };
    shifted_away_.emplace();
    for (const model::TargetGroup& group : snapshot_->target_groups) {
      const std::vector<bool> away = control::shifted_away(group, health_of);
      for (size_t i = 0; i < away.size(); ++i) {
        if (away[i]) shifted_away_->insert(group.targets[i].key);
      }
    }
  }
  return shifted_away_->contains(target);
}

void Controller::on(const model::AnomalyLetter& letter) {
  if (health_.contains(letter.target)) anomalies_[letter.target] = letter;
}

model::AnomalyLetter Controller::anomaly(const model::TargetKey& target) const {
  const auto known = anomalies_.find(target);
  return known == anomalies_.end() ? model::AnomalyLetter{target} : known->second;
}

void Controller::on(const model::ServerStatusLetter& letter) {
  if (health_.contains(letter.target)) server_statuses_[letter.target] = letter.status;
}

model::ServerStatus Controller::server_status(const model::TargetKey& target) const {
  const auto known = server_statuses_.find(target);
  return known == server_statuses_.end() ? model::ServerStatus{} : known->second;
}

void Controller::on(const model::StoppedLetter&) {
  publisher_.on_stopped();
  loop_.call_soon(*this);
}

void Controller::on(const model::RetiredLetter&) {}

void Controller::on_names_changed() {
  names_changed_ = true;
  loop_.call_soon(*this);
}

void Controller::on_name_failed() {
  loop_.call_soon(*this);
}

void Controller::on_timer(io::Timer& timer) {
  if (&timer == &drained_timer_) return forget_drained_targets();
  settle();
}

// What the letters of this turn add up to.
void Controller::run() {
  if (!asked_.empty()) read_again();
  if (std::exchange(names_changed_, false) && !draining_) publish_names();
  keep_what_serves();
  settle();
  if (!draining_ || stop_observer_ == nullptr || !publisher_.all_stopped()) return;
  std::exchange(stop_observer_, nullptr)->on_all_stopped();
}

}  // namespace daruma::control
