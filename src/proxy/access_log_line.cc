// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log_line.h"

#include <fmt/format.h>

#include <iterator>

namespace daruma::proxy {
namespace {

constexpr size_t user_agent_bytes_max = 8 * 1024;

void escape(std::string_view text, std::string& line) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      line.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", byte);
    }
  }
}

void bare(std::string_view text, std::string& line) {
  line.push_back(' ');
  if (text.empty()) line.push_back('-');
  for (const char c : text) line.push_back(c == ' ' ? '_' : c);
}

void quoted(std::string_view text, std::string& line) {
  line.append(" \"");
  if (text.empty()) line.push_back('-');
  escape(text, line);
  line.push_back('"');
}

void time_stamp(WallTime time, std::string& line) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  fmt::format_to(std::back_inserter(line), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count(), clock.subseconds().count());
}

void seconds(double value, std::string& line) {
  if (value < 0) {
    line.append(" -1");
  } else {
    // Integer arithmetic: formatting doubles would cost more than the rest of the line.
    const auto micros = static_cast<uint64_t>(value * 1e6 + 0.5);
    fmt::format_to(std::back_inserter(line), " {}.{:06}", micros / 1'000'000, micros % 1'000'000);
  }
}

void status(int code, std::string& line) {
  if (code == 0) {
    line.append(" -");
  } else {
    fmt::format_to(std::back_inserter(line), " {}", code);
  }
}

void request(const AccessLogRecord& record, std::string& line) {
  line.append(" \"");
  if (record.method.empty()) {
    line.append("- - -");
  } else {
    escape(record.method, line);
    line.push_back(' ');
    line.append(record.protocol);
    line.append("://");
    escape(record.host, line);
    fmt::format_to(std::back_inserter(line), ":{}", record.port);
    escape(record.path_and_query, line);
    fmt::format_to(std::back_inserter(line), " HTTP/{}.{}", record.version_major,
                   record.version_minor);
  }
  line.push_back('"');
}

}  // namespace

void write_access_log_line(const AccessLogRecord& record, std::string& line) {
  line.clear();
  line.append(record.type);
  line.push_back(' ');
  time_stamp(record.time, line);
  bare(record.load_balancer, line);
  bare(record.client.to_string(), line);
  bare(record.target, line);
  seconds(record.request_seconds, line);
  seconds(record.target_seconds, line);
  seconds(record.response_seconds, line);
  status(record.status, line);
  status(record.target_status, line);
  fmt::format_to(std::back_inserter(line), " {} {}", record.received_bytes, record.sent_bytes);
  request(record, line);
  quoted(record.user_agent.substr(0, user_agent_bytes_max), line);
  bare(record.tls_cipher, line);
  bare(record.tls_version, line);
  bare(record.target_group_arn, line);
  quoted(record.trace_id, line);
  quoted(record.server_name, line);
  quoted(record.certificate, line);
  line.push_back(' ');
  if (record.rule_priority < 0) {
    line.push_back('-');
  } else {
    fmt::format_to(std::back_inserter(line), "{}", record.rule_priority);
  }
  line.push_back(' ');
  time_stamp(record.created, line);
  quoted(record.action, line);
  quoted(record.redirect_url, line);
  quoted(record.reason == model::Reason::none ? std::string_view() : model::name_of(record.reason),
         line);
  quoted(record.target, line);
  std::string target_status;
  if (record.target_status != 0)
    fmt::format_to(std::back_inserter(target_status), "{}", record.target_status);
  quoted(target_status, line);
  const bool odd = record.desync.tier != http::DesyncTier::compliant;
  quoted(odd ? http::name_of(record.desync.tier) : std::string_view(), line);
  quoted(odd && record.desync.reason ? http::name_of(*record.desync.reason) : std::string_view(),
         line);
  bare(record.connection_id, line);
  line.append(" \"-\" \"-\" \"-\"");  // transformed_host, transformed_uri, request_transform_status
  bare(record.node_ip, line);
}

}  // namespace daruma::proxy
