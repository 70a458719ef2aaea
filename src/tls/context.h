// SPDX-License-Identifier: Apache-2.0
//
// TLS settings that connections share, one set per worker: a server side with its certificates by
// SNI name, and a client side that remembers sessions for resumption. Owned by one thread; nothing
// here locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;

namespace daruma::tls {

struct CertificateText {
  std::string name;       // for the log's chosen_cert_arn and error messages
  std::string chain_pem;  // leaf first
  std::string key_pem;
};

enum class KeyType : uint8_t { ecdsa, rsa };

// What an operator may want to know of a certificate.
struct CertificateFacts {
  std::string fingerprint;         // hex SHA-256 of chain and key as given
  std::vector<std::string> names;  // DNS names that it covers: printable ASCII, in lower case
  KeyType key_type = KeyType::rsa;
  int key_bits = 0;
  WallTime not_before{};
  WallTime not_after{};
  std::string serial;   // "0a:1b:…"
  std::string subject;  // RFC 2253: "CN=example.com"; printable ASCII
  std::string issuer;
};

// Checks that the chain parses, the key parses, and they belong together; says what is wrong and
// what would be right. RSA and ECDSA (P-256, P-384, P-521) keys, as ALB takes them. Being expired
// is no error here: an ALB serves such a certificate, see validity_warning().
Result<CertificateFacts> describe_certificate(const CertificateText& certificate);
// The certificates of a text that has passed describe_certificate(), each alone and encoded anew,
// leaf first: what else the text holds (a key, notes) is left out, as it must be from what others
// read. Of a text that has not passed, those before what is damaged.
std::vector<std::string> certificates_of(std::string_view chain_pem);
// "expired on 2026-01-31", "is not valid before …", "ends on …" if that is within two weeks, else
// nullopt.
std::optional<std::string> validity_warning(const CertificateFacts& facts, WallTime now);

// How long after its handshake a client may resume a session by its ticket.
inline constexpr Duration ticket_lifetime = 2h;

// Keys that seal session tickets; equal in all workers so that any of them resumes any session.
// Rotated by control, no more often than once in ticket_lifetime.
struct TicketKeys {
  std::string current;   // 80 bytes: name 16, AES 32, HMAC 32
  std::string previous;  // may be empty
};
TicketKeys make_ticket_keys();
// A fresh current key; the old one stays good for tickets already given out.
TicketKeys rotated(const TicketKeys& keys);

// What a server offers. HTTP/2 goes first, and wants TLS 1.2 or later (RFC 9113 9.2).
enum class Alpn : uint8_t { http1, http2_and_http1 };
// What a client offers: nothing, as an ALB to a target of HTTP/1.1, or HTTP/2 alone.
enum class AlpnOffer : uint8_t { nothing, http2 };

// What is asked of clients, as MutualAuthentication has it.
class TrustStore;
enum class ClientCertificates : uint8_t {
  none,         // are not asked for
  passthrough,  // are asked for and told of; none is verified, none is missed
  verified      // against the trust store; without a good one there is no connection
};
struct ClientAuthentication {
  ClientCertificates mode = ClientCertificates::none;
  std::shared_ptr<const TrustStore> trust{};  // of `verified`
  std::string trust_fingerprint{};
  // A client's own certificate may have expired. One of an authority may not.
  bool ignore_expiry = false;
  bool advertise_names =
      false;  // of the trust store's authorities, in the request for certificates
};

// Why a client was not accepted, as an ALB's connection logs have it.
enum class ClientCertificateProblem : uint8_t {
  none,
  missing,
  chain_too_deep,
  too_large,
  revoked,
  revocations_unusable,
  untrusted,
  not_yet_valid,
  expired,
  type_unsupported,
  wrong_purpose,
  invalid
};
std::string_view name_of(ClientCertificateProblem problem);  // "ClientCertExpired"

// Of a client's certificates: below the trust store's authority, and of all that are sent.
inline constexpr int client_chain_depth_max = 4;
inline constexpr size_t client_chain_bytes_max = 16 * 1024;  // DER

// Accepting side of one HTTPS listener.
//
// Which certificate a client gets ("smart SNI" of ALB): of those whose DNS names (SAN; the
// subject's common name if there are none) match the server name, exactly or by wildcard, the best
// that the client can use: ECDSA before RSA, then the stronger signature hash, the larger key, the
// later end of validity. Without a server name or a match, the default.
//
// No session cache: resumption is by tickets, which are bound to the policy and to the list of
// certificates. No renegotiation, no compression, no early data. ALPN answers the first of ours
// that the client offers; if it offers none of them, the handshake goes on without, where RFC
// 7301 3.2 wants an alert. A context that asks for clients' certificates resumes nothing.
class ServerContext {
 public:
  // certificates[0] is the default. `policy` is an AWS security policy name
  // (tls/security_policy.h).
  static Result<std::unique_ptr<ServerContext>> create(
      std::span<const CertificateText> certificates, std::string_view policy,
      const TicketKeys& keys, Alpn alpn = Alpn::http1, ClientAuthentication clients = {});
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // From now on; sessions under way are not disturbed. REQUIRES: keys made by the functions above.
  void set_ticket_keys(const TicketKeys& keys);

  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  explicit ServerContext(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

struct ClientOptions {
  bool verify = false;      // the target's certificate, and that it is for the name asked for
  std::string ca_pem{};     // whom to trust then; "": the system's authorities
  std::string chain_pem{};  // the certificate to show where the target asks for one; "": none
  std::string key_pem{};
};

// Connecting side: to targets and probes, with what ELBSecurityPolicy-TLS13-1-0-2021-06 allows, so
// that old targets can be reached. Without options certificates of targets are not verified, as an
// ALB does not. Holds no sessions itself: one SessionCache per target does. A session that was
// verified is resumed without being verified anew.
class ClientContext {
 public:
  // The error is the operator's: what is wrong with a text.
  static Result<std::unique_ptr<ClientContext>> create(const ClientOptions& options = {});
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  explicit ClientContext(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// The last few sessions with one target, for resumption. A TLS 1.3 ticket is used once; of TLS 1.2
// sessions the newest is kept and used by every connection. Outlives its connections. As large as
// it is because connections that began together end together (docs/performance.md).
class SessionCache {
 public:
  static constexpr size_t sessions_max = 64;
  SessionCache() = default;
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;
  void put(SSL_SESSION* session);  // takes the reference; drops the oldest when full
  SSL_SESSION* take();             // the newest, with a reference; nullptr if none
  size_t size() const { return sessions_.size(); }

 private:
  std::vector<SSL_SESSION*> sessions_;  // oldest first
};

}  // namespace daruma::tls
