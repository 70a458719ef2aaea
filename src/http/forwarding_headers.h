// SPDX-License-Identifier: Apache-2.0
//
// What a request's and a response's fields become on the other side: hop-by-hop fields removed (RFC
// 9110 7.6.1), X-Forwarded-*, X-Amzn-Trace-Id and Host as an ALB writes them (spec: AWS user guide,
// "HTTP headers and ALBs"). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/buffer.h"
#include "base/client_certificate.h"
#include "http/message.h"
#include "http/uri.h"

namespace daruma::http {

enum class XffMode : uint8_t { append, preserve, remove };

inline constexpr std::string_view tls_version_field = "X-Amzn-Tls-Version";
inline constexpr std::string_view tls_cipher_field = "X-Amzn-Tls-Cipher-Suite";
inline constexpr size_t tls_field_name_bytes_max = 128;

// What targets are told of the certificate that a client has shown.
enum class CertificateTelling : uint8_t {
  nothing,
  chain,         // as the client has sent it: nobody has verified it
  verified_leaf  // all but the chain
};

// Attributes of load balancer and listener that shape forwarded requests; defaults are the ALB's.
struct ForwardingSettings {
  XffMode xff_mode = XffMode::append;
  bool xff_client_port = false;
  bool preserve_host_header = false;
  bool drop_invalid_header_fields = false;
  bool add_tls_version_and_cipher = false;
  // What these fields are called, up to tls_field_name_bytes_max; null: as above.
  const std::string* tls_version_name = nullptr;
  const std::string* tls_cipher_name = nullptr;
  bool replace_trace_context = false;  // the client's traceparent and tracestate go
  CertificateTelling certificate = CertificateTelling::nothing;
  // REQUIRES: not null, if anything is told of it.
  const ClientCertificateNames* certificate_names = nullptr;
};

// One client connection's constants, made once when it is accepted.
struct ClientFacts {
  Address peer;
  std::string peer_ip;  // "192.0.2.7" or "2001:db8::7"
  uint16_t listener_port = 0;
  bool secure = false;
  std::string_view tls_version;  // "TLSv1.3"; empty where not secure
  std::string_view tls_cipher;   // OpenSSL's spelling
  // That the client has shown; null if none. Lives as long as the connection.
  const ClientCertificate* certificate = nullptr;
  // What its handshake was good for. A listener that has come to want another tells nothing of it.
  CertificateTelling certificate_telling = CertificateTelling::nothing;
};

// "1-{8 hex epoch seconds}-{24 hex}"
using TraceRoot = std::array<char, 35>;
TraceRoot make_trace_root(uint32_t epoch_seconds, uint64_t random_high, uint64_t random_low);

// The X-Amzn-Trace-Id to send and to log: `received` is the client's field or nullptr; `fresh` as
// made above. Root added; or Self put in front of a given Root, an existing Self replaced, other
// fields kept. Longer than 7 KB: nothing but the new Root.
void combine_trace_id(const Field* received, const TraceRoot& fresh, std::string& combined);

// What a rule's transforms made of a request; "" means: as received.
struct RequestRewrite {
  std::string_view host{};  // with a port it is the whole authority, else the port is what it was
  std::string_view path_and_query{};
};

// A request on its way to a target.
struct ForwardedRequest {
  const RequestHead& head;
  const TargetParts& parts;  // of head.target
  const ClientFacts& client;
  ForwardingSettings settings{};
  std::string_view traceparent{};        // with settings.replace_trace_context
  std::string_view trace_id{};           // the whole X-Amzn-Trace-Id; "" for none
  std::string_view websocket_key{};      // Sec-WebSocket-Key; "" for none of our own
  std::string_view host_when_missing{};  // of an HTTP/1.0 request without Host
  RequestRewrite rewrite{};
};

// What of a client's fields looks as if it told of its certificate, on a listener that tells of it
// in fields of these names, becomes FieldId::x_amzn_mtls_clientcert: no rule goes by it, and no
// target gets it.
void mark_certificate_fields(const ClientCertificateNames& names, Fields& fields);

enum class ForwardProblem : uint8_t {
  none,
  too_many_forwarded_for,  // over 30 addresses: 463
  head_too_large,          // more than an empty Buffer can hold, once rewritten: 400
};
// Whether it can be forwarded: to be asked before a target is given a place in its pool for it.
ForwardProblem forward_problem(const ForwardedRequest& request);

// Writes request line and fields for an HTTP/1.1 target, ending the head. The result reads in one
// way only:
//  - framing is written anew from head.framing; absolute-form becomes origin-form, and its
//    authority the Host, preserved or not (RFC 9112 3.2.2); a fragment goes (3.2);
//  - path and query, and the Host's name, are `rewrite`'s where it has them;
//  - invalid fields are left out; control characters in values become spaces (RFC 9110 5.5), those
//    in the target and its spaces are percent-encoded;
//  - X-Amzn-Mtls-Clientcert and its kin go, and what else this listener tells targets of the client
//    in: only Daruma says that;
//  - hop-by-hop fields go, and those that Connection names, but for Host, X-Forwarded-*, Forwarded
//    and X-Amzn-Trace-Id, which a client must not be able to make disappear. "TE: trailers" is
//    renewed, and where head.upgrade is set, what of Upgrade may pass (http/upgrade.h). Expect
//    goes: the caller has answered it.
// REQUIRES: decide() did not block head, it is not CONNECT and has no more than one Host, and not
// head.transfer_coding_unsupported; forward_problem() is none; out.empty().
void write_forwarded_request(const ForwardedRequest& request, Buffer& out);

// What of a request's trailer section, as H1BodyReader::trailers() gives it, goes on to the target:
// the fields that would have passed in its head. Without head: all.
struct TrailerRules {
  const Fields* head = nullptr;
  ForwardingSettings settings{};
};
std::string passing_trailers(std::string_view trailers, const TrailerRules& rules);

enum class ClientConnectionAfter : uint8_t { keep_alive, close };

// Writes status line and fields for an HTTP/1.x client, ending the head. Framing is written anew;
// where the client can only find the end of the body by the connection's, there is none, and
// "Connection: close" is written whatever `after` says. "Connection: keep-alive" is written to
// HTTP/1.0 clients alone: HTTP/1.1 has it by default (RFC 9112 9.3). Upgrade is written anew in a
// 101 and a 426, and only there.
// REQUIRES: out has room for head.wire_bytes + forwarded_response_bytes_extra.
struct ResponseForwarding {
  Version client_version;
  ClientConnectionAfter after = ClientConnectionAfter::keep_alive;
  // The body will be written in chunks although the target did not (it sent until close). Not for
  // clients below HTTP/1.1.
  bool add_chunked = false;
  // Of a final response without Date, which must have one (RFC 9110 6.6.1); "" adds none.
  std::string_view missing_date{};
  // More fields, each with its line end; `out` needs as much more room.
  std::string_view added_fields{};
  // The same, but those of the target that have these names give way to them.
  std::string_view set_fields{};
  std::span<const std::string> set_names{};
};
inline constexpr size_t forwarded_response_bytes_extra = 1024;
void write_forwarded_response(const ResponseHead& head, const ResponseForwarding& how, Buffer& out);

}  // namespace daruma::http
