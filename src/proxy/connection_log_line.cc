// SPDX-License-Identifier: Apache-2.0
#include "proxy/connection_log_line.h"

#include <fmt/format.h>

#include <iterator>

#include "base/time_text.h"
#include "proxy/log_text.h"

namespace daruma::proxy {
namespace {

std::string_view or_dash(std::string_view text) {
  return text.empty() ? "-" : text;
}

constexpr size_t subject_bytes_max = 1024;
constexpr size_t serial_digits_max = 64;  // RFC 5280 4.1.2.2 allows 40

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain_in_log(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string status_of(const ConnectionLogRecord& record) {
  switch (record.handshake) {
    case Handshake::none:
      return "-";
    case Handshake::done:
      return "Success";
    case Handshake::failed:
      break;
  }
  // AWS has codes for what was wrong with a client's certificate, and this one for all the rest.
  return fmt::format("Failed:{}",
                     record.failure.empty() ? "UnmappedConnectionError" : record.failure);
}

}  // namespace

void write_connection_log_line(const ConnectionLogRecord& record, std::string& line) {
  const bool done = record.handshake == Handshake::done;
  const std::string latency = done ? fmt::format("{:.3f}", seconds_of(record.latency)) : "-";
  line.clear();
  fmt::format_to(std::back_inserter(line), "{} {} {} {} {} {} {} \"{}\" {} {} {} {} {} {} {}",
                 date_and_time(record.time), record.client.ip(), record.client.port(),
                 record.listener_port, or_dash(record.tls_version), or_dash(record.tls_cipher),
                 latency, or_dash(escaped(record.certificate_subject.substr(0, subject_bytes_max))),
                 or_dash(record.certificate_validity),
                 or_dash(record.certificate_serial_number.substr(0, serial_digits_max)),
                 status_of(record), record.connection_id, or_dash(record.tls_group),
                 record.load_balancer, or_dash(record.node_ip));
}

}  // namespace daruma::proxy
