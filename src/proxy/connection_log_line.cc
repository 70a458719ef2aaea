// SPDX-License-Identifier: Apache-2.0
#include "proxy/connection_log_line.h"

#include <fmt/format.h>

#include <iterator>

#include "base/time_text.h"

namespace daruma::proxy {
namespace {

std::string_view or_dash(std::string_view text) {
  return text.empty() ? "-" : text;
}

// AWS has codes for what was wrong with a client's certificate, and this one for all the rest.
std::string_view status_of(Handshake handshake) {
  switch (handshake) {
    case Handshake::none:
      return "-";
    case Handshake::done:
      return "Success";
    case Handshake::failed:
      break;
  }
  return "Failed:UnmappedConnectionError";
}

}  // namespace

void write_connection_log_line(const ConnectionLogRecord& record, std::string& line) {
  const bool done = record.handshake == Handshake::done;
  const std::string latency = done ? fmt::format("{:.3f}", seconds_of(record.latency)) : "-";
  line.clear();
  fmt::format_to(std::back_inserter(line), "{} {} {} {} {} {} {} \"-\" - - {} {} {} {} {}",
                 date_and_time(record.time), record.client.ip(), record.client.port(),
                 record.listener_port, or_dash(record.tls_version), or_dash(record.tls_cipher),
                 latency, status_of(record.handshake), record.connection_id,
                 or_dash(record.tls_group), record.load_balancer, or_dash(record.node_ip));
}

}  // namespace daruma::proxy
