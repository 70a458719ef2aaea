// SPDX-License-Identifier: Apache-2.0
//
// What became of one request, told afterwards to whoever asks why: GET /explain, docs/explain.md.
// Made by the worker that served it. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/probe_outcome.h"
#include "model/reason.h"
#include "model/target.h"

namespace daruma::model {

// How busy a target was, as the worker that served the request saw it.
struct TargetLoad {
  uint32_t connections = 0;    // open or being opened
  uint32_t in_flight = 0;      // requests
  uint32_t learned_limit = 0;  // connections that it served when last found full; 0: not known
  bool full = false;
  bool operator==(const TargetLoad&) const = default;
};

// A target of the request's group, and whether it could have been chosen when the request ended.
struct Candidate {
  enum class Standing : uint8_t {
    available,
    not_healthy,  // and others are, so that it gets nothing
    failing,      // its last requests failed one after another, or it is silent: asked now and then
    full,
    deregistered,
  };
  std::string target;  // "127.0.0.2:8443"
  HealthState health = HealthState::initial;
  Standing standing = Standing::available;
  uint32_t failures_in_a_row = 0;
  TargetLoad load;
  std::vector<ProbeNote> probes;  // of health checks until then, the newest first
};
std::string_view name_of(Candidate::Standing standing);

// The request at one target. Durations below 0: not reached.
struct Attempt {
  enum class Connection : uint8_t { none, opened, reused };
  std::string target;
  Reason reason = Reason::none;  // why it failed; none: the target answered
  Connection connection = Connection::none;
  Duration connect{-1};    // TCP
  Duration handshake{-1};  // TLS, from then on
  std::string tls_error;   // of a handshake that failed: the alert, or what was wrong
  Duration age{-1};        // of the connection, when the attempt ended
  Duration idle{-1};       // how long a reused one had been idle
  uint64_t requests = 0;   // that it carried, this one included
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  TargetLoad load;
  std::vector<ProbeNote> probes;  // of health checks until it ended, the newest first
};
std::string_view name_of(Attempt::Connection connection);

// Texts are cut at limits::story_text_bytes_max. Durations below 0: not reached.
struct Story {
  WallTime time;         // when it ended
  std::string trace_id;  // X-Amzn-Trace-Id as it was sent on; "" if it got none
  std::string client;    // "192.0.2.7:51514"
  std::string load_balancer;
  uint16_t listener = 0;  // its port
  std::string method;     // "" if no request could be read
  std::string host;
  std::string path;        // and query
  int rule_priority = -1;  // 0: the default rule; negative: no rule was evaluated
  std::string target_group;
  bool fail_open = false;             // no target was healthy, so all were candidates
  std::vector<Candidate> candidates;  // only where it failed, waited or was sent twice
  uint32_t waiting = 0;               // requests in the group's line when this one ended
  Duration waited{};                  // in that line
  std::vector<Attempt> attempts;
  int status = 0;         // 0: no answer could be given
  int target_status = 0;  // 0: the target gave none
  Reason reason = Reason::none;
  Duration total{-1};
  Duration request{-1};   // from its first byte until it was sent
  Duration target{-1};    // until the response began
  Duration response{-1};  // until it was complete
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;

  bool is_error() const { return reason != Reason::none || status >= 500; }
};

// Which stories somebody wants to hear, the newest first.
struct StoryQuery {
  enum class By : uint8_t { trace_id, errors, target };
  By by = By::errors;
  std::string what;   // trace id or target
  uint32_t most = 1;  // of each worker
};

// Whether `asked` is this X-Amzn-Trace-Id, or the Root or Self in it.
bool names_trace(std::string_view trace_id, std::string_view asked);

// How far back a worker remembers. A kind: errors; answers after a wait or a second attempt; all
// others.
struct StoriesKept {
  struct Kind {
    uint32_t kept = 0;
    uint32_t most = 0;
    WallTime oldest;  // REQUIRES: kept > 0
  };
  Kind errors;
  Kind detours;
  Kind others;
};

}  // namespace daruma::model
