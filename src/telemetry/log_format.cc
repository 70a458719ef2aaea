// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_format.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace daruma::telemetry {
namespace {

constexpr LogField access_fields[] = {{"type"},
                                      {"time"},
                                      {"elb"},
                                      {"client"},
                                      {"target"},
                                      {"request_processing_time", true},
                                      {"target_processing_time", true},
                                      {"response_processing_time", true},
                                      {"elb_status_code", true},
                                      {"target_status_code", true},
                                      {"received_bytes", true},
                                      {"sent_bytes", true},
                                      {"request"},
                                      {"user_agent"},
                                      {"ssl_cipher"},
                                      {"ssl_protocol"},
                                      {"target_group_arn"},
                                      {"trace_id"},
                                      {"domain_name"},
                                      {"chosen_cert_arn"},
                                      {"matched_rule_priority", true},
                                      {"request_creation_time"},
                                      {"actions_executed"},
                                      {"redirect_url"},
                                      {"error_reason"},
                                      {"target_list"},
                                      {"target_status_code_list"},
                                      {"classification"},
                                      {"classification_reason"},
                                      {"conn_trace_id"},
                                      {"transformed_host"},
                                      {"transformed_uri"},
                                      {"request_transform_status"},
                                      {"ip_address"}};
constexpr LogField connection_fields[] = {{"timestamp"},
                                          {"client_ip"},
                                          {"client_port", true},
                                          {"listener_port", true},
                                          {"tls_protocol"},
                                          {"tls_cipher"},
                                          {"tls_handshake_latency", true},
                                          {"leaf_client_cert_subject"},
                                          {"leaf_client_cert_validity"},
                                          {"leaf_client_cert_serial_number"},
                                          {"tls_verify_status"},
                                          {"conn_trace_id"},
                                          {"tls_keyexchange"},
                                          {"elb"},
                                          {"ip_address"}};
constexpr LogField health_check_fields[] = {{"type"},
                                            {"time"},
                                            {"latency", true},
                                            {"target_addr"},
                                            {"target_group_id"},
                                            {"status"},
                                            {"status_code", true},
                                            {"reason_code"},
                                            {"elb"},
                                            {"ip_address"}};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The byte that `text` begins with in escaped form; -1 if it does not.
int escaped_byte(std::string_view text) {
  if (text.size() < 4 || text[0] != '\\' || text[1] != 'x') return -1;
  const int high = digit_of(text[2]);
  const int low = digit_of(text[3]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = utf8_length(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

// Of text that a line holds: printable ASCII, nearly always without a backslash.
void append_json_text(std::string_view field, std::string& out) {
  out += '"';
  if (field.find('\\') == std::string_view::npos) {
    out += field;
  } else {
    const std::string text = unescaped(field);
    const std::string_view shown = is_utf8(text) ? std::string_view(text) : field;
    for (const char c : shown) {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += "\\u00";
        out += "0123456789abcdef"[(c >> 4) & 0xf];
        out += "0123456789abcdef"[c & 0xf];
      } else {
        out += c;
      }
    }
  }
  out += '"';
}

void append_json(std::span<const LogField> names, std::span<const std::string_view> fields,
                 std::string& out) {
  char before = '{';
  for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) {
    if (fields[i] == "-") continue;
    out += before;
    before = ',';
    out += '"';
    out += names[i].name;
    out += "\":";
    if (names[i].number) {
      out += fields[i];
    } else {
      append_json_text(fields[i], out);
    }
  }
  out += before == '{' ? "{}\n" : "}\n";
}

void append_ltsv(std::span<const LogField> names, std::span<const std::string_view> fields,
                 std::string& out) {
  const size_t count = std::min(names.size(), fields.size());
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += '\t';
    out += names[i].name;
    out += ':';
    out += fields[i];
  }
  out += '\n';
}

}  // namespace

std::optional<LogFormat> log_format_of(std::string_view name) {
  if (name == "alb") return LogFormat::alb;
  if (name == "json") return LogFormat::json;
  if (name == "ltsv") return LogFormat::ltsv;
  return std::nullopt;
}

std::span<const LogField> log_fields(LogKind kind) {
  switch (kind) {
    case LogKind::access:
      return access_fields;
    case LogKind::connection:
      return connection_fields;
    case LogKind::health_check:
      break;
  }
  return health_check_fields;
}

void split_log_line(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  while (!line.empty()) {
    const bool quoted = line.front() == '"';
    if (quoted) line.remove_prefix(1);
    const size_t end = std::min(line.find(quoted ? '"' : ' '), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + (quoted ? 2 : 1), line.size()));
  }
}

std::string unescaped(std::string_view field) {
  std::string text;
  while (!field.empty()) {
    const int byte = escaped_byte(field);
    text += byte < 0 ? field.front() : static_cast<char>(byte);
    field.remove_prefix(byte < 0 ? 1 : 4);
  }
  return text;
}

void LogTranslator::append(LogFormat format, LogKind kind, std::string_view line,
                           std::string& out) {
  if (format == LogFormat::alb) {
    out += line;
    out += '\n';
    return;
  }
  split_log_line(line, fields_);
  if (format == LogFormat::json) return append_json(log_fields(kind), fields_, out);
  append_ltsv(log_fields(kind), fields_, out);
}

}  // namespace daruma::telemetry
