// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker.h"

#include <algorithm>
#include <map>
#include <utility>

#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/registrations.h"

namespace daruma::proxy {

using ListenerProblems = std::vector<model::ListenerProblem>;

namespace {

std::string identity_of(const tls::ClientAuthentication& clients) {
  switch (clients.mode) {
    case tls::ClientCertificates::none:
      return "";
    case tls::ClientCertificates::passthrough:
      return " passthrough";
    case tls::ClientCertificates::verified:
      break;
  }
  return " verified " + clients.trust_fingerprint + (clients.ignore_expiry ? " expired" : "") +
         (clients.advertise_names ? " advertised" : "");
}

}  // namespace

struct Worker::Implementation final : private io::Mailbox<model::WorkerLetter>::Reader,
                                      private Listener::Owner,
                                      private Registrations::Owner,
                                      private io::TimerHandler,
                                      private io::Task {
  Implementation(const WorkerContext& worker_context, WorkerOptions worker_options);
  ~Implementation();

  void on_letter(model::WorkerLetter letter) override;
  void on_connection_closed() override { environment.loop.call_soon(*this); }
  void on_registered() override;
  bool serve_next() override;
  void on_retired(model::SnapshotRef snapshot) override {
    post(model::RetiredLetter{std::move(snapshot)});
  }
  void on_timer(io::Timer& timer) override;
  void run() override;  // Task: what ended connections leave to be tidied

  // Of snapshot().
  struct ListenerPlace {
    size_t load_balancer = 0;
    size_t listener = 0;
  };
  bool find_listener(ListenerPlace& place) const;
  bool retire_unnamed();
  void adopt_listener(const ListenerPlace& place, ListenerProblems& problems);
  std::string try_to_adopt(const ListenerPlace& place);
  std::string adopt_tls(Listener& listener, const model::LoadBalancer& owner,
                        const model::Listener& model);
  Result<std::unique_ptr<tls::ServerContext>> make_tls_context(const model::Listener& listener,
                                                               tls::Alpn alpn) const;
  tls::ClientAuthentication client_authentication(const model::Listener& listener) const;
  std::vector<Address> listening_addresses(uint16_t port) const;
  void retire_listener(std::map<ListenerKey, std::unique_ptr<Listener>>::iterator listener);
  void take_keys(const model::TicketKeyLetter& letter);
  void answer(const model::InquiryLetter& letter);
  void tell_adopted(ListenerProblems problems);
  void listen_again();
  void drain(Duration deadline);
  const model::Snapshot& snapshot() const { return registrations.current()->snapshot(); }
  void post(model::ControlLetter letter) { context.control.post(std::move(letter)); }

  WorkerContext context;
  WorkerOptions options;
  std::shared_ptr<telemetry::WorkerCounters> counters;
  Environment environment;
  io::Timer drain_timer;
  io::Timer listen_timer;            // while some listener does not listen
  ListenerProblems listen_problems;  // as told last
  ListenerPlace next_listener;       // that has not adopted the snapshot yet
  ListenerProblems next_problems;    // of those that have
  Registrations registrations;
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
  Environment& environment = implementation_->environment;
  Census census{.client_connections = environment.client_connections,
                .exchanges = environment.exchanges.active(),
                .target_connections = environment.target_connections,
                .target_connections_idle = environment.target_connections_idle,
                .requests_in_flight = environment.requests_in_flight,
                .tunnels = environment.tunnels,
                .slabs = environment.slabs.outstanding(),
                .snapshots_pinned = implementation_->registrations.snapshots()};
  environment.http2_holders.for_each([&census](Http2Holder& holder) {
    const Http2Memory memory = holder.memory();
    census.http2_streams += memory.streams;
    census.http2_connection_bytes = std::max(census.http2_connection_bytes, memory.bytes);
    census.http2_stream_bytes = std::max(census.http2_stream_bytes, memory.stream_bytes_max);
  });
  return census;
}

Worker::Implementation::Implementation(const WorkerContext& worker_context,
                                       WorkerOptions worker_options)
    : context(worker_context),
      options(std::move(worker_options)),
      counters(context.registry.add(telemetry::WorkerLabels{options.index})),
      environment(context.loop, context.registry, context.access_log, *counters, context.log),
      drain_timer(context.loop.timers(), *this),
      listen_timer(context.loop.timers(), *this),
      registrations(environment, *this),
      mailbox(context.loop, *this) {
  environment.worker = options.index;
  environment.tells_traces = options.tells_traces;
  environment.client_connections_max = options.client_connections_max
                                           ? options.client_connections_max
                                           : model::limits::client_connections_max;
  auto client_tls = tls::ClientContext::create();
  DARUMA_ASSERT(client_tls.has_value());
  environment.client_tls = std::move(*client_tls);
  environment.sticky_cookies.set_own_keys(options.cookie_keys);
}

Worker::Implementation::~Implementation() {
  for (auto& [key, listener] : listeners) listener->stop_now();
  for (auto& listener : retired_listeners) listener->stop_now();
  listeners.clear();
  retired_listeners.clear();
  environment.graveyard.clear();  // connections, while their targets are still there
}

void Worker::Implementation::on_letter(model::WorkerLetter letter) {
  if (auto* snapshot = std::get_if<model::SnapshotLetter>(&letter))
    return registrations.adopt(std::move(snapshot->snapshot));
  if (const auto* health = std::get_if<model::HealthLetter>(&letter))
    return registrations.on_letter(*health);
  if (const auto* door = std::get_if<model::DoorLetter>(&letter))
    return registrations.on_letter(*door);
  if (const auto* weight = std::get_if<model::WeightLetter>(&letter))
    return registrations.on_letter(*weight);
  if (const auto* load = std::get_if<model::LoadLetter>(&letter))
    return registrations.on_letter(*load);
  if (const auto* keys = std::get_if<model::TicketKeyLetter>(&letter)) return take_keys(*keys);
  if (const auto* keys = std::get_if<model::CookieKeyLetter>(&letter))
    return environment.sticky_cookies.set_own_keys({keys->current, keys->previous});
  if (const auto* inquiry = std::get_if<model::InquiryLetter>(&letter)) return answer(*inquiry);
  drain(std::get<model::DrainLetter>(letter).deadline);
}

void Worker::Implementation::on_registered() {
  const std::vector<std::string>& keys = snapshot().cookie_keys;
  environment.sticky_cookies.set_shared_keys(
      {keys.empty() ? std::string() : keys.front(), keys.size() < 2 ? std::string() : keys[1]});
  listen_timer.clear();
  next_listener = {};
  next_problems.clear();
}

// Those that come open before those that go close: nobody finds the port of both closed.
bool Worker::Implementation::serve_next() {
  if (!environment.draining && find_listener(next_listener)) {
    adopt_listener(next_listener, next_problems);
    ++next_listener.listener;
    return true;
  }
  if (retire_unnamed()) return true;
  counters->snapshot_revision.set(static_cast<int64_t>(snapshot().revision));
  tell_adopted(std::move(next_problems));
  return false;
}

void Worker::Implementation::tell_adopted(ListenerProblems problems) {
  listen_timer.clear();
  if (!problems.empty())
    listen_timer.set(environment.loop.now() + model::limits::listen_retry_interval);
  listen_problems = problems;
  post(model::AdoptedLetter{
      .worker = options.index, .revision = snapshot().revision, .problems = std::move(problems)});
}

// From this place on; false if there is none.
bool Worker::Implementation::find_listener(ListenerPlace& place) const {
  const auto& load_balancers = snapshot().load_balancers;
  while (place.load_balancer < load_balancers.size()) {
    if (place.listener < load_balancers[place.load_balancer].listeners.size()) return true;
    place = {place.load_balancer + 1, 0};
  }
  return false;
}

// One listener that the snapshot does not name, and so has not adopted it. False if there is none.
bool Worker::Implementation::retire_unnamed() {
  const auto unnamed = std::ranges::find_if(listeners, [this](const auto& each) {
    return each.second->pin()->snapshot().revision != snapshot().revision;
  });
  if (unnamed == listeners.end()) return false;
  retire_listener(unnamed);
  return true;
}

void Worker::Implementation::adopt_listener(const ListenerPlace& place,
                                            ListenerProblems& problems) {
  std::string problem = try_to_adopt(place);
  if (problem.empty()) return;
  const model::LoadBalancer& load_balancer = snapshot().load_balancers[place.load_balancer];
  problems.push_back(
      {load_balancer.name, load_balancer.listeners[place.listener].port, std::move(problem)});
}

// What was in the way may have gone: another process, an address that was missing.
void Worker::Implementation::listen_again() {
  ListenerProblems problems;
  for (ListenerPlace place; find_listener(place); ++place.listener) adopt_listener(place, problems);
  if (problems != listen_problems) return tell_adopted(std::move(problems));
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
std::string Worker::Implementation::try_to_adopt(const ListenerPlace& place) {
  const model::LoadBalancer& owner = snapshot().load_balancers[place.load_balancer];
  const model::Listener& model = owner.listeners[place.listener];
  const auto entry = listeners.try_emplace({owner.name, model.port}).first;
  std::unique_ptr<Listener>& listener = entry->second;
  if (!listener)
    listener =
        std::make_unique<Listener>(environment, static_cast<Listener::Owner&>(*this), entry->first);

  std::string problem = adopt_tls(*listener, owner, model);
  if (!problem.empty()) {
    // Nor is anybody served unverified who has to be.
    const bool serves =
        listener->tls_context() != nullptr && model.mutual_tls.mode != model::MutualTlsMode::verify;
    problem += (serves ? "; it keeps its former certificates and policy" : "; it is closed");
    if (!serves) {
      retire_listener(entry);
      return problem;
    }
  }
  listener->adopt(registrations.current(), place.load_balancer, place.listener);
  const std::string not_open = listener->open(listening_addresses(model.port), options.share_port);
  return problem.empty() ? not_open : problem + (not_open.empty() ? "" : "; " + not_open);
}

// A TLS context is made where certificates, policy, protocols or what is asked of clients are
// others than before. Returns why it could not be made.
std::string Worker::Implementation::adopt_tls(Listener& listener, const model::LoadBalancer& owner,
                                              const model::Listener& model) {
  std::string identity;
  const tls::ClientAuthentication clients = client_authentication(model);
  if (model.protocol == model::Protocol::https) {
    identity = model.ssl_policy + (owner.http2 ? " h2" : "");
    for (const uint32_t certificate : model.certificates)
      identity += ' ' + snapshot().certificates[certificate].fingerprint;
    identity += identity_of(clients);
  }
  if (identity == listener.tls_identity()) return "";
  std::shared_ptr<tls::ServerContext> tls_context;
  if (!identity.empty()) {
    auto made =
        make_tls_context(model, owner.http2 ? tls::Alpn::http2_and_http1 : tls::Alpn::http1);
    if (!made) return made.error().message;
    tls_context = std::move(*made);
  }
  listener.set_tls(std::move(identity), std::move(tls_context), clients);
  return "";
}

Result<std::unique_ptr<tls::ServerContext>> Worker::Implementation::make_tls_context(
    const model::Listener& listener, tls::Alpn alpn) const {
  std::vector<tls::CertificateText> certificates;
  for (const uint32_t index : listener.certificates) {
    const model::Certificate& certificate = snapshot().certificates[index];
    certificates.push_back({.name = certificate.arn,
                            .chain_pem = certificate.chain_pem,
                            .key_pem = certificate.key_pem});
  }
  return tls::ServerContext::create(certificates, listener.ssl_policy, options.ticket_keys, alpn,
                                    client_authentication(listener));
}

tls::ClientAuthentication Worker::Implementation::client_authentication(
    const model::Listener& listener) const {
  const model::MutualTls& mutual = listener.mutual_tls;
  switch (mutual.mode) {
    case model::MutualTlsMode::off:
      return {};
    case model::MutualTlsMode::passthrough:
      return {.mode = tls::ClientCertificates::passthrough};
    case model::MutualTlsMode::verify:
      break;
  }
  const model::TrustStore& store = snapshot().trust_stores[mutual.trust_store];
  return {.mode = tls::ClientCertificates::verified,
          .trust = store.compiled,
          .trust_fingerprint = store.fingerprint,
          .ignore_expiry = mutual.ignore_expiry,
          .advertise_names = mutual.advertise_names};
}

std::vector<Address> Worker::Implementation::listening_addresses(uint16_t port) const {
  const std::vector<std::string>& named = snapshot().node.addresses;
  std::vector<Address> addresses;
  if (named.empty()) addresses.push_back(Address::v4({}, port));
  if (named.empty() && options.ipv6) addresses.push_back(Address::v6({}, port));
  for (const std::string& name : named) {
    if (const std::optional<Address> address = Address::parse(name, port))
      addresses.push_back(*address);
  }
  return addresses;
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

void Worker::Implementation::run() {
  std::erase_if(retired_listeners, [](const auto& listener) { return listener->unused(); });
  if (!environment.draining || stopped || environment.client_connections > 0) return;
  stopped = true;
  drain_timer.clear();
  registrations.close_unused();
  post(model::StoppedLetter{options.index});
}

void Worker::Implementation::drain(Duration deadline) {
  if (environment.draining) return;
  environment.draining = true;
  registrations.adopt_no_more();
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
