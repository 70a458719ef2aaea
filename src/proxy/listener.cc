// SPDX-License-Identifier: Apache-2.0
#include "proxy/listener.h"

#include <algorithm>

#include "proxy/client_connection.h"
#include "proxy/environment.h"

namespace daruma::proxy {
namespace {

// "access_log_app.web.50dc6c495c0c9188"
std::string access_log_name_of(const model::LoadBalancer& load_balancer) {
  std::string name = "access_log_" + load_balancer.resource_id;
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
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

void Listener::set_tls(std::string identity, std::shared_ptr<tls::ServerContext> context) {
  tls_identity_ = std::move(identity);
  tls_context_ = std::move(context);
}

void Listener::adopt(const Pin& pin, size_t load_balancer, size_t listener) {
  load_balancer_ = &pin->snapshot().load_balancers[load_balancer];
  listener_ = &load_balancer_->listeners[listener];
  pin_ = pin;
  std::string name = access_log_name_of(*load_balancer_);
  if (name == access_log_name_) return;
  access_log_file_ = environment_.registry.log_file(name);
  access_log_name_ = std::move(name);
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
