// SPDX-License-Identifier: Apache-2.0
//
// What the admin of a target should change there, in that server's own directives, each with the
// evidence it comes from: GET /advice, docs/explain.md. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/scoreboard.h"
#include "model/server_kind.h"

namespace daruma::control {

// What is known of a target. Zero: nothing.
struct TargetEvidence {
  std::string target_group;
  std::string target;  // "127.0.0.2:8443"
  model::ServerKind server = model::ServerKind::unknown;
  uint64_t requests_per_connection = 0;  // it closes a connection after so many, consistently
  Duration idle_limit{};                 // or after it was idle for so long
  Duration idle_timeout{};               // the load balancer's, for comparison
  uint64_t requests = 0;                 // sent to it
  uint64_t handshakes = 0;               // TLS, with it
  Duration handshake_time{};             // of all connections that have ended
  Duration connection_time{};            // their lives
  uint32_t learned_limit = 0;            // connections that it serves at once
  model::ServerStatus status;            // what it tells of itself
  // Of its group, in the worst stretch of the last hour.
  double offered_per_second = 0;
  double turned_away_per_second = 0;
};

enum class AdviceKind : uint8_t {
  raise_requests_per_connection,
  raise_keep_alive_timeout,
  raise_workers,
};
std::string_view name_of(AdviceKind kind);

struct Advice {
  std::string target_group;
  std::string target;
  AdviceKind kind;
  std::string text;  // a sentence or two, with the evidence
};

std::vector<Advice> advice_from(const TargetEvidence& evidence);
std::string text_of(const std::vector<Advice>& advice);
std::string json_of(const std::vector<Advice>& advice);

}  // namespace daruma::control
