// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 server of the control side, on the control thread's loop: a table of routes, each with a
// handler that may answer at once or later. What the pages say is in admin_pages.h.
//
// Its pages ask for no login (the API at "/" does, api/service.h). Therefore it listens on loopback
// addresses only, answers only to names that cannot be made to point here by somebody else's name
// server ("localhost" and addresses; DNS rebinding), and takes nothing from another site's web page
// (Origin, Sec-Fetch-Site).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "io/loop.h"

namespace daruma::control {

// The Server field of every answer: `daruma reload` knows a daruma by it.
inline constexpr std::string_view admin_server_name = "daruma";

// One request, body included. Views live until handle() returns.
struct AdminRequest {
  http::Method method = http::Method::get;  // HEAD comes as GET; its answer's body is left out
  std::string_view path;                    // as received, "/…"
  std::string_view query;                   // without '?'
  const http::Fields& fields;
  std::string_view body;
  Address client;
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // More fields. Those that frame the message and Server, Date, X-Content-Type-Options are the
  // server's.
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string cache_control = "no-store";
};

class AdminConnection;
class AdminStream;

// The right to answer one request, once; may be kept for as long as the work takes. If the client
// or the server has gone meanwhile, the answer goes nowhere. Dropped unused, it answers 500.
class AdminResponder {
 public:
  // Links a responder with its connection; the connection clears it when it ends.
  struct Ticket {
    AdminConnection* connection = nullptr;
  };
  explicit AdminResponder(std::shared_ptr<Ticket> ticket) : ticket_(std::move(ticket)) {}
  ~AdminResponder();
  AdminResponder(AdminResponder&&) = default;
  AdminResponder& operator=(AdminResponder&&) = delete;

  // REQUIRES for all three: the server's thread; one of them, once.
  void send(AdminResponse response);
  void close();  // the connection, without an answer
  // An answer whose body comes bit by bit; `begin` has what there is of it.
  AdminStream stream(AdminResponse begin);

 private:
  std::shared_ptr<Ticket> ticket_;  // null once used or moved from
};

// The rest of an answer, as long as it goes on. The client is cut off that takes nothing for the
// write timeout, or lets stream_bytes_max pile up. Control thread only.
class AdminStream {
 public:
  explicit AdminStream(std::shared_ptr<AdminResponder::Ticket> ticket)
      : ticket_(std::move(ticket)) {}
  ~AdminStream();  // the answer ends after what was sent
  AdminStream(AdminStream&&) = default;
  AdminStream& operator=(AdminStream&&) = delete;

  bool open() const { return ticket_ && ticket_->connection; }
  void send(std::string_view bytes);  // lost if it is not open

 private:
  std::shared_ptr<AdminResponder::Ticket> ticket_;  // null once moved from
};

class AdminHandler {
 public:
  virtual void handle(const AdminRequest& request, AdminResponder responder) = 0;

 protected:
  ~AdminHandler() = default;
};

struct AdminRoute {
  http::Method method;  // a route for GET takes HEAD too
  std::string path;     // the whole path; or its beginning, where it ends with "/*"
  AdminHandler* handler;
};

// Finds the route: the longest path that fits, of those the method. 404 if no path fits, 405 with
// Allow if only the method does not.
class AdminRoutes {
 public:
  explicit AdminRoutes(std::vector<AdminRoute> routes) : routes_(std::move(routes)) {}
  AdminHandler* find(http::Method method, std::string_view path) const;  // null: see refusal()
  AdminResponse refusal(std::string_view path) const;

 private:
  std::string_view best_path(std::string_view path) const;
  std::vector<AdminRoute> routes_;
};

struct AdminServerOptions {
  size_t connections_max = 64;  // then the longest idle one makes room, or the new one is refused
  size_t head_bytes_max = 16 * 1024;  // half of it for one line
  size_t body_bytes_max = 1024 * 1024;
  Duration idle_timeout = 60s;            // between requests
  Duration request_timeout = 20s;         // from a request's first byte to its last
  Duration write_timeout = 20s;           // without the client taking a byte
  size_t stream_bytes_max = 1024 * 1024;  // that a stream's client has not taken yet
};

class AdminServer final : private io::AcceptHandler {
 public:
  // Listens at once. Fails if the address is not a loopback address or cannot be bound. The
  // handlers and everything else outlive the server.
  static Result<std::unique_ptr<AdminServer>> open(io::Loop& loop, const Address& address,
                                                   std::vector<AdminRoute> routes,
                                                   const AdminServerOptions& options = {});
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  Address local() const { return acceptor_->local(); }
  size_t connections() const { return connections_.size(); }

 private:
  friend class AdminConnection;
  AdminServer(io::Loop& loop, std::vector<AdminRoute> routes, const AdminServerOptions& options);
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  bool make_room();
  void remove(const AdminConnection& connection);

  io::Loop& loop_;
  const AdminRoutes routes_;
  const AdminServerOptions options_;
  SlabPool pool_;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::vector<std::unique_ptr<AdminConnection>> connections_;
};

}  // namespace daruma::control
