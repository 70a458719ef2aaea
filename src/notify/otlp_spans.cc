// SPDX-License-Identifier: Apache-2.0
#include "notify/otlp_spans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/bytes.h"
#include "base/stable_hash.h"
#include "base/time_text.h"
#include "notify/otlp_values.h"
#include "telemetry/log_format.h"

namespace daruma::notify {
namespace {

constexpr int kind_server = 2;
constexpr int kind_client = 3;
constexpr int status_error = 2;
constexpr std::string_view none = "-";

// By place in the line (telemetry/log_format).
struct Line {
  std::vector<std::string_view> fields;

  std::string_view at(std::string_view name) const {
    const auto names = telemetry::log_fields(telemetry::LogKind::access);
    for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) {
      if (names[i].name == name) return fields[i];
    }
    return none;
  }
  std::string text(std::string_view name) const {
    const std::string_view field = at(name);
    return field == none ? "" : telemetry::unescaped(field);
  }
  double seconds(std::string_view name) const {
    return std::strtod(std::string(at(name)).c_str(), nullptr);
  }
  int64_t number(std::string_view name) const {
    return static_cast<int64_t>(parse_decimal(at(name)).value_or(0));
  }
};

struct Trace {
  std::string id;           // 32 hexadecimal digits
  std::string parent;       // of the server's span; "" if there is none
  std::string client_span;  // of the request to the target; what the target's own have as parent
  bool sampled = true;      // by who brought it
  bool brought = false;
};

// "Root=1-67891233-abcdef012345678912345678", maybe with "Self=…;" before it.
std::string root_of(std::string_view trace_id) {
  const size_t at = trace_id.find("Root=1-");
  if (at == std::string_view::npos || trace_id.size() < at + 7 + 33) return "";
  return std::string(trace_id.substr(at + 7, 8)) + std::string(trace_id.substr(at + 16, 24));
}

bool is_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos &&
         text.find_first_not_of('0') != text.npos;
}

std::string id_of(std::string_view line, std::string_view what) {
  return fmt::format("{:016x}", stable_hash(fmt::format("{} {}", what, line)) | 1);
}

std::optional<Trace> trace_of(std::string_view line, const Line& fields, std::string_view told) {
  Trace trace;
  trace.client_span = id_of(line, "client");
  const bool begun = told.starts_with("begun ");
  trace.brought = told.starts_with("brought ");
  if (begun || trace.brought) {
    const std::string_view parent = told.substr(told.find(' ') + 1);  // "00-id-parent-flags"
    if (parent.size() < 55) return std::nullopt;
    trace.id = parent.substr(3, 32);
    (begun ? trace.client_span : trace.parent) = parent.substr(36, 16);
    trace.sampled = ((parse_hex(parent.substr(53, 2)).value_or(0)) & 1) != 0;
  } else {
    trace.id = root_of(fields.at("trace_id"));
  }
  return is_id(trace.id) ? std::optional(trace) : std::nullopt;
}

// The lowest 56 bits of the id, as OpenTelemetry's samplers have it.
bool is_chosen(const Trace& trace, const OtlpSampling& sampling) {
  if (sampling.as_the_parent && trace.brought) return trace.sampled;
  const auto low =
      static_cast<double>(parse_hex(std::string_view(trace.id).substr(18)).value_or(0));
  return low < sampling.ratio * static_cast<double>(uint64_t{1} << 56);
}

// "GET https://shop.example.com:443/cart?id=1 HTTP/1.1"
struct Request {
  std::string method, scheme, host, path, query, version;
  int64_t port = 0;
};
std::optional<Request> request_of(const std::string& text) {
  const size_t space = text.find(' ');
  const size_t scheme = text.find("://", space);
  const size_t last = text.rfind(' ');
  if (space == std::string::npos || scheme == std::string::npos || last < scheme) return {};
  Request request;
  request.method = text.substr(0, space);
  request.scheme = text.substr(space + 1, scheme - space - 1);
  const std::string url = text.substr(scheme + 3, last - scheme - 3);
  const size_t slash = std::min(url.find('/'), url.size());
  const size_t colon = url.rfind(':', slash);
  request.host = url.substr(0, std::min(colon, slash));
  if (colon != std::string::npos)
    request.port =
        static_cast<int64_t>(parse_decimal(url.substr(colon + 1, slash - colon - 1)).value_or(0));
  const size_t question = std::min(url.find('?'), url.size());
  request.path = url.substr(slash, question - slash);
  request.query = url.substr(std::min(question + 1, url.size()));
  request.version = text.substr(last + 1);
  if (request.version.starts_with("HTTP/")) request.version.erase(0, 5);
  return request;
}

void add(Json& attributes, const char* name, const std::string& value) {
  if (!value.empty()) attributes.push_back(otlp_attribute(name, value));
}
void add(Json& attributes, const char* name, int64_t value) {
  if (value > 0) attributes.push_back(otlp_attribute(name, value));
}
// "192.0.2.7:51514", "[2001:db8::1]:80"
void add_address(Json& attributes, const char* name, const char* port, const std::string& text) {
  const size_t colon = text.rfind(':');
  if (text.empty() || colon == std::string::npos) return;
  std::string address = text.substr(0, colon);
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  add(attributes, name, address);
  add(attributes, port, static_cast<int64_t>(parse_decimal(text.substr(colon + 1)).value_or(0)));
}

WallTime later(WallTime time, double seconds) {
  return time + std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6));
}

// "2026-10-03T12:00:00.000123Z", with its fraction.
std::optional<WallTime> time_of(std::string_view text) {
  const auto second = parse_date_and_time(text);
  if (!second || text.size() != 27) return second;
  return *second + std::chrono::microseconds(parse_decimal(text.substr(20, 6)).value_or(0));
}

Json span_of(const Trace& trace, const std::string& id, const std::string& parent,
             const std::string& name, int kind, WallTime start, WallTime end) {
  Json span = {{"traceId", trace.id},
               {"spanId", id},
               {"name", name},
               {"kind", kind},
               {"startTimeUnixNano", otlp_time(start)},
               {"endTimeUnixNano", otlp_time(std::max(start, end))}};
  if (!parent.empty()) span["parentSpanId"] = parent;
  return span;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string server_span(const Line& line, const Trace& trace, const std::string& id,
                        const std::optional<Request>& request, WallTime start, WallTime end) {
  Json span =
      span_of(trace, id, trace.parent, request ? request->method : "HTTP", kind_server, start, end);
  Json attributes = Json::array();
  if (request) {
    add(attributes, "http.request.method", request->method);
    add(attributes, "url.scheme", request->scheme);
    add(attributes, "url.path", request->path);
    add(attributes, "url.query", request->query);
    add(attributes, "server.address", request->host);
    add(attributes, "server.port", request->port);
    add(attributes, "network.protocol.version", request->version);
  }
  const int64_t status = line.number("elb_status_code");
  const std::string reason = line.text("error_reason");
  add(attributes, "http.response.status_code", status);
  add_address(attributes, "client.address", "client.port", line.text("client"));
  add(attributes, "user_agent.original", line.text("user_agent"));
  add(attributes, "error.type", reason);
  add(attributes, "daruma.load_balancer", line.text("elb"));
  add(attributes, "daruma.target_group", line.text("target_group_arn"));
  add(attributes, "daruma.rule_priority", line.text("matched_rule_priority"));
  add(attributes, "daruma.trace_id", line.text("trace_id"));
  span["attributes"] = std::move(attributes);
  if (status >= 500 || (status == 0 && !reason.empty())) {
    span["status"] = {{"code", status_error}};
    if (!reason.empty()) span["status"]["message"] = reason;
  }
  return dumped(span);
}

std::string client_span(const Line& line, const Trace& trace, const std::string& parent,
                        const std::optional<Request>& request, WallTime start, WallTime end) {
  Json span = span_of(trace, trace.client_span, parent, request ? request->method : "HTTP",
                      kind_client, start, end);
  Json attributes = Json::array();
  if (request) add(attributes, "http.request.method", request->method);
  const int64_t status = line.number("target_status_code");
  add(attributes, "http.response.status_code", status);
  add_address(attributes, "server.address", "server.port", line.text("target"));
  if (status == 0) add(attributes, "error.type", line.text("error_reason"));
  span["attributes"] = std::move(attributes);
  if (status == 0 || status >= 400) span["status"] = {{"code", status_error}};
  return dumped(span);
}

}  // namespace

std::vector<std::string> otlp_spans(std::string_view text, std::string_view told,
                                    const OtlpSampling& sampling) {
  Line line;
  telemetry::split_log_line(text, line.fields);
  const auto trace = trace_of(text, line, told);
  if (!trace || !is_chosen(*trace, sampling)) return {};
  const auto end = time_of(line.at("time"));
  const auto start = time_of(line.at("request_creation_time"));
  if (!start || !end) return {};
  const auto request = request_of(line.text("request"));
  const std::string id = id_of(text, "server");
  std::vector<std::string> spans{server_span(line, *trace, id, request, *start, *end)};
  if (line.at("target") == none) return spans;
  const double sent = std::max(line.seconds("request_processing_time"), 0.0);
  spans.push_back(client_span(line, *trace, id, request, later(*start, sent), *end));
  return spans;
}

std::string otlp_traces(std::span<const std::string> spans, const OtlpResource& resource) {
  Json list = Json::array();
  for (const std::string& span : spans) list.push_back(Json::parse(span, nullptr, false));
  const Json scope = {{"scope", {{"name", "daruma"}}}, {"spans", std::move(list)}};
  return otlp_request("resourceSpans", "scopeSpans", scope, resource);
}

}  // namespace daruma::notify
