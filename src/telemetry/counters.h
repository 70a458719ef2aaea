// SPDX-License-Identifier: Apache-2.0
//
// What workers count. One writer per block (its worker; of `probes` the health thread), any thread
// may read: relaxed loads and stores, so counting costs no locked instruction and shares no cache
// line between workers. The tables below give name, kind and meaning once; telemetry/prometheus
// renders them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/gauge.h"
#include "model/reason.h"
#include "telemetry/histogram.h"
#include "telemetry/probe_memory.h"

namespace daruma::telemetry {

// Only grows.
class Counter {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// X(kind, name, meaning). Names are completed to daruma_listener_<name> and so on.
#define DARUMA_LISTENER_METRICS(X)                                                                 \
  X(Counter, connections_total, "Client connections accepted")                                     \
  X(Counter, connections_rejected_total,                                                           \
    "Client connections closed at once because the limit was reached")                             \
  X(Counter, accept_errors_total,                                                                  \
    "Times that the system had no descriptor or memory for a client connection")                   \
  X(Gauge, connections_active, "Client connections open now")                                      \
  X(Counter, tls_handshakes_total, "TLS handshakes with clients completed")                        \
  X(Counter, tls_resumptions_total, "TLS handshakes with clients that resumed a session")          \
  X(Counter, tls_errors_total, "TLS handshakes with clients that failed")                          \
  X(Counter, requests_total, "Requests whose head was read")                                       \
  X(Counter, http2_connections_total, "Client connections that chose HTTP/2")                      \
  X(Counter, http2_requests_total, "Requests that came over HTTP/2")                               \
  X(Counter, received_bytes_total, "Bytes of requests, and of what follows an upgrade")            \
  X(Counter, sent_bytes_total, "Bytes of responses, and of what follows an upgrade")               \
  X(Counter, redirects_total, "Answers by a redirect action")                                      \
  X(Counter, fixed_responses_total, "Answers by a fixed-response action")                          \
  X(Counter, desync_non_compliant_total, "Requests that the desync guard did not find compliant")  \
  X(Counter, invalid_header_fields_dropped_total,                                                  \
    "Requests with header fields dropped for invalid names")                                       \
  X(Counter, sticky_cookies_refused_total,                                                         \
    "Cookies of stickiness that were forged, expired, or sealed with a key that is not ours")      \
  X(Counter, upgrades_total, "Client connections upgraded to another protocol, such as WebSocket") \
  X(Gauge, upgraded_connections_active, "Upgraded client connections open now")                    \
  X(Counter, upgraded_received_bytes_total, "Bytes received from clients after an upgrade")        \
  X(Counter, upgraded_sent_bytes_total, "Bytes sent to clients after an upgrade")

#define DARUMA_TARGET_GROUP_METRICS(X)                                                     \
  X(Counter, requests_total, "Requests for which a target was chosen")                     \
  X(Counter, fail_open_requests_total, "Requests sent while too few targets were healthy") \
  X(Counter, failovers_total, "Requests passed on to another group of the action")         \
  X(Counter, sticky_requests_total, "Requests that went where their client's cookie says") \
  X(Counter, non_sticky_requests_total,                                                    \
    "Requests of a sticky group whose client has no session with a target that can serve") \
  X(Gauge, waiting, "Requests that wait for a target that is full")                        \
  X(Counter, waited_total, "Requests that had to wait for a target that was full")         \
  X(Counter, turned_away_total, "Requests answered 503 because no target came free")       \
  X(Counter, retries_total, "Requests sent again after a connection failed under them")    \
  X(Counter, retries_refused_total, "Requests not sent again: the retry budget was spent")

#define DARUMA_TARGET_METRICS(X)                                                                \
  X(Counter, requests_total, "Requests sent to this target")                                    \
  X(Gauge, requests_in_flight, "Requests that this target is answering now")                    \
  X(Counter, connections_total, "Connections opened to this target")                            \
  X(Counter, connection_reuses_total, "Requests sent on a connection that had carried another") \
  X(Counter, connection_errors_total, "Connections to this target that could not be opened")    \
  X(Counter, failures_total,                                                                    \
    "Requests that this target failed: closed, reset, no answer in time, or what is none")      \
  X(Counter, broken_responses_total, "Responses of this target that were never whole")          \
  X(Counter, tls_handshakes_total, "TLS handshakes with this target completed")                 \
  X(Counter, tls_resumptions_total, "TLS handshakes with this target that resumed a session")   \
  X(Counter, tls_errors_total, "TLS handshakes with this target that failed or timed out")      \
  X(Gauge, connections_idle, "Open connections to this target that carry no request")           \
  X(Gauge, connections_open, "Open connections to this target, idle ones included")             \
  X(Gauge, saturated, "Workers that find the target full now")                                  \
  X(Gauge, learned_limit,                                                                       \
    "Connections that the target serves at once, as learned; 0: no limit met")                  \
  X(Counter, connections_waited_total, "Connections that waited at the door of a full target")  \
  X(Gauge, slow_starting, "Workers that give it a growing share now (slow start)")

#define DARUMA_WORKER_METRICS(X)                                                        \
  X(Counter, access_log_lines_total, "Access-log lines handed to the log writer")       \
  X(Counter, access_log_lines_dropped_total, "Access-log lines dropped: ring was full") \
  X(Gauge, exchanges_active, "Requests being served now")                               \
  X(Gauge, slabs_outstanding, "Buffers in use")                                         \
  X(Gauge, snapshot_revision, "Configuration revision that this worker serves")

// Index of a status in the arrays below: 0 is 1xx, 4 is 5xx. What is no status counts as 5xx
// (RFC 9110 15).
constexpr size_t status_class(int status) {
  return status >= 100 && status < 600 ? static_cast<size_t>(status / 100 - 1) : 4;
}

// Statuses of Daruma's own answers that CloudWatch counts each (HTTPCode_ELB_502_Count).
inline constexpr std::array<int, 4> own_errors{500, 502, 503, 504};

// What one worker has found out about how a target is set up: not added up, no metric of its own;
// advice is made of it. 0: not known.
struct TargetHabits {
  Gauge server;           // model::ServerKind
  Gauge requests_limit;   // it closes a connection after so many
  Gauge idle_limit_ms;    // or after it was idle for so long
  Gauge learned_limit;    // connections served when the target was last found full
  Counter handshake_us;   // TLS handshakes of connections that have ended
  Counter connection_us;  // from TCP's beginning to their end
};

#define X(kind, name, meaning) kind name;
struct ListenerCounters {
  DARUMA_LISTENER_METRICS(X)
  std::array<Counter, 5> responses;      // sent to clients, whoever made them
  std::array<Counter, 5> own_responses;  // made by Daruma (CloudWatch: HTTPCode_ELB_*)
  std::array<Counter, own_errors.size()> own_errors_made;  // of those, by status
  std::array<Counter, model::reason_count> reasons;        // why Daruma answered by itself
};
struct TargetGroupCounters {
  DARUMA_TARGET_GROUP_METRICS(X)
  Histogram queue_wait;  // of those that had to: from the line's end to a target, or to giving up
};
struct TargetCounters {
  DARUMA_TARGET_METRICS(X)
  std::array<Counter, 5> responses;
  Histogram response_time;  // request sent → response head begins
  TargetHabits habits;
  ProbeMemory probes;  // written by the health thread
};
struct WorkerCounters {
  DARUMA_WORKER_METRICS(X)
  Histogram adoption_time;  // of each piece of adopting configurations: requests wait meanwhile
};
#undef X

}  // namespace daruma::telemetry
