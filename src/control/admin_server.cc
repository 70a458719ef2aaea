// SPDX-License-Identifier: Apache-2.0
#include "control/admin_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "control/admin_connection.h"

namespace daruma::control {
namespace {

bool fits(std::string_view route, std::string_view path) {
  if (!route.ends_with("/*")) return route == path;
  route.remove_suffix(1);
  return path.starts_with(route);
}

std::string_view name_of(http::Method method) {
  switch (method) {
    case http::Method::get:
      return "GET, HEAD";
    case http::Method::head:
      return "HEAD";
    case http::Method::post:
      return "POST";
    case http::Method::put:
      return "PUT";
    case http::Method::delete_:
      return "DELETE";
    case http::Method::connect:
      return "CONNECT";
    case http::Method::options:
      return "OPTIONS";
    case http::Method::trace:
      return "TRACE";
    case http::Method::patch:
      return "PATCH";
    case http::Method::other:
      return "";
  }
  return "";
}

}  // namespace

AdminResponder::~AdminResponder() {
  if (ticket_ && ticket_->connection) {
    ticket_->connection->answer({.status = 500, .body = "no answer was given\n"});
  }
}

void AdminResponder::send(AdminResponse response) {
  DARUMA_ASSERT(ticket_ != nullptr);
  const std::shared_ptr<Ticket> ticket = std::move(ticket_);
  if (ticket->connection) ticket->connection->answer(std::move(response));
}

void AdminResponder::close() {
  DARUMA_ASSERT(ticket_ != nullptr);
  const std::shared_ptr<Ticket> ticket = std::move(ticket_);
  if (ticket->connection) ticket->connection->end_unanswered();
}

AdminStream AdminResponder::stream(AdminResponse begin) {
  DARUMA_ASSERT(ticket_ != nullptr);
  std::shared_ptr<Ticket> ticket = std::move(ticket_);
  if (ticket->connection) ticket->connection->begin_stream(std::move(begin));
  return AdminStream(std::move(ticket));
}

AdminStream::~AdminStream() {
  if (open()) ticket_->connection->end_stream();
}

void AdminStream::send(std::string_view bytes) {
  if (open()) ticket_->connection->send_on(bytes);
}

AdminHandler* AdminRoutes::find(http::Method method, std::string_view path) const {
  const std::string_view best = best_path(path);
  for (const AdminRoute& route : routes_) {
    if (route.path == best && route.method == method) return route.handler;
  }
  return nullptr;
}

AdminResponse AdminRoutes::refusal(std::string_view path) const {
  const std::string_view best = best_path(path);
  std::string allow;
  for (const AdminRoute& route : routes_) {
    if (route.path != best) continue;
    if (!allow.empty()) allow += ", ";
    allow += name_of(route.method);
  }
  if (allow.empty()) return {.status = 404, .body = "not found; GET / lists the pages\n"};
  return {.status = 405,
          .body = fmt::format("method not allowed; allowed: {}\n", allow),
          .fields = {{"Allow", allow}}};
}

// The whole path wins over any beginning, a longer beginning over a shorter one.
std::string_view AdminRoutes::best_path(std::string_view path) const {
  std::string_view best;
  for (const AdminRoute& route : routes_) {
    if (route.path == path) return route.path;
    if (fits(route.path, path) && route.path.size() > best.size()) best = route.path;
  }
  return best;
}

Result<std::unique_ptr<AdminServer>> AdminServer::open(io::Loop& loop, const Address& address,
                                                       std::vector<AdminRoute> routes,
                                                       const AdminServerOptions& options) {
  if (!address.is_loopback()) {
    return fail(
        fmt::format("Admin.Address {} is not a loopback address; nobody logs in to the admin "
                    "pages, so use 127.0.0.1 or ::1",
                    address.ip()));
  }
  std::unique_ptr<AdminServer> server(new AdminServer(loop, std::move(routes), options));
  auto acceptor = loop.listen(address, *server, {.backlog = 128});
  if (!acceptor) return fail(std::move(acceptor.error().message));
  server->acceptor_ = std::move(*acceptor);
  return server;
}

AdminServer::AdminServer(io::Loop& loop, std::vector<AdminRoute> routes,
                         const AdminServerOptions& options)
    : loop_(loop), routes_(std::move(routes)), options_(options), pool_(8) {}

AdminServer::~AdminServer() = default;

void AdminServer::on_accept(std::unique_ptr<io::Socket> socket) {
  if (!make_room()) return;
  connections_.push_back(std::make_unique<AdminConnection>(*this, std::move(socket)));
}

bool AdminServer::make_room() {
  if (connections_.size() < options_.connections_max) return true;
  const auto idlest = std::ranges::min_element(
      connections_, {}, [](const auto& connection) { return connection->idle_since(); });
  if (idlest == connections_.end() || (*idlest)->idle_since() == never) return false;
  connections_.erase(idlest);
  return true;
}

void AdminServer::remove(const AdminConnection& connection) {
  std::erase_if(connections_, [&](const auto& entry) { return entry.get() == &connection; });
}

}  // namespace daruma::control
