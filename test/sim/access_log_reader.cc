// SPDX-License-Identifier: Apache-2.0
#include "sim/access_log_reader.h"

#include <algorithm>

#include "base/bytes.h"

namespace daruma::sim {
namespace {

// Fields by their number in AWS's table, less one.
enum Column : size_t {
  column_target = 4,
  column_status = 8,
  column_target_status = 9,
  column_request = 12,
  column_target_group = 16,
  column_rule_priority = 20,
  column_action = 22,
  column_reason = 24,
  column_target_list = 25,
  column_count = 34,
};

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> columns;
  while (!line.empty()) {
    const bool quoted = line.front() == '"';
    if (quoted) line.remove_prefix(1);
    const size_t end = std::min(line.find(quoted ? '"' : ' '), line.size());
    columns.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
    if (quoted && !line.empty()) line.remove_prefix(1);
    if (!line.empty() && line.front() != ' ') return {};
    if (!line.empty()) line.remove_prefix(1);
  }
  return columns;
}

int number_or(const std::string& text, int otherwise) {
  const auto number = parse_decimal(text);
  return number ? static_cast<int>(*number) : otherwise;
}

// The path's part of 16 hexadecimal digits.
std::optional<Token> token_in(std::string_view request) {
  for (size_t at = request.find('/'); at != std::string_view::npos;
       at = request.find('/', at + 1)) {
    const std::string_view rest = request.substr(at + 1);
    if (const auto token = parse_token(rest.substr(0, std::min<size_t>(16, rest.size()))))
      return token;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AccessLogLine> parse_access_log_line(std::string_view text) {
  const std::vector<std::string> columns = split(text);
  if (columns.size() != column_count) return std::nullopt;
  AccessLogLine line;
  line.token = token_in(columns[column_request]);
  line.status = number_or(columns[column_status], 0);
  line.target_status = number_or(columns[column_target_status], 0);
  line.target = columns[column_target];
  line.targets = columns[column_target_list];
  line.target_group = columns[column_target_group];
  line.action = columns[column_action];
  line.reason = columns[column_reason];
  line.rule_priority = number_or(columns[column_rule_priority], -1);
  return line;
}

}  // namespace daruma::sim
