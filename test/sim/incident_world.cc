// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_world.h"

#include <algorithm>
#include <utility>

#include "sim/incident_bound.h"
#include "sim/incident_snapshot.h"

namespace daruma::sim::incident {
namespace {

// Probes have found the targets by then.
constexpr Duration before_load = 3s;
// After the load has ended and every client has lost its patience, nothing is left to wait for.
constexpr Duration after_load_most = 60s;

Duration percentile(const std::vector<Duration>& sorted, size_t percent) {
  return sorted.empty() ? 0s : sorted[(sorted.size() - 1) * percent / 100];
}

}  // namespace

World::Node::Node(SimNetwork& network, std::string name)
    : loop(network, std::move(name), *Address::parse(node_address, 0)), log(1024 * 1024) {}

World::World(const Scenario& scenario)
    : scenario_(scenario),
      network_(scenario.seed),
      control_loop_(network_, "control", *Address::parse(node_address, 0)),
      target_loop_(network_, "targets", *Address::parse("10.2.0.1", 0)),
      client_loop_(network_, "clients", *Address::parse("192.0.2.1", 0)),
      health_loop_(network_, "health", *Address::parse(node_address, 0)),
      health_log_(16 * 1024),
      control_(control_loop_, *this) {
  result_.scenario = scenario_;
  result_.targets.resize(scenario_.targets.size());
  health_.resize(scenario_.targets.size(), model::HealthState::initial);
  group_of_.resize(scenario_.targets.size());
  pages_begun_.resize(scenario_.groups.size());
  for (size_t g = 0; g < scenario_.groups.size(); ++g) {
    for (const size_t target : scenario_.groups[g].targets) {
      index_[key_of_target(g, target)] = target;
      group_of_[target] = g;
    }
  }
  build_node();
  start_targets();
  const auto node = Address::parse(node_address, node_port);
  load_ = std::make_unique<Load>(client_loop_, *node, scenario_.load, scenario_.seed);
}

// Workers tell the prober to the last.
World::~World() {
  for (auto& node : nodes_) node->worker = nullptr;
}

void World::build_node() {
  std::vector<io::Mailbox<model::WorkerLetter>*> mailboxes;
  for (int i = 0; i < scenario_.node_workers; ++i) {
    Node& node =
        *nodes_.emplace_back(std::make_unique<Node>(network_, "worker" + std::to_string(i)));
    const proxy::WorkerContext context{node.loop, control_, registry_, node.log, log_};
    proxy::WorkerOptions options;
    options.index = static_cast<uint32_t>(i);
    node.worker = std::make_unique<proxy::Worker>(context, std::move(options));
    mailboxes.push_back(&node.worker->mailbox());
  }
  prober_ = std::make_unique<health::Prober>(health::ProberContext{
      health_loop_, control_, std::move(mailboxes), registry_, health_log_, log_});
  for (auto& node : nodes_) node->worker->connect(prober_->mailbox());
}

void World::start_targets() {
  for (size_t i = 0; i < scenario_.targets.size(); ++i) {
    const TargetPlan& plan = scenario_.targets[i];
    targets_.push_back(make_target(target_loop_, i, address_of_target(i), plan, *this));
    targets_[i]->apply({.turn = Turn::start});
    for (const TargetTurn& turn : plan.turns) {
      const bool changes_health =
          turn.turn != Turn::workers && turn.turn != Turn::pace && turn.turn != Turn::handshakes;
      result_.targets[i].causes += changes_health;
      if (turn.at > 0s) {
        turns_.push_back({turn, i});
      } else {
        targets_[i]->apply(turn);
      }
    }
  }
  std::stable_sort(turns_.begin(), turns_.end(),
                   [](const auto& a, const auto& b) { return a.turn.at < b.turn.at; });
}

// --- What happens ---

Result World::run() {
  publish(1);
  network_.run_until(network_.now() + scenario_.probe_interval / 2);
  publish(2);
  network_.run_until(network_.now() + before_load);
  began_ = network_.now();
  load_->start();
  const Instant latest = began_ + scenario_.load.length() + after_load_most;
  while (!load_->finished() && network_.now() < latest) run_second();
  count_attempts();
  count_repeats();
  result_.retries = retries_so_far();
  result_.trace_hash = network_.trace_hash();
  result_.events = network_.events();
  return std::move(result_);
}

void World::publish(uint64_t revision) {
  const model::SnapshotRef snapshot = compile(scenario_, revision);
  prober_->mailbox().post(model::SnapshotLetter{snapshot});
  for (auto& node : nodes_) node->worker->mailbox().post(model::SnapshotLetter{snapshot});
}

void World::run_second() {
  const Instant end = network_.now() + 1s;
  for (; next_turn_ < turns_.size() && began_ + turns_[next_turn_].turn.at <= end; ++next_turn_) {
    const auto& [turn, target] = turns_[next_turn_];
    network_.run_until(began_ + turn.at);
    targets_[target]->apply(turn);
  }
  network_.run_until(end);
  note_second();
  note_groups();
}

void World::note_second() {
  Second& second = result_.seconds.emplace_back();
  for (const model::HealthState state : health_)
    second.healthy += state == model::HealthState::healthy;
  for (const auto& target : targets_) {
    const Target::Facts facts = target->facts();
    second.alive += facts.alive;
    second.idle += facts.alive && facts.serving == 0;
    second.door_most = std::max(second.door_most, static_cast<uint32_t>(facts.door));
    second.connections = std::max(second.connections, static_cast<uint32_t>(facts.connections));
  }
  const Reasons now = reasons_so_far();
  for (size_t i = 0; i < now.size(); ++i) second.reasons[i] = now[i] - reasons_[i];
  reasons_ = now;
}

void World::note_groups() {
  for (const auto& node : nodes_) {
    node->log.drain([this](uint32_t, std::string_view line) {
      if (const std::optional<Drawn> drawn = drawn_of(line)) groups_[drawn->attempt] = drawn->group;
    });
  }
}

Reasons World::reasons_so_far() {
  Reasons sum{};
  registry_.for_each(
      [&sum](const telemetry::ListenerLabels&, const telemetry::ListenerCounters& counters) {
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += counters.reasons[i].value();
      });
  return sum;
}

uint64_t World::retries_so_far() {
  uint64_t sum = 0;
  registry_.for_each(
      [&sum](const telemetry::TargetGroupLabels&, const telemetry::TargetGroupCounters& counters) {
        sum += counters.retries_total.value();
      });
  return sum;
}

void World::on_letter(model::ControlLetter letter) {
  const auto* told = std::get_if<model::HealthLetter>(&letter);
  if (!told) return;
  const size_t target = index_.at(told->target);
  const model::HealthState before = std::exchange(health_[target], told->health.state);
  const auto settled = [](model::HealthState state) {
    return state == model::HealthState::healthy || state == model::HealthState::unhealthy;
  };
  const bool flipped = settled(before) && settled(health_[target]) && before != health_[target];
  result_.targets[target].flips += flipped;
}

uint64_t World::on_page_begun(size_t target, const PageRequest& request) {
  if (begun_.size() <= request.attempt) begun_.resize(request.attempt + 1);
  ++begun_[request.attempt];
  return pages_begun_[group_of_[target]]++;
}

// --- What it came to ---

void World::count_attempts() {
  const std::vector<Attempt>& attempts = load_->attempts();
  std::vector<Arrival> arrivals;
  std::vector<Duration> latencies;
  std::vector<Second>& seconds = result_.seconds;
  const auto second_at = [&](Instant at) -> Second& {
    const auto second = static_cast<size_t>((at - began_) / 1s);
    return seconds[std::min(second, seconds.size() - 1)];
  };
  for (size_t i = 0; i < attempts.size(); ++i) {
    const Attempt& attempt = attempts[i];
    const auto group = groups_.find(i);
    arrivals.push_back({attempt.at - began_, i});
    if (group != groups_.end()) arrivals.back().group = group->second;
    ++second_at(attempt.at).offered;
    if (attempt.outcome == Outcome::pending) continue;
    Second& second = second_at(attempt.done);
    second.ok += attempt.outcome == Outcome::ok;
    second.errors += attempt.outcome == Outcome::error;
    second.timed_out += attempt.outcome == Outcome::timed_out;
    second.broken += attempt.outcome == Outcome::broken;
    if (attempt.outcome == Outcome::ok) latencies.push_back(attempt.done - attempt.at);
  }
  std::sort(latencies.begin(), latencies.end());
  result_.attempts = attempts.size();
  result_.ok = latencies.size();
  result_.median = percentile(latencies, 50);
  result_.slow = percentile(latencies, 99);
  const Bound bound = bound_of(scenario_, arrivals);
  result_.bound = bound.served;
  for (size_t s = 0; s < std::min(seconds.size(), bound.per_second.size()); ++s)
    seconds[s].bound = bound.per_second[s];
}

void World::count_repeats() {
  for (size_t i = 0; i < begun_.size(); ++i) {
    if (begun_[i] < 2) continue;
    result_.repeats += begun_[i] - 1;
    result_.repeated_posts += load_->attempts()[i].post;
  }
}

}  // namespace daruma::sim::incident
