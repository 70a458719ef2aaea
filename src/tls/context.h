// SPDX-License-Identifier: Apache-2.0
//
// TLS settings that connections share, one set per worker: a server side with its certificates by
// SNI name, and a client side that remembers sessions for resumption. Owned by one thread; nothing
// here locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;

namespace daruma::tls {

struct CertificateText {
  std::string name;       // for the log's chosen_cert_arn and error messages
  std::string chain_pem;  // leaf first
  std::string key_pem;
};

// Checks that the chain parses, the key parses, and they belong together. Returns hex SHA-256 of
// both (the fingerprint), or what is wrong.
Result<std::string> check_certificate(const CertificateText& certificate);

// Keys that seal session tickets; equal in all workers so that any of them resumes any session.
// Rotated by control.
struct TicketKeys {
  std::string current;   // 80 bytes: name 16, AES 32, HMAC 32
  std::string previous;  // may be empty
};
TicketKeys make_ticket_keys();

// Accepting side of one HTTPS listener.
class ServerContext {
 public:
  // certificates[0] is the default. `policy` is an AWS security policy name
  // (tls/security_policy.h).
  static Result<std::unique_ptr<ServerContext>> create(
      std::span<const CertificateText> certificates, std::string_view policy,
      const TicketKeys& keys);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  explicit ServerContext(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// Connecting side: to targets and probes. Certificates of targets are not verified, as an ALB does
// not. Holds no sessions itself: one SessionCache per target does.
class ClientContext {
 public:
  static Result<std::unique_ptr<ClientContext>> create();
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  explicit ClientContext(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// The last few sessions with one target, for resumption. A TLS 1.3 ticket is used once. Outlives
// its connections.
class SessionCache {
 public:
  static constexpr size_t sessions_max = 8;
  SessionCache() = default;
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;
  void put(SSL_SESSION* session);  // takes the reference
  SSL_SESSION*
  take();  // nullptr if none; gives the reference (TLS 1.2 sessions stay cached as well)
  size_t size() const { return sessions_.size(); }

 private:
  std::vector<SSL_SESSION*> sessions_;
};

}  // namespace daruma::tls
