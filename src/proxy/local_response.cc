// SPDX-License-Identifier: Apache-2.0
#include "proxy/local_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/date.h"
#include "http/h1_writer.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

// RFC 3986 2; a client may have sent it all the same.
bool may_be_in_uri(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte > 0x20 && byte < 0x7f &&
         std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

// Encodes what `allowed` does not let stand.
template <typename Allowed>
void append_encoded(std::string_view text, Allowed allowed, std::string& out) {
  for (const char c : text) {
    if (allowed(c)) {
      out.push_back(c);
      continue;
    }
    for (const char encoded : http::percent_encoded(c)) out.push_back(encoded);
  }
}

// `replace(keyword, out)` writes what stands for a keyword, "#{…}", or returns false: then it is
// text.
template <typename Replace>
void expand(std::string_view pattern, Replace replace, std::string& out) {
  while (!pattern.empty()) {
    const size_t text = std::min(pattern.find("#{"), pattern.size());
    out.append(pattern.substr(0, text));
    pattern.remove_prefix(text);
    const size_t end = pattern.find('}');
    const std::string_view keyword = pattern.substr(0, end == std::string_view::npos ? 0 : end + 1);
    if (!keyword.empty() && replace(keyword, out)) {
      pattern.remove_prefix(keyword.size());
    } else if (!pattern.empty()) {
      out.push_back(pattern.front());
      pattern.remove_prefix(1);
    }
  }
}

}  // namespace

std::string_view page_phrase(int status) {
  switch (status) {  // what an ALB says where it is not the standard phrase
    case 414:
      return "Request-URI Too Large";
    case 463:
      return "Too Many Forwarded Addresses";
    case 464:
      return "Incompatible Protocol Versions";
    case 503:
      return "Service Temporarily Unavailable";
    case 504:
      return "Gateway Time-out";
    default:
      return http::reason_phrase(status);
  }
}

std::string_view error_page(int status, std::string& storage) {
  const std::string_view phrase = page_phrase(status);
  storage.clear();
  fmt::format_to(std::back_inserter(storage),
                 "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n<center><h1>{0} "
                 "{1}</h1></center>\r\n</body>\r\n</html>\r\n",
                 status, phrase);
  return storage;
}

const model::ErrorPage* error_page_for(std::span<const model::ErrorPage> pages, int status) {
  const auto found = std::ranges::find_if(pages, [status](const model::ErrorPage& page) {
    return page.status == status || page.status == status / 100;
  });
  return found == pages.end() ? nullptr : &*found;
}

namespace {

// Trace ids are made of these; whatever else a client has sent in one is encoded.
bool may_be_in_trace_id(char c) {
  return http::is_alphanumeric(c) || std::string_view("-=;:._").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view expand_error_page(const model::ErrorPage& page, const ErrorFacts& facts,
                                   std::string& storage) {
  const auto replace = [&facts](std::string_view keyword, std::string& out) {
    if (keyword == "#{status}") {
      fmt::format_to(std::back_inserter(out), "{}", facts.status);
    } else if (keyword == "#{reason}") {
      out.append(name_of(facts.reason));
    } else if (keyword == "#{trace_id}") {
      append_encoded(facts.trace_id.substr(0, model::limits::error_page_trace_id_bytes_max),
                     may_be_in_trace_id, out);
    } else {
      return false;
    }
    return true;
  };
  storage.clear();
  expand(page.text, replace, storage);
  return storage;
}

void write_local_answer(const LocalAnswer& answer, const LocalAnswerHow& how, Buffer& out) {
  http::write_status_line(out, answer.status, page_phrase(answer.status));
  if (how.server_header) http::write_field(out, "Server", "awselb/2.0");
  http::write_field(out, "Date", http::Date(how.now).view());
  if (!answer.location.empty()) http::write_field(out, "Location", answer.location);
  if (!answer.allow.empty()) http::write_field(out, "Allow", answer.allow);
  if (answer.retry_after_seconds > 0)
    http::write_field(out, "Retry-After", static_cast<uint64_t>(answer.retry_after_seconds));
  if (answer.grpc) {
    http::write_field(out, "grpc-status", uint64_t{answer.grpc->code});
    http::write_field(out, "grpc-message", answer.grpc->message);
  }
  if (!answer.content_type.empty()) http::write_field(out, "Content-Type", answer.content_type);
  if (answer.status != 204) http::write_field(out, "Content-Length", uint64_t{answer.body.size()});
  out.append(how.set_fields);
  http::write_field(out, "Connection", how.close ? "close" : "keep-alive");
  http::end_head(out);
  if (how.method != http::Method::head && answer.status != 204) out.append(answer.body);
}

void write_location(const model::RedirectAction& action, const RedirectFacts& facts,
                    std::string& location) {
  const auto replace = [&facts](std::string_view keyword, std::string& out) {
    if (keyword == "#{port}") {
      fmt::format_to(std::back_inserter(out), "{}", facts.port);
    } else if (keyword == "#{protocol}") {
      append_encoded(facts.protocol, may_be_in_uri, out);
    } else if (keyword == "#{host}") {
      append_encoded(facts.host, may_be_in_uri, out);
    } else if (keyword == "#{path}") {  // without its leading slash
      append_encoded(facts.path.substr(facts.path.starts_with('/') ? 1 : 0), may_be_in_uri, out);
    } else if (keyword == "#{query}") {
      append_encoded(facts.query, may_be_in_uri, out);
    } else {
      return false;
    }
    return true;
  };
  location.clear();
  std::string protocol;
  expand(action.protocol, replace, protocol);
  location.append(ascii_lowered(protocol));
  location.append("://");
  expand(action.host, replace, location);
  location.push_back(':');
  expand(action.port, replace, location);
  if (!action.path.starts_with('/')) location.push_back('/');
  expand(action.path, replace, location);
  const size_t before_query = location.size();
  expand(action.query, replace, location);
  if (location.size() > before_query) location.insert(before_query, 1, '?');
}

}  // namespace daruma::proxy
