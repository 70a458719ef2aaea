// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "model/limits.h"
#include "proxy/adopted_snapshot.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

// Health as last told, also of targets that no snapshot has named yet: letters may overtake
// snapshots.
struct ToldHealth {
  model::HealthState state;
  uint64_t revision;  // of the snapshot served when it was told
};

}  // namespace

struct Worker::Implementation final : private io::Mailbox<model::WorkerLetter>::Reader,
                                      private Listener::Owner,
                                      private Pin::Owner,
                                      private io::TimerHandler,
                                      private io::Task {
  Implementation(const WorkerContext& worker_context, WorkerOptions worker_options);
  ~Implementation();

  void on_letter(model::WorkerLetter letter) override;
  void on_connection_closed() override { environment.loop.call_soon(*this); }
  void on_unpinned(AdoptedSnapshot& snapshot) override;
  void on_timer(io::Timer& timer) override;
  void run() override;  // Task: what ended connections leave to be tidied

  void adopt(model::SnapshotRef snapshot);
  AdoptedGroup adopt_group(const model::TargetGroup& group, uint64_t revision);
  std::string adopt_listeners();
  std::string open_listeners();
  std::string adopt_listener(size_t load_balancer, size_t listener);
  std::string adopt_tls(Listener& listener, const model::LoadBalancer& owner,
                        const model::Listener& model);
  Result<std::unique_ptr<tls::ServerContext>> make_tls_context(const model::Listener& listener,
                                                               tls::Alpn alpn) const;
  std::vector<Address> listening_addresses(uint16_t port) const;
  void forget_removed();
  void retire_listener(std::map<ListenerKey, std::unique_ptr<Listener>>::iterator listener);
  void tell_health(const model::HealthLetter& letter);
  void tell_snapshots(const TargetState& target, model::HealthState state);
  void tell_door(const model::DoorLetter& letter);
  void take_keys(const model::TicketKeyLetter& letter);
  void answer(const model::InquiryLetter& letter);
  void tell_adopted(std::string problem);
  void listen_again();
  void drain(Duration deadline);
  void post(model::ControlLetter letter) { context.control.post(std::move(letter)); }

  WorkerContext context;
  WorkerOptions options;
  std::shared_ptr<telemetry::WorkerCounters> counters;
  Environment environment;
  io::Timer drain_timer;
  io::Timer listen_timer;      // while some listener does not listen
  std::string listen_problem;  // as told last
  std::map<model::TargetKey, std::shared_ptr<TargetState>> targets;
  std::map<std::string, std::shared_ptr<GroupState>> groups;
  std::map<model::TargetKey, ToldHealth> told;
  std::vector<std::unique_ptr<AdoptedSnapshot>> adopted;
  Pin current;
  std::map<ListenerKey, std::unique_ptr<Listener>> listeners;
  std::vector<std::unique_ptr<Listener>> retired_listeners;
  bool stopped = false;
  io::Mailbox<model::WorkerLetter> mailbox;
};

Worker::Worker(const WorkerContext& context, WorkerOptions options)
    : implementation_(std::make_unique<Implementation>(context, std::move(options))) {}

Worker::~Worker() = default;

void Worker::connect(io::Mailbox<model::HealthThreadLetter>& health) {
  implementation_->environment.health = &health;
}

io::Mailbox<model::WorkerLetter>& Worker::mailbox() {
  return implementation_->mailbox;
}

Worker::Census Worker::census() const {
  const Environment& environment = implementation_->environment;
  return {.client_connections = environment.client_connections,
          .exchanges = environment.exchanges.active(),
          .target_connections = environment.target_connections,
          .target_connections_idle = environment.target_connections_idle,
          .requests_in_flight = environment.requests_in_flight,
          .slabs = environment.slabs.outstanding(),
          .snapshots_pinned = implementation_->adopted.size()};
}

Worker::Implementation::Implementation(const WorkerContext& worker_context,
                                       WorkerOptions worker_options)
    : context(worker_context),
      options(std::move(worker_options)),
      counters(context.registry.add(telemetry::WorkerLabels{options.index})),
      environment(context.loop, context.registry, context.access_log, *counters, context.log),
      drain_timer(context.loop.timers(), *this),
      listen_timer(context.loop.timers(), *this),
      mailbox(context.loop, *this) {
  environment.worker = options.index;
  environment.client_connections_max = options.client_connections_max
                                           ? options.client_connections_max
                                           : model::limits::client_connections_max;
  auto client_tls = tls::ClientContext::create();
  DARUMA_ASSERT(client_tls.has_value());
  environment.client_tls = std::move(*client_tls);
}

Worker::Implementation::~Implementation() {
  for (auto& [key, listener] : listeners) listener->stop_now();
  for (auto& listener : retired_listeners) listener->stop_now();
  listeners.clear();
  retired_listeners.clear();
  current = {};
  environment.graveyard.clear();  // snapshots, while what their targets refer to is still there
}

void Worker::Implementation::on_letter(model::WorkerLetter letter) {
  if (auto* snapshot = std::get_if<model::SnapshotLetter>(&letter))
    return adopt(std::move(snapshot->snapshot));
  if (const auto* health = std::get_if<model::HealthLetter>(&letter)) return tell_health(*health);
  if (const auto* door = std::get_if<model::DoorLetter>(&letter)) return tell_door(*door);
  if (const auto* keys = std::get_if<model::TicketKeyLetter>(&letter)) return take_keys(*keys);
  if (const auto* inquiry = std::get_if<model::InquiryLetter>(&letter)) return answer(*inquiry);
  drain(std::get<model::DrainLetter>(letter).deadline);
}

void Worker::Implementation::adopt(model::SnapshotRef snapshot) {
  const uint64_t revision = snapshot->revision;
  const bool stale = current && revision <= current->snapshot().revision;
  if (stale || environment.draining) return post(model::RetiredLetter{std::move(snapshot)});
  std::vector<AdoptedGroup> adopted_groups;
  for (const model::TargetGroup& group : snapshot->target_groups)
    adopted_groups.push_back(adopt_group(group, revision));
  if (current) current->supersede();
  adopted.push_back(
      std::make_unique<AdoptedSnapshot>(std::move(snapshot), std::move(adopted_groups)));
  current = Pin(*this, *adopted.back());
  const std::string problem = adopt_listeners();
  forget_removed();
  counters->snapshot_revision.set(static_cast<int64_t>(revision));
  tell_adopted(problem);
}

void Worker::Implementation::tell_adopted(std::string problem) {
  listen_timer.clear();
  if (!problem.empty())
    listen_timer.set(environment.loop.now() + model::limits::listen_retry_interval);
  listen_problem = problem;
  post(model::AdoptedLetter{.worker = options.index,
                            .revision = current->snapshot().revision,
                            .problem = std::move(problem)});
}

AdoptedGroup Worker::Implementation::adopt_group(const model::TargetGroup& group,
                                                 uint64_t revision) {
  std::shared_ptr<GroupState>& state = groups[group.name];
  if (!state) {
    state = std::make_shared<GroupState>();
    state->round_robin = routing::RoundRobin(options.index);
    state->counters = context.registry.add(telemetry::TargetGroupLabels{group.name});
  }
  state->named_in = revision;
  AdoptedGroup adopted_group{&group, state, routing::TargetSet(group.targets.size()), {}};
  adopted_group.targets.reserve(group.targets.size());
  for (const model::Target& target : group.targets) {
    std::shared_ptr<TargetState>& runtime = targets[target.key];
    if (!runtime) {
      runtime = std::make_shared<TargetState>(environment, target.key, state);
      const auto known = told.find(target.key);
      if (known != told.end()) runtime->set_health(known->second.state);
    }
    runtime->register_as(target, group, revision);
    adopted_group.set.set_health(static_cast<uint32_t>(adopted_group.targets.size()),
                                 runtime->health());
    adopted_group.targets.push_back(runtime);
  }
  adopted_group.mark_candidates();
  return adopted_group;
}

std::string Worker::Implementation::adopt_listeners() {
  std::set<ListenerKey> present;
  const auto& load_balancers = current->snapshot().load_balancers;
  for (const model::LoadBalancer& load_balancer : load_balancers) {
    for (const model::Listener& listener : load_balancer.listeners)
      present.insert({load_balancer.name, listener.port});
  }
  // Those that come open before those that go close: nobody finds the port of both closed.
  std::string problems = open_listeners();
  for (auto it = listeners.begin(); it != listeners.end();) {
    const auto listener = it++;
    if (!present.contains(listener->first)) retire_listener(listener);
  }
  return problems;
}

std::string Worker::Implementation::open_listeners() {
  std::string problems;
  const auto& load_balancers = current->snapshot().load_balancers;
  for (size_t l = 0; l < load_balancers.size(); ++l) {
    for (size_t i = 0; i < load_balancers[l].listeners.size(); ++i) {
      const std::string problem = adopt_listener(l, i);
      if (!problem.empty()) problems += (problems.empty() ? "" : "; ") + problem;
    }
  }
  return problems;
}

// What was in the way may have gone: another process, an address that was missing.
void Worker::Implementation::listen_again() {
  std::string problem = open_listeners();
  if (problem != listen_problem) return tell_adopted(std::move(problem));
  listen_timer.set(environment.loop.now() + model::limits::listen_retry_interval);
}

void Worker::Implementation::retire_listener(
    std::map<ListenerKey, std::unique_ptr<Listener>>::iterator listener) {
  listener->second->retire();
  retired_listeners.push_back(std::move(listener->second));
  listeners.erase(listener);
  environment.loop.call_soon(*this);
}

// A listener whose certificates cannot be served goes on with its former ones; one that has none
// is closed, so that nobody is served in clear who came for TLS.
std::string Worker::Implementation::adopt_listener(size_t load_balancer, size_t index) {
  const model::LoadBalancer& owner = current->snapshot().load_balancers[load_balancer];
  const model::Listener& model = owner.listeners[index];
  const auto place = listeners.try_emplace({owner.name, model.port}).first;
  std::unique_ptr<Listener>& listener = place->second;
  if (!listener)
    listener =
        std::make_unique<Listener>(environment, static_cast<Listener::Owner&>(*this), place->first);

  std::string problem = adopt_tls(*listener, owner, model);
  if (!problem.empty()) {
    const bool serves = listener->tls_context() != nullptr;
    problem = "listener " + owner.name + ":" + std::to_string(model.port) + ": " + problem +
              (serves ? "; it keeps its former certificates and policy" : "; it is closed");
    if (!serves) {
      retire_listener(place);
      return problem;
    }
  }
  listener->adopt(current, load_balancer, index);
  const std::string not_open = listener->open(listening_addresses(model.port), options.share_port);
  return problem.empty() ? not_open : problem + (not_open.empty() ? "" : "; " + not_open);
}

// A TLS context is made where certificates, policy or protocols are others than before. Returns why
// it could not be made.
std::string Worker::Implementation::adopt_tls(Listener& listener, const model::LoadBalancer& owner,
                                              const model::Listener& model) {
  std::string identity;
  if (model.protocol == model::Protocol::https) {
    identity = model.ssl_policy + (owner.http2 ? " h2" : "");
    for (const uint32_t certificate : model.certificates)
      identity += ' ' + current->snapshot().certificates[certificate].fingerprint;
  }
  if (identity == listener.tls_identity()) return "";
  std::shared_ptr<tls::ServerContext> tls_context;
  if (!identity.empty()) {
    auto made =
        make_tls_context(model, owner.http2 ? tls::Alpn::http2_and_http1 : tls::Alpn::http1);
    if (!made) return made.error().message;
    tls_context = std::move(*made);
  }
  listener.set_tls(std::move(identity), std::move(tls_context));
  return "";
}

Result<std::unique_ptr<tls::ServerContext>> Worker::Implementation::make_tls_context(
    const model::Listener& listener, tls::Alpn alpn) const {
  std::vector<tls::CertificateText> certificates;
  for (const uint32_t index : listener.certificates) {
    const model::Certificate& certificate = current->snapshot().certificates[index];
    certificates.push_back({.name = certificate.arn,
                            .chain_pem = certificate.chain_pem,
                            .key_pem = certificate.key_pem});
  }
  return tls::ServerContext::create(certificates, listener.ssl_policy, options.ticket_keys, alpn);
}

std::vector<Address> Worker::Implementation::listening_addresses(uint16_t port) const {
  const std::vector<std::string>& named = current->snapshot().node.addresses;
  std::vector<Address> addresses;
  if (named.empty()) addresses.push_back(Address::v4({}, port));
  if (named.empty() && options.ipv6) addresses.push_back(Address::v6({}, port));
  for (const std::string& name : named) {
    if (const std::optional<Address> address = Address::parse(name, port))
      addresses.push_back(*address);
  }
  return addresses;
}

void Worker::Implementation::forget_removed() {
  const uint64_t revision = current->snapshot().revision;
  // Older snapshots keep it while requests of theirs run.
  std::erase_if(targets, [this, revision](const auto& entry) {
    TargetState& target = *entry.second;
    if (target.named_in() == revision) return false;
    target.deregister();
    tell_snapshots(target, model::HealthState::draining);
    return true;
  });
  // A letter may have come before the snapshot that names its target: it is kept for one more
  // snapshot.
  std::erase_if(told, [this, revision](const auto& entry) {
    return !targets.contains(entry.first) && entry.second.revision + 1 < revision;
  });
  std::erase_if(groups,
                [revision](const auto& entry) { return entry.second->named_in != revision; });
}

void Worker::Implementation::tell_health(const model::HealthLetter& letter) {
  told[letter.target] = {letter.health.state, current ? current->snapshot().revision : 0};
  const auto found = targets.find(letter.target);
  if (found == targets.end()) return;
  found->second->set_health(letter.health.state);
  tell_snapshots(*found->second, letter.health.state);
  found->second->leave_if_convicted();
}

// All that are adopted: requests that go by an older one are to meet the targets of now.
void Worker::Implementation::tell_snapshots(const TargetState& target, model::HealthState state) {
  for (const auto& snapshot : adopted) snapshot->set_health(target, state);
}

void Worker::Implementation::tell_door(const model::DoorLetter& letter) {
  const auto found = targets.find(letter.target);
  if (found != targets.end()) found->second->door().on_letter(letter);
}

void Worker::Implementation::take_keys(const model::TicketKeyLetter& letter) {
  options.ticket_keys = {.current = letter.current, .previous = letter.previous};
  for (auto& [key, listener] : listeners) {
    if (listener->tls_context()) listener->tls_context()->set_ticket_keys(options.ticket_keys);
  }
}

void Worker::Implementation::answer(const model::InquiryLetter& letter) {
  const Instant now = environment.loop.now();
  const WallTime wall_now = environment.loop.wall_now();
  post(model::AnswerLetter{.worker = options.index,
                           .number = letter.number,
                           .stories = environment.stories.find(letter.query, now, wall_now),
                           .kept = environment.stories.kept(now, wall_now)});
}

void Worker::Implementation::on_unpinned(AdoptedSnapshot& snapshot) {
  post(model::RetiredLetter{snapshot.take_snapshot()});
  const auto place = std::find_if(adopted.begin(), adopted.end(),
                                  [&](const auto& p) { return p.get() == &snapshot; });
  DARUMA_ASSERT(place != adopted.end());
  environment.graveyard.bury(*place->release());
  adopted.erase(place);
}

void Worker::Implementation::run() {
  std::erase_if(retired_listeners, [](const auto& listener) { return listener->unused(); });
  if (!environment.draining || stopped || environment.client_connections > 0) return;
  stopped = true;
  drain_timer.clear();
  for (auto& [key, target] : targets) target->close_unused();
  post(model::StoppedLetter{options.index});
}

void Worker::Implementation::drain(Duration deadline) {
  if (environment.draining) return;
  environment.draining = true;
  while (!listeners.empty()) retire_listener(listeners.begin());
  listen_timer.clear();
  drain_timer.set(environment.loop.now() + deadline);
  environment.loop.call_soon(*this);
}

void Worker::Implementation::on_timer(io::Timer& timer) {
  if (&timer == &listen_timer) return listen_again();
  for (auto& listener : retired_listeners) listener->stop_now();
  environment.loop.call_soon(*this);
}

}  // namespace daruma::proxy
