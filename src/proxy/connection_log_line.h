// SPDX-License-Identifier: Apache-2.0
//
// One client connection in the ALB's connection-log format (AWS user guide, "Connection log
// entries"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "proxy/listener.h"

namespace daruma::proxy {

// "" is written as "-".
struct ConnectionLogRecord {
  WallTime time;  // when the connection was established, or failed to be
  Address client;
  uint16_t listener_port = 0;
  std::string_view tls_version = {};
  std::string_view tls_cipher = {};
  std::string_view tls_group = {};  // of the key exchange
  Duration latency{};               // of the TLS handshake
  // Of the client's own certificate, whether it was accepted or not.
  std::string_view certificate_subject = {};
  std::string_view certificate_validity = {};
  std::string_view certificate_serial_number = {};
  Handshake handshake = Handshake::none;
  std::string_view failure = {};  // AWS's code, where the handshake failed: "ClientCertExpired"
  std::string_view connection_id = {};  // "TID_…"
  std::string_view load_balancer = {};  // "app/web/50dc6c495c0c9188"
  std::string_view node_ip = {};
};

// Replaces `line`, without a line end. A subject may be what anybody has made up: it is escaped as
// in the access log, and cut after 1,024 bytes.
void write_connection_log_line(const ConnectionLogRecord& record, std::string& line);

}  // namespace daruma::proxy
