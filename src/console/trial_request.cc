// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "console/trial.h"
#include "control/query_parameters.h"
#include "http/uri.h"

namespace daruma::console {
namespace {

constexpr size_t fields_max = 50;
constexpr size_t text_bytes_max = 4096;

// Nothing that would end a line of the request, and with it what the user meant.
bool is_one_line(std::string_view text) {
  return text.size() <= text_bytes_max && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           others.find(c) != std::string_view::npos;
  });
}

Result<void> read_url(std::string_view url, TrialRequest& request) {
  const std::string scheme = ascii_lowered(url.substr(0, url.find(':')));
  if (scheme != "http" && scheme != "https")
    return fail(fmt::format("url must begin with http:// or https://, not '{}'", url));
  const http::TargetParts parts = http::split_target(url);
  const auto host = http::split_host(parts.authority);
  if (parts.form != http::TargetForm::absolute || !host || host->host.empty() ||
      url.find(' ') != std::string_view::npos) {
    return fail(fmt::format("'{}' is no URL such as http://example.com/path?query", url));
  }
  request.tls = scheme == "https";
  request.port = host->port.value_or(request.tls ? 443 : 80);
  request.authority = parts.authority;
  request.target = parts.path_is_implied() ? "/" : "";
  request.target += parts.path_and_query;
  return {};
}

Result<void> read_field(std::string_view text, TrialRequest& request) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name))
    return fail(fmt::format("'{}' is no header such as Accept: text/html", text));
  if (ascii_iequals(name, "Host")) {
    request.authority = trim_ows(text.substr(colon + 1));
    return {};
  }
  for (const char* framing : {"Content-Length", "Transfer-Encoding"}) {
    if (ascii_iequals(name, framing))
      return fail(fmt::format("a request that is only tried has no body: leave out {}", framing));
  }
  if (request.fields.size() == fields_max)
    return fail(fmt::format("at most {} headers can be tried", fields_max));
  request.fields.emplace_back(name, trim_ows(text.substr(colon + 1)));
  return {};
}

Result<void> read_parameter(std::string_view name, const std::string& value,
                            TrialRequest& request) {
  if (!is_one_line(value))
    return fail(
        fmt::format("{} has control characters, or more than {} bytes", name, text_bytes_max));
  if (name == "url") return read_url(value, request);
  if (name == "header") return read_field(value, request);
  if (name == "method") {
    if (!is_token(value)) return fail(fmt::format("'{}' is no method such as GET", value));
    request.method = value;
  } else if (name == "source") {
    const auto source = Address::parse(value, 0);
    if (!source) return fail(fmt::format("'{}' is no IP address", value));
    request.source = *source;
  } else if (name == "load_balancer") {
    request.load_balancer = value;
  } else if (name == "listener") {
    const auto port = parse_decimal(value);
    if (!port || *port == 0 || *port > 65535) return fail(fmt::format("'{}' is no port", value));
    request.listener = static_cast<uint16_t>(*port);
  } else {
    return fail(
        fmt::format("'{}' is none of url, method, header, source, load_balancer, listener", name));
  }
  return {};
}

}  // namespace

Result<TrialRequest> parse_trial(std::string_view query) {
  TrialRequest request{.authority = "", .target = "", .source = Address::v4({127, 0, 0, 1}, 0)};
  // A header may name another host than the URL, wherever it stands.
  auto parameters = control::query_parameters(query);
  std::ranges::stable_sort(parameters, {}, [](const auto& each) { return each.first != "url"; });
  for (const auto& [name, value] : parameters) {
    const Result<void> read = read_parameter(name, value, request);
    if (!read) return fail(read.error().message);
  }
  if (request.authority.empty()) return fail("url is missing");
  return request;
}

}  // namespace daruma::console
