// SPDX-License-Identifier: Apache-2.0
#include "control/error_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

constexpr string_view prefix = "daruma.error_page.";
// Those that Daruma answers by itself (docs/alb-compatibility.md), and the two classes of them.
constexpr std::array<string_view, 15> statuses{"400", "405", "408", "414", "463",
                                               "464", "500", "501", "502", "503",
                                               "504", "505", "507", "4xx", "5xx"};
constexpr std::array<string_view, 3> members{"file", "text", "content_type"};
constexpr std::array<string_view, 5> content_types{"text/plain", "text/css", "text/html",
                                                   "application/javascript", "application/json"};
constexpr std::array<string_view, 3> keywords{"#{status}", "#{reason}", "#{trace_id}"};

struct Key {
  string_view status;
  string_view member;
};

Key split(string_view key) {
  const string_view rest = key.substr(prefix.size());
  const size_t dot = rest.find('.');
  return {rest.substr(0, dot), dot == string_view::npos ? string_view() : rest.substr(dot + 1)};
}

template <class List>
bool has(const List& list, string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// "" if the page can be sent.
std::string check_text(string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return fmt::format("an error page has at most {} bytes here, not {}", bytes_max, text.size());
  }
  size_t found = 0;
  for (size_t at = text.find("#{"); at != string_view::npos; at = text.find("#{", at + 2)) {
    const bool known = std::ranges::any_of(
        keywords, [rest = text.substr(at)](string_view word) { return rest.starts_with(word); });
    if (!known) {
      return fmt::format(
          "'{}' in an error page; it may have #{{status}}, #{{reason}} and "
          "#{{trace_id}}",
          text.substr(at, std::min<size_t>(text.find('}', at) - at + 1, 20)));
    }
    ++found;
  }
  if (found <= limits::error_page_keywords_max) return "";
  return fmt::format("an error page has at most {} keywords, not {}",
                     limits::error_page_keywords_max, found);
}

int status_of(string_view text) {
  if (text.ends_with("xx")) return text[0] - '0';
  const auto status = parse_decimal(text);
  DARUMA_ASSERT(status.has_value());
  return static_cast<int>(*status);
}

}  // namespace

bool is_error_page_key(string_view key) {
  return key.starts_with(prefix);
}

bool is_error_page_file_key(string_view key) {
  return is_error_page_key(key) && split(key).member == "file" && has(statuses, split(key).status);
}

std::optional<AttributeProblem> check_error_page(string_view key, string_view value) {
  const auto [status, member] = split(key);
  if (!has(statuses, status)) {
    return AttributeProblem{
        true, fmt::format("Listener attribute key '{}': Daruma does not answer '{}' by itself; "
                          "STATUS in daruma.error_page.STATUS.{} must be {}",
                          key, status, member.empty() ? "file" : member, one_of(statuses))};
  }
  if (!has(members, member)) {
    return AttributeProblem{true, fmt::format("Listener attribute key '{}' must end in .file, "
                                              ".text or .content_type",
                                              key)};
  }
  std::string problem;
  if (member == "content_type" && !has(content_types, value)) {
    problem = fmt::format("'{}' value '{}' must be {}", key, value, one_of(content_types));
  } else if (member == "file" && value.empty()) {
    problem = fmt::format("'{}' needs the path of a file", key);
  } else if (member == "text") {
    problem = check_text(value, limits::message_body_bytes_max);
  }
  if (problem.empty()) return std::nullopt;
  return AttributeProblem{false, problem};
}

void validate_error_pages(const api::Listener& listener, const Path& path, Issues& issues) {
  const Path attributes = path.at("Attributes");
  const auto given = [&listener](string_view status, string_view member) {
    return listener.attributes.contains(fmt::format("{}{}.{}", prefix, status, member));
  };
  for (const auto& [key, value] : listener.attributes) {
    if (!is_error_page_key(key) || check_error_page(key, value)) continue;
    const auto [status, member] = split(key);
    if (member == "text" && given(status, "file")) {
      issues.error_at_key(attributes.at(key),
                          fmt::format("give either {0}{1}.file or {0}{1}.text", prefix, status));
    } else if (member == "content_type" && !given(status, "file") && !given(status, "text")) {
      issues.error_at_key(
          attributes.at(key),
          fmt::format("there is no {0}{1}.file or {0}{1}.text that it belongs to", prefix, status));
    }
  }
  for (const auto& [key, text] : listener.error_page_files) {
    const std::string problem = check_text(text, limits::error_page_bytes_max);
    if (!problem.empty()) issues.error(attributes.at(key), problem);
  }
}

std::vector<model::ErrorPage> compile_error_pages(const api::Listener& listener) {
  std::map<string_view, model::ErrorPage> pages;  // "4xx" comes after "464", "5xx" after "507"
  for (const auto& [key, value] : listener.attributes) {
    if (!is_error_page_key(key)) continue;
    const auto [status, member] = split(key);
    model::ErrorPage& page = pages[status];
    page.status = status_of(status);
    if (page.content_type.empty()) page.content_type = "text/html";
    if (member == "content_type") page.content_type = value;
    if (member == "text") page.text = value;
    if (member == "file") page.text = listener.error_page_files.at(key);
  }
  std::vector<model::ErrorPage> list;
  for (auto& entry : pages) list.push_back(std::move(entry.second));
  return list;
}

}  // namespace daruma::control
