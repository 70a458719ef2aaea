// SPDX-License-Identifier: Apache-2.0
//
// All that the simulation knows of one exchange: what the client did, what reached a target, what
// came back, what the access log says. Filled by the auditor, judged by it. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/address.h"
#include "base/time.h"
#include "model/reason.h"
#include "sim/message_reader.h"
#include "sim/script.h"
#include "sim/token.h"

namespace daruma::sim {

// How the exchange ended for the client.
enum class Ending : uint8_t {
  pending,
  complete,  // a whole response
  closed,    // FIN before the response was whole
  reset,     // RST before
  refused,   // nobody looked at the request: no connection, or HTTP/2 says so
  left,      // the client itself went away
};
std::string_view name_of(Ending ending);

// What the target means to answer. `whole` is false where it will break off; then body_size is what
// it meant to send.
struct TargetPlan {
  int status = 200;
  size_t body_size = 0;
  bool whole = true;
  bool well_formed = true;
  bool never = false;           // says nothing, or stops in the middle and stays
  bool oversized_head = false;  // over the 32 KB that Daruma takes
  bool early = false;           // before the request's body was read
  std::string trailers;
};

struct ClientSide {
  RequestScript script;
  uint32_t connection = 0;
  Address listener;
  std::map<std::string, std::string> cookies;  // that it brings
  Instant begun{};
  Instant busy_since{};  // since when its connection has had a request under way; begun, or earlier
  Instant last_sent{};
  bool after_close_announced = false;  // pipelined behind a response that said "close"
  bool excused = false;                // the client half-closed while it waited for this and others
  bool after_fault = false;  // pipelined behind a request that was malformed or broken off
  bool head_sent = false;
  bool all_sent = false;
  Ending ending = Ending::pending;
  bool window_shrunk = false;  // while the answer was under way
  Instant last_heard{};        // when Daruma last read from the connection, as of its end
  Instant said_end = never;    // and when it decided to say no more on it
  size_t kept_at_close = 0;    // bytes that its socket then still kept
  Duration idle_at_close{-1};  // of Daruma's end, if it closed; else negative
  Instant ended{};
};

struct TargetSide {
  int arrivals = 0;
  Address target;
  uint32_t connection = 0;
  uint32_t worker_loop = 0;
  Instant sent{};  // of several attempts, the one that left last counts
  Instant arrived{};
  Instant last_activity{};
  bool body_complete = false;
  size_t body_bytes = 0;
  uint64_t body_checksum = checksum_start;
  bool planned = false;
  TargetPlan plan;
  bool response_sent = false;
  bool cut_short = false;  // a FIN came before all that the client says after an upgrade
};

struct ResponseSeen {
  int status = 0;  // 0: no head was seen
  bool from_target = false;
  MessageReader::Framing framing{};
  SimHead head;
  size_t body_bytes = 0;
  std::string own_body;  // of an answer that Daruma made
  Instant last_activity{};
};

struct LogSeen {
  int lines = 0;
  Instant at{};
  // How long the worker had moved nothing of the exchange when it wrote the line, and nothing of
  // the request. Negative: not known.
  Duration idle{-1};
  Duration request_idle{-1};
  // As idle, but what the worker has written counts, not what its socket kept and gave on later.
  Duration given_idle{-1};
  int status = 0;
  int target_status = 0;
  std::string target;
  std::string targets;       // it, behind those where it was sent before
  std::string target_group;  // ARN
  std::string action;
  int rule_priority = -1;
  std::string reason;
};

struct ExchangeRecord {
  ClientSide client;
  uint32_t worker_loop = 0;  // who accepted the client's connection; 0: not known
  TargetSide target;
  int refusals = 0;  // HTTP/2: by targets that have not looked at it, and said so
  ResponseSeen response;
  LogSeen log;
};

}  // namespace daruma::sim
