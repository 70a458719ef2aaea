// SPDX-License-Identifier: Apache-2.0
//
// One listener of one load balancer in one worker: its listening sockets, its client connections,
// its counters, and the part of the current snapshot that is about it.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "base/intrusive_list.h"
#include "base/line_limit.h"
#include "io/socket.h"
#include "model/snapshot.h"
#include "proxy/accepted_connection.h"
#include "proxy/adopted_snapshot.h"
#include "proxy/client_stream.h"
#include "telemetry/counters.h"
#include "telemetry/log_file_key.h"
#include "telemetry/rule_traffic.h"
#include "tls/context.h"
#include "tls/session.h"

namespace daruma::proxy {

struct ClientOrigin;
struct Environment;
enum class Handshake : uint8_t { none, done, failed };

struct ListenerKey {
  std::string load_balancer;
  uint16_t port = 0;
  auto operator<=>(const ListenerKey&) const = default;
};

class Listener final : private io::AcceptHandler {
 public:
  class Owner {
   public:
    // A connection of this listener has ended; a retired listener without connections may be
    // destroyed afterwards.
    virtual void on_connection_closed() = 0;

   protected:
    ~Owner() = default;
  };

  Listener(Environment& environment, Owner& owner, ListenerKey key);
  ~Listener();

  const ListenerKey& key() const { return key_; }
  telemetry::ListenerCounters& counters() { return *counters_; }

  // Listens on every address that is not listened on yet, closes those no longer named. Returns
  // what failed, "" if nothing did.
  std::string open(const std::vector<Address>& addresses, bool share_port);
  // From now on new requests go by this snapshot.
  void adopt(const Pin& pin, size_t load_balancer, size_t listener);
  // From now on new connections do; `identity` is what the context was made from. Null, "": HTTP.
  // `clients` is what it asks of them: where that lets in others than before, or has other things
  // told of them, connections of before end with their current exchange.
  void set_tls(std::string identity, std::shared_ptr<tls::ServerContext> context,
               const tls::ClientAuthentication& clients);
  const tls::ClientAuthentication& client_authentication() const { return clients_; }
  uint32_t verification() const { return verification_; }
  // Its client was let in by what does not count any more: no request that begins is served.
  bool unverified(const ClientOrigin& origin) const { return origin.verification != verification_; }
  // A connection of this origin ends with its current exchange.
  bool outdated(const ClientOrigin& origin) const { return retired_ || unverified(origin); }
  // A client's handshake has failed.
  void on_handshake_failed(const tls::Session& session, const Address& client);
  // Accepts nothing more; connections end with their current exchange.
  void retire();
  void stop_now();
  bool retired() const { return retired_; }
  bool unused() { return connections_.empty(); }

  const Pin& pin() const { return pin_; }
  const model::LoadBalancer& load_balancer() const { return *load_balancer_; }
  const model::Listener& listener() const { return *listener_; }
  const std::string& tls_identity() const { return tls_identity_; }
  const std::shared_ptr<tls::ServerContext>& tls_context() const { return tls_context_; }
  // One more request has met this rule of listener().
  void count_rule(uint32_t rule) { rules_->requests[rule].add(); }
  uint32_t access_log_file() const { return access_log_.file; }

  // A line of the connection log. Once for each connection: when it was accepted,
  // or its TLS handshake is done or has failed; `session` is null without TLS. REQUIRES: the log is
  // on.
  void log_connection(const ClientOrigin& origin, const Address& local, Handshake handshake,
                      const tls::Session* session);

  void on_connection_closed();
  // The connection goes on as another.
  void replace(AcceptedConnection& former, AcceptedConnection& successor);

 private:
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void on_accept_paused(io::SocketError error) override;

  struct NumberedLog {
    telemetry::LogFileKey key;
    uint32_t file = 0;  // in the registry
  };
  void note_log_file(telemetry::LogKind kind, NumberedLog& log);

  Environment& environment_;
  Owner& owner_;
  const ListenerKey key_;
  std::shared_ptr<telemetry::ListenerCounters> counters_;
  std::shared_ptr<telemetry::RuleCounters> rules_;  // of listener_'s rules
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  std::vector<Address> addresses_;  // of acceptors_
  Pin pin_;
  const model::LoadBalancer* load_balancer_ = nullptr;
  const model::Listener* listener_ = nullptr;
  std::shared_ptr<tls::ServerContext> tls_context_;
  std::string tls_identity_;
  tls::ClientAuthentication clients_;
  NumberedLog access_log_;
  NumberedLog connection_log_;
  std::string connection_id_;  // room for a line of the connection log
  std::string line_;
  bool retired_ = false;
  uint32_t verification_ = 0;  // grows with each change of what is asked of clients
  LineLimit refusal_lines_;
  Instant accept_errors_quiet_until_{};  // the log has heard of one lately
  IntrusiveList<AcceptedConnection> connections_;
};

}  // namespace daruma::proxy
