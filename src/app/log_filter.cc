// SPDX-License-Identifier: Apache-2.0
#include "app/log_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/bytes.h"
#include "model/reason.h"
#include "telemetry/log_format.h"

namespace daruma::app {
namespace {

using telemetry::LogField;
using telemetry::LogKind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_status(std::string_view text) {
  const bool family = text.size() == 3 && is_digit(text[0]) && text.substr(1) == "xx";
  return family || (text.size() == 3 && std::ranges::all_of(text, is_digit));
}

bool is_reason(const std::string& text) {
  for (int i = 1; i < model::reason_count; ++i) {
    if (model::name_of(static_cast<model::Reason>(i)) == text) return true;
  }
  return false;
}

bool is_pattern(const std::string& text) {
  return text.size() <= routing::Glob::pattern_bytes_max &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

bool has_status(std::string_view status, std::string_view asked) {
  if (asked.ends_with("xx")) return status.size() == 3 && status[0] == asked[0];
  return status == asked;
}

// One of several, with spaces between them.
bool is_among(std::string_view word, std::string_view list) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void read_ltsv(std::string_view line, std::span<const LogField> names,
               std::vector<std::string>& fields) {
  while (!line.empty()) {
    const size_t end = std::min(line.find('\t'), line.size());
    const std::string_view item = line.substr(0, end);
    const std::string_view label = item.substr(0, item.find(':'));
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i].name == label) fields[i] = item.substr(std::min(label.size() + 1, item.size()));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

}  // namespace

std::string problem_of(const LogQuestion& question) {
  if (!question.status.empty() && !is_status(question.status))
    return fmt::format("'{}' is no status such as 502 or 5xx", question.status);
  if (!question.reason.empty() && !is_reason(question.reason))
    return fmt::format("there is no reason '{}'; docs/logs.md has all of them", question.reason);
  if (!is_pattern(question.host) || !is_pattern(question.path))
    return fmt::format("a pattern has at most {} characters", routing::Glob::pattern_bytes_max);
  return "";
}

LogFilter::LogFilter(const LogQuestion& question)
    : question_(question),
      everything_(question.status.empty() && question.reason.empty() && question.host.empty() &&
                  question.path.empty() && question.target.empty() &&
                  question.load_balancer.empty()) {
  if (!question.host.empty()) host_.emplace(question.host, routing::Case::insensitive);
  if (!question.path.empty()) path_.emplace(question.path, routing::Case::sensitive);
}

void LogFilter::read(std::string_view line) {
  const std::span<const LogField> names = telemetry::log_fields(LogKind::access);
  fields_.assign(names.size(), "-");
  if (line.starts_with('{')) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    for (size_t i = 0; json.is_object() && i < names.size(); ++i) {
      const auto found = json.find(names[i].name);
      if (found != json.end()) fields_[i] = text_of(*found);
    }
    return;
  }
  if (line.starts_with("type:")) return read_ltsv(line, names, fields_);
  std::vector<std::string_view> texts;
  telemetry::split_log_line(line, texts);
  for (size_t i = 0; i < std::min(texts.size(), names.size()); ++i) fields_[i] = texts[i];
}

std::string_view LogFilter::field(std::string_view name) const {
  const std::span<const LogField> names = telemetry::log_fields(LogKind::access);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].name == name) return fields_[i];
  }
  return "-";
}

// "GET https://shop.example.com:443/cart?id=1 HTTP/1.1"
bool LogFilter::wants_request() const {
  std::string_view request = field("request");
  const size_t scheme = request.find("://");
  if (scheme == std::string_view::npos) return false;
  request.remove_prefix(scheme + 3);
  const size_t slash = std::min(request.find('/'), request.size());
  const std::string_view host = request.substr(0, request.substr(0, slash).rfind(':'));
  std::string_view path = request.substr(slash);
  path = path.substr(0, path.find_first_of("? "));
  return (!host_ || host_->matches(host)) && (!path_ || path_->matches(path));
}

bool LogFilter::wants(std::string_view line) {
  if (everything_) return true;
  read(line);
  if (!question_.status.empty() && !has_status(field("elb_status_code"), question_.status))
    return false;
  if (!question_.reason.empty() && field("error_reason") != question_.reason) return false;
  if (!question_.target.empty() && !is_among(question_.target, field("target_list"))) return false;
  if (!question_.load_balancer.empty() &&
      !field("elb").starts_with("app/" + question_.load_balancer + "/")) {
    return false;
  }
  return (!host_ && !path_) || wants_request();
}

}  // namespace daruma::app
