// SPDX-License-Identifier: Apache-2.0
//
// Why Daruma answered by itself, or closed without an answer: one closed list, used in the access
// log's error_reason, as a metric label and in documentation. Names never change once released.
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma::model {

// X(name, meaning)
#define DARUMA_REASONS(X)                                                                         \
  X(none, "the target answered, or a rule's own action did")                                      \
  X(request_malformed, "the request is not HTTP")                                                 \
  X(request_line_too_long, "the request line is over 16 KB")                                      \
  X(request_head_too_large, "one field is over 16 KB, all are over 64 KB, or there are too many") \
  X(request_head_timeout, "the client did not finish its request's head in time")                 \
  X(request_body_timeout, "the client stopped sending its request's body")                        \
  X(request_body_too_slow, "the client sent its request's body below the least pace")             \
  X(request_body_malformed, "a chunk of the request's body is malformed")                         \
  X(request_desync_blocked, "the desync guard refused the request")                               \
  X(request_version_unsupported, "the HTTP version is not supported on this connection")          \
  X(request_method_not_allowed, "TRACE and CONNECT are not allowed")                              \
  X(request_protocol_unsupported, "an extended CONNECT that no WebSocket can come of")            \
  X(request_transfer_encoding_unsupported, "a transfer coding other than chunked")                \
  X(request_forwarded_for_too_long, "X-Forwarded-For has more than 30 addresses")                 \
  X(client_read_timeout, "the client took nothing of its answer within the idle timeout")         \
  X(client_closed, "the client closed before the answer was complete")                            \
  X(plain_http_on_https, "plain HTTP was sent to an HTTPS listener")                              \
  X(client_certificate_missing, "the client showed no certificate, which the listener wants")     \
  X(client_certificate_untrusted,                                                                 \
    "no authority of the trust store stands behind the client's certificate")                     \
  X(client_certificate_expired, "the client's certificate has expired, or is not valid yet")      \
  X(client_certificate_revoked, "the client's certificate is on a revocation list")               \
  X(client_certificate_not_checked,                                                               \
    "a revocation list has expired or cannot be used, so that nobody knows who is revoked")       \
  X(client_certificate_invalid,                                                                   \
    "the client's certificate is of a kind, a size, a depth or for a purpose that is not taken")  \
  X(client_certificate_outdated,                                                                  \
    "the client was let in before what the listener asks of clients changed: it connects anew")   \
  X(http2_protocol_error, "the client broke the rules of HTTP/2")                                 \
  X(http2_resets, "the client began and reset streams over HTTP/2 without end")                   \
  X(http2_frames, "the client sent HTTP/2 frames that bring nothing without end")                 \
  X(http2_head_flood, "a field section of HTTP/2 far over the limits, or in too many frames")     \
  X(http2_stalled, "the client of HTTP/2 took nothing of its answers within the idle timeout")    \
  X(request_protocol_mismatch,                                                                    \
    "the target group speaks a protocol that this request cannot go by")                          \
  X(redirect_too_long, "the redirect's Location is over 8 KB")                                    \
  X(request_transform_failed, "a rule's transform gave no usable Host or URL")                    \
  X(no_registered_targets, "the target group has no target")                                      \
  X(no_group_weight, "every target group of the forward action has weight 0")                     \
  X(target_name_unresolved, "the target's host name has no address")                              \
  X(target_connection_refused, "the target refused the TCP connection")                           \
  X(target_connection_reset, "the target reset the TCP connection while it was being opened")     \
  X(target_unreachable, "no route to the target")                                                 \
  X(target_connect_timeout, "the target did not accept the TCP connection within 10 s")           \
  X(target_tls_handshake_failed, "the TLS handshake with the target failed")                      \
  X(target_certificate_expired, "the target's certificate has expired, or is not valid yet")      \
  X(target_certificate_untrusted, "no trusted authority stands behind the target's certificate")  \
  X(target_certificate_wrong_name, "the target's certificate is for another name")                \
  X(target_tls_handshake_timeout, "the target did not finish the TLS handshake within 10 s")      \
  X(target_not_http2, "the target did not choose HTTP/2 in its TLS handshake")                    \
  X(target_http2_error, "the target broke the rules of HTTP/2, or does not speak it")             \
  X(target_refused_stream, "the target refused to look at the request, again and again")          \
  X(target_reset_before_response, "the target reset the connection before a response")            \
  X(target_closed_before_response, "the target closed the connection before a response")          \
  X(target_response_malformed, "the target's response is not HTTP")                               \
  X(target_response_head_too_large, "the target's response head, or all 1xx, are over 32 KB")     \
  X(target_response_timeout, "the target did not answer within the idle timeout")                 \
  X(target_response_truncated, "the target closed before its response was complete")              \
  X(target_body_timeout, "the target stopped sending or taking a body within the idle timeout")   \
  X(upgrade_idle_timeout, "nothing passed on an upgraded connection within the idle timeout")     \
  X(target_group_saturated, "every target is full and none came free in time")                    \
  X(target_deregistered, "the deregistration delay ended before the response")                    \
  X(node_out_of_resources,                                                                        \
    "this node has no descriptors, ports or memory left, or its own firewall forbids it")         \
  X(node_stopping, "this node was stopped before the response")

enum class Reason : uint8_t {
#define X(name, meaning) name,
  DARUMA_REASONS(X)
#undef X
};
#define X(name, meaning) +1
inline constexpr int reason_count = 0 DARUMA_REASONS(X);
#undef X

std::string_view name_of(Reason reason);
std::string_view meaning_of(Reason reason);

}  // namespace daruma::model
