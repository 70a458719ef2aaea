// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <utility>

namespace daruma {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void append_escaped(std::string& line, char c) {
  constexpr char digits[] = "0123456789abcdef";
  if (c == '\n') {
    line += "\\n";
  } else if (c == '\r') {
    line += "\\r";
  } else if (c == '\t') {
    line += "\\t";
  } else {
    line += "\\x";
    line += digits[static_cast<unsigned char>(c) >> 4];
    line += digits[c & 15];
  }
}

// Whatever a peer sent can neither end the line nor steer a terminal.
void append_text(std::string& line, std::string_view text) {
  for (const char c : text) {
    if (is_control(c)) {
      append_escaped(line, c);
    } else {
      line += c;
    }
  }
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return is_control(c) || c == ' ' || c == '"' || c == '\\' || c == '=';
         });
}

void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    append_text(line, {&c, 1});
  }
  line += '"';
}

}  // namespace

std::string log_text(std::string_view area, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line;
  append_text(line, area);
  line += ' ';
  append_text(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    append_text(line, field.key);
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

Log::Log(LogLevel level)
    : logger_(std::make_shared<spdlog::logger>("daruma",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_level(spdlog_level(level));
  logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
}

Log::Log(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

Log Log::silent() {
  return Log(
      std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

void Log::write(LogLevel level, std::string_view area, std::string_view message,
                std::initializer_list<LogField> fields) const {
  const auto spd = spdlog_level(level);
  if (!logger_->should_log(spd)) return;
  logger_->log(spd, spdlog::string_view_t(log_text(area, message, fields)));
}

}  // namespace daruma
