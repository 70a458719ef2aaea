// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log_line.h"

#include <algorithm>

#include "base/text_writer.h"
#include "proxy/log_text.h"

namespace daruma::proxy {
namespace {

constexpr size_t user_agent_bytes_max = 8 * 1024;

// Runs of harmless characters, which is nearly always everything, are copied at once.
void escape(std::string_view text, TextWriter& line) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const odd = std::find_if_not(at, end, [](char c) { return is_plain_in_log(c); });
    line.put(std::string_view(at, static_cast<size_t>(odd - at)));
    if (odd == end) return;
    line.put("\\x");
    line.put_hex(static_cast<unsigned char>(*odd), 2);
    at = odd + 1;
  }
}

// REQUIRES: `text` is Daruma's own and holds no space.
void bare(std::string_view text, TextWriter& line) {
  line.put(' ');
  line.put(text.empty() ? "-" : text);
}

void quoted(std::string_view text, TextWriter& line) {
  if (text.empty()) return line.put(" \"-\"");
  line.put(" \"");
  escape(text, line);
  line.put('"');
}

void seconds(double value, TextWriter& line) {
  if (value < 0) return line.put(" -1");
  const auto micros = static_cast<uint64_t>(value * 1e6 + 0.5);
  line.put(' ');
  line.put(micros / 1'000'000);
  line.put('.');
  line.put_padded(static_cast<uint32_t>(micros % 1'000'000), 6);
}

void status(int code, TextWriter& line) {
  line.put(' ');
  if (code == 0) return line.put('-');
  line.put(static_cast<uint64_t>(code));
}

void client(const AccessLogRecord& record, TextWriter& line) {
  const bool v6 = record.client_ip.find(':') != std::string_view::npos;
  line.put(v6 ? " [" : " ");
  line.put(record.client_ip);
  line.put(v6 ? "]:" : ":");
  line.put(uint64_t{record.client_port});
}

void request(const AccessLogRecord& record, TextWriter& line) {
  line.put(" \"");
  if (record.method.empty()) {
    line.put("- - -");
  } else {
    escape(record.method, line);
    line.put(' ');
    line.put(record.protocol);
    line.put("://");
    escape(record.host, line);
    line.put(':');
    line.put(uint64_t{record.port});
    if (!record.path_and_query.starts_with('/')) line.put('/');
    escape(record.path_and_query, line);
    line.put(" HTTP/");
    line.put(static_cast<uint64_t>(record.version_major));
    line.put('.');
    line.put(static_cast<uint64_t>(record.version_minor));
  }
  line.put('"');
}

void target_list(const AccessLogRecord& record, TextWriter& line) {
  if (record.earlier_targets.empty()) return quoted(record.target, line);
  line.put(" \"");
  line.put(record.earlier_targets);
  line.put(record.target);
  line.put('"');
}

void target_status_list(std::string_view earlier_targets, int code, TextWriter& line) {
  line.put(" \"");
  for (const char c : earlier_targets) {
    if (c == ' ') line.put("- ");
  }
  if (code == 0) {
    line.put('-');
  } else {
    line.put(static_cast<uint64_t>(code));
  }
  line.put('"');
}

void rule(int priority, TextWriter& line) {
  line.put(' ');
  if (priority < 0) return line.put('-');
  line.put(static_cast<uint64_t>(priority));
}

// The fixed parts with their widest numbers.
constexpr size_t own_bytes_max = 1024;

size_t bytes_max(const AccessLogRecord& record) {
  const size_t escaped =
      record.method.size() + record.host.size() + record.path_and_query.size() +
      record.user_agent.size() + record.trace_id.size() + record.server_name.size() +
      record.certificate.size() + record.redirect_url.size() + record.transformed_host.size() +
      record.transformed_uri.size() + 2 * record.target.size() + record.earlier_targets.size();
  return own_bytes_max + 4 * escaped + record.load_balancer.size() + record.client_ip.size() +
         record.target_group_arn.size() + record.tls_cipher.size() + record.node_ip.size();
}

}  // namespace

std::string_view AccessLogFormatter::date_and_time(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != second_) {
    second_ = second;
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    TextWriter text(second_text_);
    text.put_padded(static_cast<uint32_t>(static_cast<int>(date.year())), 4);
    text.put('-');
    text.put_padded(static_cast<unsigned>(date.month()), 2);
    text.put('-');
    text.put_padded(static_cast<unsigned>(date.day()), 2);
    text.put('T');
    text.put_padded(static_cast<uint32_t>(clock.hours().count()), 2);
    text.put(':');
    text.put_padded(static_cast<uint32_t>(clock.minutes().count()), 2);
    text.put(':');
    text.put_padded(static_cast<uint32_t>(clock.seconds().count()), 2);
    text.put('.');
  }
  return {second_text_, sizeof second_text_};
}

std::string_view AccessLogFormatter::format(const AccessLogRecord& record) {
  const size_t most = bytes_max(record);
  if (room_.size() < most) room_.resize(most);
  TextWriter line(room_);
  const auto time_stamp = [this, &line](WallTime time) {
    line.put(date_and_time(time));
    line.put_padded(
        static_cast<uint32_t>((time - std::chrono::floor<std::chrono::seconds>(time)).count()), 6);
    line.put('Z');
  };
  line.put(record.type);
  line.put(' ');
  time_stamp(record.time);
  bare(record.load_balancer, line);
  client(record, line);
  bare(record.target, line);
  seconds(record.request_seconds, line);
  seconds(record.target_seconds, line);
  seconds(record.response_seconds, line);
  status(record.status, line);
  status(record.target_status, line);
  line.put(' ');
  line.put(record.received_bytes);
  line.put(' ');
  line.put(record.sent_bytes);
  request(record, line);
  quoted(record.user_agent.substr(0, user_agent_bytes_max), line);
  bare(record.tls_cipher, line);
  bare(record.tls_version, line);
  bare(record.target_group_arn, line);
  quoted(record.trace_id, line);
  quoted(record.server_name, line);
  quoted(record.certificate, line);
  rule(record.rule_priority, line);
  line.put(' ');
  time_stamp(record.created);
  quoted(record.action, line);
  quoted(record.redirect_url, line);
  quoted(record.reason == model::Reason::none ? "" : model::name_of(record.reason), line);
  target_list(record, line);
  target_status_list(record.earlier_targets, record.target_status, line);
  const bool odd = record.desync.tier != http::DesyncTier::compliant;
  quoted(odd ? http::name_of(record.desync.tier) : "", line);
  quoted(odd && record.desync.reason ? http::name_of(*record.desync.reason) : "", line);
  bare(record.connection_id, line);
  quoted(record.transformed_host, line);
  quoted(record.transformed_uri, line);
  quoted(record.transform_status, line);
  bare(record.node_ip, line);
  return {room_.data(), line.size()};
}

}  // namespace daruma::proxy
