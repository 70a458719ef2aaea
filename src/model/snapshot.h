// SPDX-License-Identifier: Apache-2.0
//
// All configuration, compiled and immutable: the one thing that a worker reads. Made by
// control/snapshot_compiler, shared between threads as shared_ptr<const Snapshot>, freed on the
// control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/client_certificate.h"
#include "base/time.h"
#include "model/rule.h"
#include "model/target.h"

namespace daruma::routing {
class RuleTable;  // compiled by routing/; model only carries it
}

namespace daruma::tls {
class TrustStore;  // made by tls/; the same
}

namespace daruma::model {

enum class DesyncMitigation : uint8_t { monitor, defensive, strictest };
enum class XffProcessing : uint8_t { append, preserve, remove };

struct Certificate {
  std::string name;
  std::string arn;
  std::string chain_pem;  // leaf first
  std::string key_pem;
  std::string
      fingerprint;  // hex SHA-256 of chain and key: what a worker's TLS contexts are filed under
};

struct TrustStore {
  std::string name;
  std::string fingerprint;                          // of all that it holds
  std::shared_ptr<const tls::TrustStore> compiled;  // never null
};

enum class MutualTlsMode : uint8_t { off, passthrough, verify };
struct MutualTls {
  MutualTlsMode mode = MutualTlsMode::off;
  uint32_t trust_store = 0;  // of `verify`: index into Snapshot::trust_stores
  bool ignore_expiry = false;
  bool advertise_names = false;
  ClientCertificateNames names;  // that targets are told of certificates in
};

enum class TraceStart : uint8_t { off, sampled, unsampled };

// Fields that are put into every response, and take the place of those that targets send.
struct ResponseFields {
  std::vector<std::string> names;
  std::string lines;  // "Name: value" CRLF, each
};

struct Listener {
  std::string arn;
  uint16_t port = 0;
  Protocol protocol = Protocol::http;
  std::vector<uint32_t>
      certificates;           // indices into Snapshot::certificates; the first is the default
  std::string ssl_policy;     // HTTPS only
  MutualTls mutual_tls;       // HTTPS only
  bool server_header = true;  // "server: awselb/2.0" on answers that Daruma makes
  std::vector<ErrorPage> error_pages;  // those of a status before those of a class
  ResponseFields response_fields;
  // What targets are told of TLS in, where the load balancer has it so.
  std::string tls_version_field = "X-Amzn-Tls-Version";
  std::string tls_cipher_field = "X-Amzn-Tls-Cipher-Suite";
  bool forward_failover = false;                    // a group without capacity passes its share on
  std::vector<Rule> rules;                          // by priority; the default rule comes last
  std::shared_ptr<const routing::RuleTable> table;  // the same rules, compiled; never null
};

// Where one of a load balancer's logs goes: to a bucket, or, without one, to files of this node.
struct LogPlace {
  std::string bucket;
  std::string prefix;
  bool operator==(const LogPlace&) const = default;
};

struct LoadBalancer {
  std::string name;
  std::string arn;
  std::string resource_id;  // "app/{name}/{id}", as logs and metrics spell it
  std::string dns_name;     // Host for an HTTP/1.0 request that has none
  Duration idle_timeout = 60s;
  Duration client_keep_alive = 3600s;
  uint32_t request_body_bytes_per_second_min = 500;  // 0: no limit
  DesyncMitigation desync = DesyncMitigation::defensive;
  XffProcessing xff = XffProcessing::append;
  bool xff_client_port = false;
  bool http2 = true;  // offered to clients of HTTPS listeners
  bool preserve_host_header = false;
  bool drop_invalid_header_fields = false;
  bool tls_version_and_cipher_headers = false;
  // For a request that brings no W3C trace, or one that nobody can read, one is begun.
  TraceStart trace_start = TraceStart::off;
  bool access_log = false;
  bool connection_log = false;
  bool health_check_log = false;
  LogPlace access_log_place;
  LogPlace connection_log_place;
  LogPlace health_check_log_place;
  bool zonal_shift = false;  // may be shifted away from a zone
  std::string shifted_zone;  // and is; "" if from none
  std::vector<Listener> listeners;
};

struct Node {
  std::vector<std::string> addresses;  // where listeners bind; empty: every address, v4 and v6
  std::string zone;
};

struct Snapshot {
  uint64_t revision = 0;
  Node node;
  std::vector<Certificate> certificates;
  std::vector<TrustStore> trust_stores;
  std::vector<TargetGroup> target_groups;
  std::vector<LoadBalancer> load_balancers;
  // That seal cookies on every node that has the same file (Node.CookieKeyFile): the current one,
  // and the one before if there is one. Empty: this node has keys of its own.
  std::vector<std::string> cookie_keys;
};
using SnapshotRef = std::shared_ptr<const Snapshot>;

}  // namespace daruma::model
