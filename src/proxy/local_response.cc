// SPDX-License-Identifier: Apache-2.0
#include "proxy/local_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/date.h"
#include "http/h1_writer.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

struct Keyword {
  std::string_view name;
  std::string_view RedirectFacts::*text;
};
// #{path} is without its leading slash.
constexpr std::array<Keyword, 4> keywords{{{"#{protocol}", &RedirectFacts::protocol},
                                           {"#{host}", &RedirectFacts::host},
                                           {"#{path}", &RedirectFacts::path},
                                           {"#{query}", &RedirectFacts::query}}};

// RFC 3986 2; a client may have sent it all the same.
bool is_in_no_uri(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte <= 0x20 || byte >= 0x7f ||
         std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
}

void append_encoded(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (!is_in_no_uri(c)) {
      out.push_back(c);
      continue;
    }
    for (const char encoded : http::percent_encoded(c)) out.push_back(encoded);
  }
}

void expand(std::string_view pattern, const RedirectFacts& facts, std::string& out) {
  while (!pattern.empty()) {
    if (pattern.starts_with("#{port}")) {
      fmt::format_to(std::back_inserter(out), "{}", facts.port);
      pattern.remove_prefix(7);
      continue;
    }
    bool known = false;
    for (const Keyword& keyword : keywords) {
      if (!pattern.starts_with(keyword.name)) continue;
      std::string_view text = facts.*keyword.text;
      if (keyword.text == &RedirectFacts::path && text.starts_with('/')) text.remove_prefix(1);
      append_encoded(text, out);
      pattern.remove_prefix(keyword.name.size());
      known = true;
      break;
    }
    if (known) continue;
    out.push_back(pattern.front());
    pattern.remove_prefix(1);
  }
}

}  // namespace

std::string_view page_phrase(int status) {
  switch (status) {  // what an ALB says where it is not the standard phrase
    case 414:
      return "Request-URI Too Large";
    case 463:
      return "Too Many Forwarded Addresses";
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
void append_trace_id(std::string_view trace_id, std::string& out) {
  for (const char c : trace_id.substr(0, model::limits::error_page_trace_id_bytes_max)) {
    if (http::is_alphanumeric(c) || std::string_view("-=;:._").find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    for (const char encoded : http::percent_encoded(c)) out.push_back(encoded);
  }
}

}  // namespace

std::string_view expand_error_page(const model::ErrorPage& page, const ErrorFacts& facts,
                                   std::string& storage) {
  storage.clear();
  std::string_view rest = page.text;
  const auto take = [&rest](std::string_view keyword) {
    const bool here = rest.starts_with(keyword);
    if (here) rest.remove_prefix(keyword.size());
    return here;
  };
  while (!rest.empty()) {
    const size_t text = std::min(rest.find("#{"), rest.size());
    storage.append(rest.substr(0, text));
    rest.remove_prefix(text);
    if (take("#{status}")) {
      fmt::format_to(std::back_inserter(storage), "{}", facts.status);
    } else if (take("#{reason}")) {
      storage.append(name_of(facts.reason));
    } else if (take("#{trace_id}")) {
      append_trace_id(facts.trace_id, storage);
    }
  }
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
  if (!answer.content_type.empty()) http::write_field(out, "Content-Type", answer.content_type);
  if (answer.status != 204) http::write_field(out, "Content-Length", uint64_t{answer.body.size()});
  http::write_field(out, "Connection", how.close ? "close" : "keep-alive");
  http::end_head(out);
  if (how.method != http::Method::head && answer.status != 204) out.append(answer.body);
}

void write_location(const model::RedirectAction& action, const RedirectFacts& facts,
                    std::string& location) {
  location.clear();
  std::string protocol;
  expand(action.protocol, facts, protocol);
  location.append(ascii_lowered(protocol));
  location.append("://");
  expand(action.host, facts, location);
  location.push_back(':');
  expand(action.port, facts, location);
  if (!action.path.starts_with('/')) location.push_back('/');
  expand(action.path, facts, location);
  const size_t before_query = location.size();
  expand(action.query, facts, location);
  if (location.size() > before_query) location.insert(before_query, 1, '?');
}

}  // namespace daruma::proxy
