// SPDX-License-Identifier: Apache-2.0
//
// One exchange in the ALB's access-log format (AWS user guide, "Access log entries"). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/desync.h"
#include "model/reason.h"

namespace daruma::proxy {

// Everything the line tells. Views live as long as the exchange does; "" is written as "-".
struct AccessLogRecord {
  std::string_view type = "http";  // http, https, h2, ws, wss
  WallTime time;                   // when the answer had been given
  WallTime created;                // when the request's first byte came
  std::string_view load_balancer;  // "app/web/50dc6c495c0c9188"
  std::string_view client_ip = "-";
  uint16_t client_port = 0;
  std::string_view target;  // "127.0.0.2:8443"
  // Where the request was sent before, without an answer: "127.0.0.3:8443 ", each with a space.
  std::string_view earlier_targets;
  // Negative: not reached, written as -1.
  double request_seconds = -1;
  double target_seconds = -1;
  double response_seconds = -1;
  int status = 0;         // 0: no answer could be given, written as "-"
  int target_status = 0;  // 0: none, written as "-"
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::string_view method;
  std::string_view protocol;  // "https"
  std::string_view host;
  uint16_t port = 0;
  std::string_view path_and_query;  // the line puts a '/' before "*" and "?a=b"
  int version_major = 1;
  int version_minor = 1;
  std::string_view user_agent;
  std::string_view tls_cipher;
  std::string_view tls_version;
  std::string_view target_group_arn;
  std::string_view trace_id;
  std::string_view server_name;
  std::string_view certificate;  // chosen_cert_arn, or "session-reused"
  int rule_priority = -1;        // 0: default rule; negative: no rule was evaluated, written as "-"
  std::string_view action;       // "forward"
  std::string_view redirect_url;
  model::Reason reason = model::Reason::none;
  http::DesyncVerdict desync;
  std::string_view connection_id;  // "TID_…"
  std::string_view transformed_host;
  std::string_view transformed_uri;
  std::string_view transform_status;  // "TransformSuccess"
  std::string_view node_ip;
};

// One per worker: keeps its room, and the last second's date.
class AccessLogFormatter {
 public:
  // Without a line end; valid until the next call. Control characters, quotes and non-ASCII bytes
  // from the peer are written \xHH.
  std::string_view format(const AccessLogRecord& record);

 private:
  std::string_view date_and_time(WallTime time);

  std::string room_;
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  char second_text_[20];  // "2026-11-22T10:20:30."
};

}  // namespace daruma::proxy
