// SPDX-License-Identifier: Apache-2.0
//
// What one health-check probe came to. Values.
//
// The list of outcomes is finer than AWS's three reasons on purpose: how far a probe got tells a
// dead target (refused, unreachable, silent at the TCP door) from a saturated one (its kernel
// accepts, but nobody answers the handshake or the request).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace daruma::model {

// X(name, reason in TargetHealth, reason_code in the health-check log, meaning)
#define DARUMA_PROBE_OUTCOMES(X)                                                                  \
  X(passed, none, "-", "the status code is one that the matcher accepts")                         \
  X(code_mismatch, response_code_mismatch, "ResponseCodeMismatch",                                \
    "a response, but not with one of the matcher's status codes")                                 \
  X(body_mismatch, failed_health_checks, "ResponseStringMismatch",                                \
    "the body lacks the text that it should hold")                                                \
  X(name_unresolved, failed_health_checks, "InternalError", "the target's name has no address")   \
  X(connect_refused, failed_health_checks, "ConnectionReset", "nobody listens there")             \
  X(connect_unreachable, failed_health_checks, "ConnectionReset", "there is no route")            \
  X(connect_reset, failed_health_checks, "ConnectionReset", "reset while connecting")             \
  X(connect_failed, failed_health_checks, "ConnectionReset", "connecting failed otherwise")       \
  X(connect_timeout, timeout, "TimedOut", "the TCP connection was not accepted in time")          \
  X(tls_failed, failed_health_checks, "ConnectionReset", "the TLS handshake failed, or a record") \
  X(certificate_expired, failed_health_checks, "ConnectionReset",                                 \
    "the target's certificate has expired, or is not valid yet")                                  \
  X(certificate_untrusted, failed_health_checks, "ConnectionReset",                               \
    "no trusted authority stands behind the target's certificate")                                \
  X(certificate_wrong_name, failed_health_checks, "ConnectionReset",                              \
    "the target's certificate is for another name")                                               \
  X(tls_reset, failed_health_checks, "ConnectionReset", "reset during the TLS handshake")         \
  X(tls_timeout, timeout, "TimedOut", "TCP was accepted, the TLS handshake was not finished")     \
  X(not_http2, failed_health_checks, "TargetError", "TLS is done, HTTP/2 was not chosen in it")   \
  X(response_timeout, timeout, "TimedOut", "connected, but no whole response head in time")       \
  X(response_reset, failed_health_checks, "ConnectionReset", "reset before the response head")    \
  X(response_closed, failed_health_checks, "ConnectionReset", "closed before the response head")  \
  X(response_malformed, failed_health_checks, "TargetError", "the response is not HTTP")          \
  X(not_made, none, "InternalError", "this node could not connect, by its own fault")

enum class ProbeOutcome : uint8_t {
#define X(name, reason, log_reason, meaning) name,
  DARUMA_PROBE_OUTCOMES(X)
#undef X
};
#define X(name, reason, log_reason, meaning) +1
inline constexpr int probe_outcome_count = 0 DARUMA_PROBE_OUTCOMES(X);
#undef X

std::string_view name_of(ProbeOutcome outcome);     // "tls_timeout"
std::string_view meaning_of(ProbeOutcome outcome);  // what stands behind it above

// A probe of a target, as a request's story tells it.
struct ProbeNote {
  ProbeOutcome outcome = ProbeOutcome::not_made;
  Duration ago{};  // when it ended, before the story's moment
  bool operator==(const ProbeNote&) const = default;
};

}  // namespace daruma::model
