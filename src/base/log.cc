// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/line_output.h"
#include "base/utf8.h"

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

// How many bytes at the front a line may hold as they are; 0 if the first has to be escaped: of a
// control character, C1 (U+0080 to U+009F) or not, or of what is no UTF-8.
size_t showable(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 0;
  const size_t length = utf8_length(text);
  const bool c1 = first == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return c1 ? 0 : length;
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

// Whatever a peer sent can neither end the line nor steer a terminal. Each of `marked` gets a
// backslash.
void append_text(std::string& line, std::string_view text, std::string_view marked = "") {
  while (!text.empty()) {
    const size_t bytes = showable(text);
    if (bytes == 0) append_escaped(line, text[0]);
    if (marked.find(text[0]) != std::string_view::npos) line += '\\';
    line += text.substr(0, bytes);
    text.remove_prefix(std::max(bytes, size_t{1}));
  }
}

// Where spdlog's own sink would wait, workers included, until somebody reads.
class StandardError : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    output_.write({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  LineOutput output_{STDERR_FILENO};
};

bool needs_quotes(std::string_view value) {
  if (value.empty() || value.find_first_of(" \"\\=") != std::string_view::npos) return true;
  while (!value.empty()) {
    const size_t bytes = showable(value);
    if (bytes == 0) return true;
    value.remove_prefix(bytes);
  }
  return false;
}

void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) {
    line += value;
    return;
  }
  line += '"';
  append_text(line, value, "\"\\");
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
    : logger_(std::make_shared<spdlog::logger>("daruma", std::make_shared<StandardError>())) {
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
