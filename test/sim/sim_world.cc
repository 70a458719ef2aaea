// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_world.h"

#include <algorithm>
#include <utility>

#include "proxy/http2_memory.h"

namespace daruma::sim {
namespace {

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

NetworkFaults draw_faults(Random& random, uint64_t seed) {
  // Some runs are calm, so that an error in them has no excuse.
  if (random.chance(1, 6)) return calm_network();
  NetworkFaults faults = draw_network_faults(random);
  // A source of its own: the seeds' other draws stay what they were.
  Random own(seed ^ 0x4e5e7);
  if (own.chance(1, 4)) faults.resets_met_by_writes = 1 + static_cast<uint32_t>(own.below(300));
  return faults;
}

std::vector<Address> draw_addresses(Random& random) {
  std::vector<Address> addresses;
  const size_t count = 2 + random.below(4);
  for (size_t i = 0; i < count; ++i)
    addresses.push_back(Address::v4({10, 2, 0, static_cast<uint8_t>(i + 1)}, 80));
  return addresses;
}

TrafficPlan draw_traffic(Random& random) {
  TrafficPlan plan;
  plan.malformed = random.chance(1, 2);
  plan.impolite = random.chance(1, 2);
  plan.slow_clients = random.chance(1, 2);
  plan.pipelining = random.chance(1, 2);
  plan.big_bodies = random.chance(1, 3);
  plan.http10 = random.chance(1, 2);
  plan.large_heads = random.chance(1, 3);
  plan.upgrades = random.chance(1, 3);
  return plan;
}

AuditSettings audit_settings(const SimConfiguration& configuration, const NetworkFaults& faults) {
  AuditSettings settings;
  settings.idle_timeout_least = configuration.idle_timeout_least();
  settings.idle_timeout_most = configuration.idle_timeout_most();
  settings.deregistration_delay_least = configuration.deregistration_delay();
  settings.faults = faults;
  return settings;
}

}  // namespace

SimWorld::Node::Node(SimNetwork& network, std::string name)
    : loop(network, std::move(name), *Address::parse(node_address, 0)), log(256 * 1024) {}

SimWorld::SimWorld(uint64_t seed, Protocols protocols, bool verbose)
    : network_(seed),
      random_(seed ^ 0x5eed),
      faults_(draw_faults(random_, seed)),
      traffic_(draw_traffic(random_)),
      control_loop_(network_, "control", *Address::parse(node_address, 0)),
      target_loop_(network_, "targets", *Address::parse("10.2.0.1", 0)),
      client_loop_(network_, "clients", *Address::parse("192.0.2.1", 0)),
      health_loop_(network_, "health", *Address::parse(node_address, 0)),
      target_addresses_(draw_addresses(random_)),
      configuration_(random_, target_addresses_, seed),
      auditor_(network_, audit_settings(configuration_, faults_)),
      routing_(auditor_),
      deregistration_(network_, auditor_),
      health_log_(16 * 1024),
      control_(control_loop_, *this),
      change_timer_(control_loop_.timers(), *this),
      trouble_timer_(target_loop_.timers(), *this),
      protocols_(protocols) {
  network_.set_verbose(verbose);
  network_.set_watcher(this);
  troubles_.reconfiguration = random_.chance(2, 3);
  troubles_.target_restarts = random_.chance(1, 3);
  troubles_.sick_targets = random_.chance(1, 2);
  troubles_.wall_jumps = random_.chance(1, 4);
  troubles_.faulty_targets = random_.chance(1, 2);
  troubles_.pause_most = random_.chance(1, 2) ? Duration(1s) : 8s;
  troubles_.early_drain = random_.chance(1, 6);
  troubles_.few_connections = random_.chance(1, 12);
  if (troubles_.few_connections) auditor_.on_connections_limited();
  // Clients' sockets may keep what the network does not take, as TLS does.
  build_node(Random(seed ^ 0x715).chance(1, 3) ? 66'000 : 0);
  draw_targets();
  draw_clients();
  if (protocols_ == Protocols::http2) add_http2(seed);
}

// Of a source of its own.
void SimWorld::add_http2(uint64_t seed) {
  Random own(seed ^ 0x2007540);
  auditor_.on_protocol_versions_differ();
  configuration_.add_http2(Random(own.next()));
  for (auto& target : targets_) {
    target->set_h2_behaviour(draw_h2_target(own, troubles_.faulty_targets));
  }
  // A few speak HTTP/1 beside them.
  clients_.resize(std::min<size_t>(clients_.size(), 3));
  const size_t clients = 2 + own.below(own.chance(1, 4) ? 16 : 6);
  for (size_t i = 0; i < clients; ++i) {
    h2_clients_.push_back(std::make_unique<H2Client>(
        client_loop_, auditor_, draw_h2_client(own, traffic_, path_prefixes()),
        [] { return Address::parse(node_address, secure_port); }));
  }
}

SimWorld::~SimWorld() {
  network_.set_watcher(nullptr);
  for (auto& node : nodes_) node->worker = nullptr;  // their last words are to the prober
}

void SimWorld::build_node(size_t output_bytes) {
  const size_t workers = 1 + random_.below(3);
  std::vector<io::Mailbox<model::WorkerLetter>*> mailboxes;
  for (size_t i = 0; i < workers; ++i) {
    Node& node =
        *nodes_.emplace_back(std::make_unique<Node>(network_, "worker" + std::to_string(i)));
    node.loop.set_output_bytes(output_bytes);
    const proxy::WorkerContext context{node.loop, control_, registry_, node.log, log_};
    proxy::WorkerOptions options;
    options.index = static_cast<uint32_t>(i);
    options.cookie_keys.current = std::string(tls::cookie_key_bytes, 'k');  // replays to the byte
    if (troubles_.few_connections) options.client_connections_max = 2;
    node.worker = std::make_unique<proxy::Worker>(context, std::move(options));
    node.slabs_at_rest = node.worker->census().slabs;
    mailboxes.push_back(&node.worker->mailbox());
  }
  prober_ = std::make_unique<health::Prober>(health::ProberContext{
      health_loop_, control_, std::move(mailboxes), registry_, health_log_, log_});
  for (auto& node : nodes_) node->worker->connect(prober_->mailbox());
}

void SimWorld::draw_targets() {
  io::TimerHandler& handler = *this;
  for (const Address& address : target_addresses_) {
    TargetBehaviour behaviour = draw_target(random_, troubles_.faulty_targets);
    const NetworkFaults& f = faults_;
    if (f.short_reads || f.short_writes || f.fragments || f.stalls) behaviour.extra_bytes = 0;
    targets_.push_back(std::make_unique<SimTarget>(target_loop_, auditor_, address, behaviour));
    targets_.back()->start();
    restart_timers_.push_back(std::make_unique<io::Timer>(target_loop_.timers(), handler));
  }
}

void SimWorld::draw_clients() {
  const size_t clients = 2 + random_.below(random_.chance(1, 4) ? 40 : 12);
  for (size_t i = 0; i < clients; ++i) {
    auto destination = [this, random = Random(random_.next())]() mutable {
      const bool second = configuration_.second_listener() && random.chance(1, 3);
      return Address::parse(node_address, second ? second_port : main_port);
    };
    clients_.push_back(std::make_unique<SimClient>(client_loop_, auditor_,
                                                   draw_client(random_, traffic_, path_prefixes()),
                                                   std::move(destination)));
  }
}

// --- What happens ---

RunResult SimWorld::run() {
  publish();
  run_for(10ms);
  network_.set_faults(faults_);
  for (auto& client : clients_) client->start(up_to(random_, 3s));
  for (auto& client : h2_clients_) client->start(up_to(random_, 3s));
  if (troubles_.reconfiguration)
    change_timer_.set(network_.now() + up_to(random_, troubles_.pause_most));
  trouble_timer_.set(network_.now() + up_to(random_, troubles_.pause_most));
  target_loop_.kick();
  control_loop_.kick();
  const int stormy_seconds = 10 + static_cast<int>(random_.below(30));
  for (int i = 0; i < stormy_seconds && !(i > 5 && clients_done()); ++i) run_for(1s);
  calm_down();
  if (troubles_.early_drain) {
    drain();
  } else {
    for (int i = 0; i < 180 && !clients_done(); ++i) run_for(1s);
  }
  for (auto& client : clients_) client->retire();
  for (auto& client : h2_clients_) client->retire();
  run_for(auditor_.settings().idle_timeout_most + 25s);
  if (!troubles_.early_drain) {
    check_at_rest();
    drain();
  }
  finish();
  return result();
}

RunResult SimWorld::result() const {
  RunResult result{.violation = auditor_.violation_text(),
                   .trace_hash = network_.trace_hash(),
                   .events = network_.events(),
                   .exchanges = auditor_.exchanges().size(),
                   .completed = auditor_.completed(),
                   .routed = routing_.checked(),
                   .faults = network_.fault_log().size(),
                   .http2_connection_bytes = http2_bytes_.connection,
                   .http2_stream_bytes = http2_bytes_.stream,
                   .seen = {}};
  for (const auto& [token, record] : auditor_.exchanges()) {
    result.from_targets += record.response.from_target;
    ++result.seen[record.log.lines == 0 ? "(no log line)" : record.log.reason];
  }
  for (const FaultRecord& fault : network_.fault_log())
    ++result.seen["fault " + std::string(name_of(fault.kind))];
  return result;
}

void SimWorld::run_for(Duration d) {
  const Instant end = network_.now() + d;
  while (network_.now() < end && !network_.stopped()) {
    network_.run_until(std::min(end, network_.now() + 1s));
    if (network_.stopped()) return;
    auditor_.sweep();
    check_connections();
  }
}

bool SimWorld::clients_done() const {
  const auto done = [](const auto& client) { return client->done(); };
  return std::ranges::all_of(clients_, done) && std::ranges::all_of(h2_clients_, done);
}

void SimWorld::publish() {
  const model::SnapshotRef snapshot = configuration_.compile();
  tell_auditor(*snapshot);
  revision_ = snapshot->revision;
  network_.note("revision " + std::to_string(revision_));
  routing_.add_snapshot(snapshot);
  prober_->mailbox().post(model::SnapshotLetter{lent(snapshot)});
  for (auto& node : nodes_) {
    routing_.on_snapshot_posted(node->loop.id(), revision_);
    deregistration_.on_snapshot_posted(node->loop.id(), snapshot);
    node->worker->mailbox().post(model::SnapshotLetter{lent(snapshot)});
  }
}

// For one reader; it must come back to be freed where it was made, read or not.
model::SnapshotRef SimWorld::lent(const model::SnapshotRef& snapshot) {
  ++lent_[snapshot->revision];
  return {snapshot.get(), [this, snapshot](const model::Snapshot*) {
            --lent_[snapshot->revision];
            if (network_.current() != nullptr && network_.current() != &control_loop_)
              auditor_.violation("a snapshot was freed by " + network_.current()->name());
          }};
}

// What of a change may end an exchange.
void SimWorld::tell_auditor(const model::Snapshot& snapshot) {
  std::set<model::TargetKey> targets;
  for (const model::TargetGroup& group : snapshot.target_groups) {
    for (const model::Target& target : group.targets) targets.insert(target.key);
  }
  for (const model::TargetKey& key : registered_) {
    if (!targets.contains(key)) auditor_.on_target_removed(*Address::parse(key.id, key.port));
  }
  registered_ = std::move(targets);
  std::set<uint16_t> ports;
  for (const model::Listener& listener : snapshot.load_balancers.front().listeners)
    ports.insert(listener.port);
  for (const uint16_t port : std::exchange(ports_, ports)) {
    if (!ports.contains(port)) auditor_.on_listener_removed(port);
  }
}

void SimWorld::on_timer(io::Timer& timer) {
  if (&timer == &change_timer_) {
    if (calm_) return;
    configuration_.change();
    publish();
    change_timer_.set(control_loop_.now() + up_to(random_, troubles_.pause_most));
  } else if (&timer == &trouble_timer_) {
    if (calm_) return;
    make_trouble();
    trouble_timer_.set(target_loop_.now() + up_to(random_, troubles_.pause_most));
  } else {
    const auto which = std::ranges::find_if(
        restart_timers_, [&](const auto& restart) { return restart.get() == &timer; });
    targets_[static_cast<size_t>(which - restart_timers_.begin())]->start();
  }
}

void SimWorld::make_trouble() {
  const size_t index = random_.below(targets_.size());
  SimTarget& target = *targets_[index];
  switch (random_.below(3)) {
    case 0:
      if (!troubles_.target_restarts || !target.running()) return;
      target.stop(random_.chance(1, 2) ? SimTarget::Stop::reset_connections
                                       : SimTarget::Stop::close_connections);
      restart_timers_[index]->set(target_loop_.now() + up_to(random_, 12s));
      return;
    case 1:
      if (troubles_.sick_targets) target.set_health(static_cast<HealthMode>(random_.below(4)));
      return;
    default:
      if (troubles_.wall_jumps) network_.jump_wall_clock(up_to(random_, 2h) - Duration(1h));
  }
}

// Faults stop; what is under way must now come to its end.
void SimWorld::calm_down() {
  network_.note("calm");
  calm_ = true;
  NetworkFaults calm = calm_network();
  calm.reset_discards_unread = faults_.reset_discards_unread;
  network_.set_faults(calm);
  configuration_.settle();
  publish();
  for (auto& target : targets_) {
    TargetBehaviour sane = target->behaviour();
    sane.silent = sane.garbage = sane.oversized_head = sane.cut_reset = sane.cut_close = 0;
    sane.cut_hang = sane.extra_bytes = 0;
    target->set_behaviour(sane);
    H2TargetBehaviour sane_h2 = target->h2_behaviour();
    sane_h2.flaw = sane_h2.malformed = sane_h2.reset_looked_at = sane_h2.goaway_and_close = 0;
    target->set_h2_behaviour(sane_h2);
    target->set_health(HealthMode::good);
    target->start();
  }
}

// --- Letters ---

SimWorld::Node* SimWorld::node_of(uint32_t loop) {
  for (auto& node : nodes_)
    if (node->loop.id() == loop) return node.get();
  return nullptr;
}

void SimWorld::on_wake_asked(SimLoop* from, SimWaker& waker) {
  Node* node = node_of(waker.loop().id());
  if (from != &health_loop_ || !node) return;
  node->worker->mailbox().with_newest([&](const model::WorkerLetter& letter) {
    if (std::holds_alternative<model::HealthLetter>(letter))
      routing_.on_health_posted(waker.loop().id(), std::get<model::HealthLetter>(letter));
  });
}

void SimWorld::on_wake_heard(SimWaker& waker) {
  routing_.on_mailbox_read(waker.loop().id(), network_.now());
  deregistration_.on_mailbox_read(waker.loop().id());
}

void SimWorld::on_letter(model::ControlLetter letter) {
  if (const auto* health = std::get_if<model::HealthLetter>(&letter)) {
    network_.note("health " + health->target.group + " " + health->target.to_string() + " " +
                  std::string(name_of(health->health.state)));
    return routing_.on_health_told(*health);
  }
  if (const auto* anomaly = std::get_if<model::AnomalyLetter>(&letter)) {
    return network_.note("anomaly " + anomaly->target.to_string() +
                         (anomaly->anomalous ? " found" : " over") +
                         (anomaly->mitigated ? ", mitigated" : ""));
  }
  if (std::holds_alternative<model::RetiredLetter>(letter)) return;
  if (const auto* stopped = std::get_if<model::StoppedLetter>(&letter)) {
    if (stopped->worker == health::Prober::stopped_letter_id)
      prober_stopped_ = true;
    else
      nodes_.at(stopped->worker)->stopped = true;
    return;
  }
  const auto& adopted = std::get<model::AdoptedLetter>(letter);
  Node& node = *nodes_.at(adopted.worker);
  for (const model::ListenerProblem& problem : adopted.problems)
    auditor_.violation("a worker could not adopt: " + problem.to_text());
  if (adopted.revision <= node.revision)
    auditor_.violation("a worker adopted an older snapshot after a newer one");
  node.revision = adopted.revision;
}

// --- What must hold ---

void SimWorld::after_event(SimLoop* turned) {
  if (!turned) return;
  Node* node = node_of(turned->id());
  if (!node || !node->worker) return;
  node->log.drain([this](uint32_t, std::string_view line) { auditor_.on_log_line(line); });
  check_bounds(*node);
  deregistration_.after_turn(turned->id());
}

void SimWorld::check_bounds(Node& node) {
  const proxy::Worker::Census census = node.worker->census();
  // Of a stream: what came, what waits, what is kept, its head, and an exchange's two.
  const size_t slabs_most = node.slabs_at_rest + 2 * census.client_connections +
                            2 * census.target_connections + 4 * census.exchanges +
                            4 * census.http2_streams;
  if (census.slabs > slabs_most)
    auditor_.violation(node.loop.name() + " holds " + std::to_string(census.slabs) +
                       " slabs, at most " + std::to_string(slabs_most) + " are due");
  if (census.requests_in_flight > census.exchanges)
    auditor_.violation(node.loop.name() + " counts more requests in flight than exchanges");
  if (census.exchanges > census.client_connections + census.http2_streams)
    auditor_.violation(node.loop.name() + " counts more exchanges than clients");
  if (census.http2_connection_bytes > proxy::http2_connection_bytes_max)
    auditor_.violation(node.loop.name() + ": an HTTP/2 connection holds " +
                       std::to_string(census.http2_connection_bytes) + " bytes");
  if (census.http2_stream_bytes > proxy::http2_stream_bytes_max)
    auditor_.violation(node.loop.name() + ": a stream of HTTP/2 holds " +
                       std::to_string(census.http2_stream_bytes) + " bytes");
  http2_bytes_.connection = std::max(http2_bytes_.connection, census.http2_connection_bytes);
  http2_bytes_.stream = std::max(http2_bytes_.stream, census.http2_stream_bytes);
  if (census.target_connections_idle > census.target_connections)
    auditor_.violation(node.loop.name() + " counts more idle target connections than open ones");
}

// The worker's count of target connections is the network's.
void SimWorld::check_connections() {
  for (auto& node : nodes_) {
    if (!node->worker) continue;
    size_t open = 0;
    for (const Address& target : target_addresses_)
      open += network_.open_connections(node->loop.id(), target);
    const size_t counted = node->worker->census().target_connections;
    if (open != counted)
      auditor_.violation(node->loop.name() + " counts " + std::to_string(counted) +
                         " target connections, the network " + std::to_string(open));
  }
}

void SimWorld::check_at_rest() {
  if (auditor_.violated()) return;
  for (auto& node : nodes_) {
    const proxy::Worker::Census census = node->worker->census();
    const auto must_be = [&](const char* what, size_t is, size_t due) {
      if (is != due)
        auditor_.violation(node->loop.name() + " at rest: " + what + " " + std::to_string(is) +
                           ", not " + std::to_string(due));
    };
    must_be("exchanges", census.exchanges, 0);
    must_be("requests in flight", census.requests_in_flight, 0);
    must_be("upgraded connections", census.tunnels, 0);
    must_be("client connections", census.client_connections, 0);
    must_be("target connections in use", census.target_connections - census.target_connections_idle,
            0);
    must_be("slabs", census.slabs, node->slabs_at_rest);
    must_be("snapshots", census.snapshots_pinned, 1);
    must_be("revision", node->revision, revision_);
  }
  for (uint64_t revision = 1; revision < revision_; ++revision) {
    if (lent_[revision] != 0)
      auditor_.violation("snapshot " + std::to_string(revision) + " has not come back from " +
                         std::to_string(lent_[revision]) + " threads");
  }
  if (prober_->census().slabs > 1 + prober_->census().probes_under_way * 2)
    auditor_.violation("the prober holds slabs");
  routing_.check_health_at_rest();
  check_gauges();
}

void SimWorld::check_gauges() {
  registry_.for_each(
      [this](const telemetry::TargetLabels& labels, const telemetry::TargetCounters& counters) {
        if (counters.requests_in_flight.value() != 0)
          auditor_.violation("gauge requests_in_flight of " + labels.target + " is " +
                             std::to_string(counters.requests_in_flight.value()));
        if (counters.connections_open.value() != counters.connections_idle.value())
          auditor_.violation("gauges of connections to " + labels.target + " differ at rest");
      });
  registry_.for_each(
      [this](const telemetry::ListenerLabels&, const telemetry::ListenerCounters& counters) {
        if (counters.connections_active.value() != 0)
          auditor_.violation("gauge connections_active is not 0 at rest");
        if (counters.upgraded_connections_active.value() != 0)
          auditor_.violation("gauge upgraded_connections_active is not 0 at rest");
      });
  registry_.for_each(
      [this](const telemetry::WorkerLabels&, const telemetry::WorkerCounters& counters) {
        if (counters.access_log_lines_dropped_total.value() != 0)
          auditor_.violation("access-log lines were dropped");
      });
}

// --- The end ---

// In some runs at rest, in others while clients are in the middle of their work.
void SimWorld::drain() {
  if (auditor_.violated()) return;
  network_.note("drain");
  const Duration deadline = up_to(random_, 8s);
  auditor_.on_draining(deadline);
  deregistration_.on_draining();
  for (auto& node : nodes_) node->worker->mailbox().post(model::DrainLetter{deadline});
  prober_->mailbox().post(model::DrainLetter{deadline});
  run_for(deadline + 2s);
  if (!auditor_.violated()) check_stopped();
}

void SimWorld::check_stopped() {
  if (!prober_stopped_) auditor_.violation("the prober did not stop");
  for (auto& node : nodes_) {
    if (!node->stopped) auditor_.violation(node->loop.name() + " did not stop");
    const proxy::Worker::Census census = node->worker->census();
    if (census.target_connections != 0 || census.client_connections != 0 || census.exchanges != 0 ||
        census.requests_in_flight != 0)
      auditor_.violation(node->loop.name() + " stopped with connections");
    if (census.slabs != node->slabs_at_rest)
      auditor_.violation(node->loop.name() + " stopped with slabs");
  }
  check_gauges();
}

void SimWorld::finish() {
  if (!auditor_.violated()) auditor_.check_all_ended();
  if (!auditor_.violated()) routing_.check();
  if (auditor_.violated()) return;
  for (auto& node : nodes_) node->worker = nullptr;
  prober_ = nullptr;
  run_for(1s);
  if (network_.open_connections() != 0)
    auditor_.violation(std::to_string(network_.open_connections()) +
                       " connections are left after everybody has gone");
}

}  // namespace daruma::sim
