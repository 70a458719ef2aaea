// SPDX-License-Identifier: Apache-2.0
#include "proxy/listener.h"

#include <algorithm>

#include "proxy/client_connection.h"
#include "proxy/connection_log_line.h"
#include "proxy/environment.h"
#include "routing/rule_table.h"

namespace daruma::proxy {
namespace {

model::Reason reason_of(tls::ClientCertificateProblem problem) {
  switch (problem) {
    case tls::ClientCertificateProblem::none:
      return model::Reason::none;
    case tls::ClientCertificateProblem::missing:
      return model::Reason::client_certificate_missing;
    case tls::ClientCertificateProblem::revoked:
      return model::Reason::client_certificate_revoked;
    case tls::ClientCertificateProblem::revocations_unusable:
      return model::Reason::client_certificate_not_checked;
    case tls::ClientCertificateProblem::untrusted:
      return model::Reason::client_certificate_untrusted;
    case tls::ClientCertificateProblem::not_yet_valid:
    case tls::ClientCertificateProblem::expired:
      return model::Reason::client_certificate_expired;
    case tls::ClientCertificateProblem::chain_too_deep:
    case tls::ClientCertificateProblem::too_large:
    case tls::ClientCertificateProblem::type_unsupported:
    case tls::ClientCertificateProblem::wrong_purpose:
    case tls::ClientCertificateProblem::invalid:
      break;
  }
  return model::Reason::client_certificate_invalid;
}

// AWS's code; "" if it was not the client's certificate.
std::string_view failure_of(Handshake handshake, const tls::Session* session) {
  if (handshake != Handshake::failed || session == nullptr) return "";
  return tls::name_of(session->client_certificate_problem());
}

bool same_verification(const tls::ClientAuthentication& one,
                       const tls::ClientAuthentication& other) {
  return one.mode == other.mode && one.trust_fingerprint == other.trust_fingerprint &&
         one.ignore_expiry == other.ignore_expiry;
}

}  // namespace

Listener::Listener(Environment& environment, Owner& owner, ListenerKey key)
    : environment_(environment),
      owner_(owner),
      key_(std::move(key)),
      counters_(
          environment.registry.add(telemetry::ListenerLabels{key_.load_balancer, key_.port})) {}

Listener::~Listener() {
  connections_.for_each([](AcceptedConnection& connection) { connection.stop_now(); });
}

std::string Listener::open(const std::vector<Address>& addresses, bool share_port) {
  std::vector<std::unique_ptr<io::Acceptor>> acceptors;
  std::vector<Address> opened;
  std::string problem;
  for (const Address& address : addresses) {
    const auto known = std::find(addresses_.begin(), addresses_.end(), address);
    if (known != addresses_.end()) {
      acceptors.push_back(std::move(acceptors_[static_cast<size_t>(known - addresses_.begin())]));
      opened.push_back(address);
      continue;
    }
    auto acceptor = environment_.loop.listen(address, *this, {.share_port = share_port});
    if (!acceptor) {
      if (!problem.empty()) problem += "; ";
      problem += acceptor.error().message;
      continue;
    }
    acceptors.push_back(std::move(*acceptor));
    opened.push_back(address);
  }
  acceptors_ = std::move(acceptors);
  addresses_ = std::move(opened);
  return problem;
}

void Listener::set_tls(std::string identity, std::shared_ptr<tls::ServerContext> context,
                       const tls::ClientAuthentication& clients) {
  tls_identity_ = std::move(identity);
  tls_context_ = std::move(context);
  const bool same = same_verification(clients, clients_);
  clients_ = clients;
  if (same) return;
  ++verification_;
  connections_.for_each([](AcceptedConnection& connection) { connection.retire(); });
}

void Listener::on_handshake_failed(const tls::Session& session, const Address& client) {
  counters_->tls_errors_total.add();
  const tls::ClientCertificateProblem problem = session.client_certificate_problem();
  if (problem == tls::ClientCertificateProblem::none) return;
  counters_->reasons[static_cast<size_t>(reason_of(problem))].add();
  const auto left_out = refusal_lines_.take(environment_.loop.now());
  if (!left_out) return;
  environment_.log.write(LogLevel::info, "listener", "a client's certificate was refused",
                         {{"load_balancer", key_.load_balancer},
                          {"port", std::to_string(key_.port)},
                          {"client", client.to_string()},
                          {"reason", std::string(tls::name_of(problem))},
                          {"problem", session.error_text()},
                          {"lines_left_out", std::to_string(*left_out)}});
}

void Listener::adopt(const Pin& pin, size_t load_balancer, size_t listener) {
  load_balancer_ = &pin->snapshot().load_balancers[load_balancer];
  listener_ = &load_balancer_->listeners[listener];
  pin_ = pin;
  // Asked for again only when the rules have changed: the registry has a lock.
  const auto& rules = listener_->table->names();
  if (!rules_ || rules_->names != rules)
    rules_ = environment_.registry.add({key_.load_balancer, key_.port}, rules);
  using telemetry::LogKind;
  note_log_file(LogKind::access, access_log_);
  note_log_file(LogKind::connection, connection_log_);
}

// The same.
void Listener::note_log_file(telemetry::LogKind kind, NumberedLog& log) {
  telemetry::LogFileKey key = telemetry::log_file_key(kind, *load_balancer_);
  if (key == log.key) return;
  log.file = environment_.registry.log_file(key);
  log.key = std::move(key);
}

void Listener::log_connection(const ClientOrigin& origin, const Address& local, Handshake handshake,
                              const tls::Session* session) {
  origin.write_id(connection_id_);
  const ClientCertificate certificate =
      session ? session->presented_certificate() : ClientCertificate{};
  const bool done = handshake == Handshake::done;
  write_connection_log_line({.time = environment_.loop.wall_now(),
                             .client = origin.facts.peer,
                             .listener_port = key_.port,
                             .tls_version = done ? session->version() : "",
                             .tls_cipher = done ? session->cipher() : "",
                             .tls_group = done ? session->group() : "",
                             .latency = environment_.loop.now() - origin.accepted_at,
                             .certificate_subject = certificate.subject,
                             .certificate_validity = certificate.validity,
                             .certificate_serial_number = certificate.serial_number,
                             .handshake = handshake,
                             .failure = failure_of(handshake, session),
                             .connection_id = connection_id_,
                             .load_balancer = load_balancer_->resource_id,
                             .node_ip = local.ip()},
                            line_);
  if (environment_.access_log.push(connection_log_.file, line_)) {
    environment_.counters.access_log_lines_total.add();
  } else {
    environment_.counters.access_log_lines_dropped_total.add();
  }
}

void Listener::retire() {
  retired_ = true;
  acceptors_.clear();
  addresses_.clear();
  connections_.for_each([](AcceptedConnection& connection) { connection.retire(); });
}

void Listener::stop_now() {
  connections_.for_each([](AcceptedConnection& connection) { connection.stop_now(); });
}

void Listener::on_accept(std::unique_ptr<io::Socket> socket) {
  counters_->connections_total.add();
  if (environment_.client_connections >= environment_.client_connections_max) {
    counters_->connections_rejected_total.add();
    return;
  }
  ++environment_.client_connections;
  counters_->connections_active.add(1);
  auto* connection = new ClientConnection(environment_, *this, std::move(socket), tls_context_);
  connections_.push_back(*connection);
}

void Listener::on_accept_paused(io::SocketError error) {
  counters_->accept_errors_total.add();
  const Instant now = environment_.loop.now();
  if (now < accept_errors_quiet_until_) return;
  accept_errors_quiet_until_ = now + 1min;
  environment_.log.write(LogLevel::error, "listener", "cannot accept connections for now",
                         {{"load_balancer", key_.load_balancer},
                          {"port", std::to_string(key_.port)},
                          {"problem", std::string(io::name_of(error))}});
}

void Listener::replace(AcceptedConnection& former, AcceptedConnection& successor) {
  former.ListNode<AcceptedConnection>::unlink();
  connections_.push_back(successor);
}

void Listener::on_connection_closed() {
  --environment_.client_connections;
  counters_->connections_active.add(-1);
  owner_.on_connection_closed();
}

}  // namespace daruma::proxy
