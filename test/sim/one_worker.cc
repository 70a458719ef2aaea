// SPDX-License-Identifier: Apache-2.0
#include "sim/one_worker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "routing/rule_table.h"

namespace daruma::sim {
namespace {

const Address worker_address = *Address::parse("10.1.0.1", 80);
const Address target_address = *Address::parse("10.2.0.1", 80);

model::Snapshot simple_snapshot() {
  model::Snapshot snapshot;
  snapshot.node.addresses = {worker_address.ip()};
  model::TargetGroup group;
  group.name = group.arn = group.resource_id = "group";
  group.targets.push_back({.key = {"group", target_address.ip(), target_address.port()},
                           .zone = "",
                           .addresses = {target_address}});
  snapshot.target_groups.push_back(group);
  model::LoadBalancer balancer;
  balancer.name = balancer.arn = balancer.resource_id = "web";
  balancer.access_log = true;
  model::Listener listener;
  listener.port = worker_address.port();
  listener.rules.push_back(
      {.priority = 0, .conditions = {}, .action = model::ForwardAction{{{.group = 0}}, 1}});
  balancer.listeners.push_back(listener);
  snapshot.load_balancers.push_back(balancer);
  return snapshot;
}

NetworkFaults wide_network() {
  NetworkFaults wide = calm_network();
  wide.socket_bytes = 64 * 1024 * 1024;
  return wide;
}

}  // namespace

Peer::Peer(SimLoop& loop, const Address& to) : socket_(loop.connect(to, *this)) {}

Peer::Peer(std::unique_ptr<io::Socket> accepted) : socket_(std::move(accepted)) {
  socket_->set_handler(*this);
}

void Peer::say(std::string bytes) {
  unsaid_ += bytes;
  push();
}

void Peer::say_no_more() {
  says_no_more_ = true;
  push();
}

void Peer::listen(bool yes) {
  listens_ = yes;
  pull();
}

void Peer::push() {
  while (socket_ && !unsaid_.empty()) {
    const io::IoResult result = socket_->write(unsaid_);
    if (result.status != io::IoStatus::done) return;
    unsaid_.erase(0, result.bytes);
  }
  if (socket_ && says_no_more_) socket_->finish_writing();
}

void Peer::pull() {
  std::array<char, 64 * 1024> bytes;
  while (listens_ && socket_ && socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    ended |= result.status == io::IoStatus::end;
    reset |= result.status == io::IoStatus::failed;
    if (ended || reset) return on_over(*this);
    if (result.status != io::IoStatus::done) return;
    heard.append(bytes.data(), result.bytes);
    ever_heard.append(bytes.data(), result.bytes);
    on_heard(*this);
  }
}

OneWorker::OneWorker()
    : draft(simple_snapshot()),
      control_loop_(network, "control", worker_address),
      outside_loop_(network, "outside", *Address::parse("192.0.2.1", 0)),
      worker_loop_(network, "worker", worker_address),
      ring_(1024 * 1024),
      control_(control_loop_, *this),
      health_(control_loop_, *this),
      answer_timer_(outside_loop_.timers(), *this) {
  network.set_faults(wide_network());
  network.set_watcher(this);
  proxy::WorkerOptions options;
  options.ticket_keys = tls::make_ticket_keys();
  worker = std::make_unique<proxy::Worker>(
      proxy::WorkerContext{worker_loop_, control_, registry_, ring_, log_}, std::move(options));
  worker->connect(health_);
  target_ = std::move(*outside_loop_.listen(target_address, *this, {}));
  publish();
  run_for(10ms);
}

OneWorker::~OneWorker() {
  worker = nullptr;
  target_connections.clear();  // before their loop
  network.set_watcher(nullptr);
}

void OneWorker::publish() {
  ++draft.revision;
  for (model::LoadBalancer& each : draft.load_balancers) {
    for (model::Listener& listener : each.listeners)
      listener.table = routing::RuleTable::compile(listener.rules);
  }
  post(model::SnapshotLetter{std::make_shared<const model::Snapshot>(draft)});
}

void OneWorker::answer_at(const std::string& path, model::FixedResponseAction action) {
  std::vector<model::Rule>& rules = balancer().listeners.front().rules;
  const model::Rule rule{.priority = 1,
                         .conditions = {model::PathPatternCondition{{path}}},
                         .action = std::move(action)};
  rules.insert(rules.begin(), rule);
}

void OneWorker::post(model::WorkerLetter letter) {
  worker->mailbox().post(std::move(letter));
}

int64_t OneWorker::slabs_outstanding() const {
  int64_t slabs = 0;
  registry_.for_each(
      [&slabs](const telemetry::WorkerLabels&, const telemetry::WorkerCounters& counters) {
        slabs += counters.slabs_outstanding.value();
      });
  return slabs;
}

size_t OneWorker::targets_registered() const {
  size_t targets = 0;
  registry_.for_each(
      [&targets](const telemetry::TargetLabels&, const telemetry::TargetCounters&) { ++targets; });
  return targets;
}

uint64_t OneWorker::requests_to_targets() const {
  uint64_t requests = 0;
  registry_.for_each(
      [&requests](const telemetry::TargetLabels&, const telemetry::TargetCounters& counters) {
        requests += counters.requests_total.value();
      });
  return requests;
}

void OneWorker::on_letter(model::HealthThreadLetter letter) {
  if (const auto* report = std::get_if<model::FailureReport>(&letter))
    failures_told = std::max(failures_told, report->in_a_row);
}

Peer& OneWorker::connect(uint16_t port) {
  return *clients_.emplace_back(
      std::make_unique<Peer>(outside_loop_, worker_address.with_port(port)));
}

void OneWorker::run_for(Duration d) {
  outside_loop_.kick();
  network.run_until(network.now() + d);
}

bool OneWorker::run_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 60'000 && !condition(); ++i) run_for(1ms);
  return condition();
}

void OneWorker::on_accept(std::unique_ptr<io::Socket> socket) {
  Peer& peer = *target_connections.emplace_back(std::make_unique<Peer>(std::move(socket)));
  peer.listen(target_listens);
  peer.on_heard = [this](Peer& self) {
    const size_t end = self.heard.find("\r\n\r\n");
    if (end == std::string::npos || target_says.empty()) return;
    self.heard.erase(0, end + 4);
    answers_.push_back({outside_loop_.now() + target_takes, &self});
    say_what_is_due();
  };
}

void OneWorker::say_what_is_due() {
  while (!answers_.empty() && answers_.front().due <= outside_loop_.now()) {
    answers_.front().to->say(target_says);
    answers_.pop_front();
  }
  if (!answers_.empty()) answer_timer_.set(answers_.front().due);
}

void OneWorker::after_event(SimLoop* turned) {
  if (turned != &worker_loop_) return;
  on_turn();
  ring_.drain([this](uint32_t, std::string_view line) { log_lines.emplace_back(line); });
  for (uint32_t id = 0; id < 1000; ++id) {
    const Connection* connection = network.connection(id);
    if (!connection) continue;
    written_.resize(std::max<size_t>(written_.size(), id + 1));
    uint64_t written = 0;
    for (const int side : {Connection::initiator, Connection::acceptor}) {
      if (connection->end(side).loop == worker_loop_.id()) written += connection->end(side).written;
    }
    bytes_per_turn_most = std::max(bytes_per_turn_most, written - written_[id]);
    written_[id] = written;
  }
}

}  // namespace daruma::sim
