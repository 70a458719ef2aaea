// SPDX-License-Identifier: Apache-2.0
//
// Operational log: one line per event, `time level area message key=value …`, to standard error,
// time in UTC. Thread-safe, and waits for no reader: lines that standard error does not take are
// lost and counted (base/line_output.h). What is standard error when a Log is made stays its own.
// Never on the request path. Passed to whoever needs it; there is no global log.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spdlog {
class logger;
}

namespace daruma {

enum class LogLevel { debug, info, warning, error };

struct LogField {
  std::string_view key;
  std::string value;  // quoted and escaped where it is empty or a reader could misread it
};

// What stands behind time and level in a line. Control characters are escaped everywhere, so bytes
// from a peer can be logged as they are.
std::string log_text(std::string_view area, std::string_view message,
                     std::initializer_list<LogField> fields);

class Log {
 public:
  // To standard error.
  explicit Log(LogLevel level = LogLevel::info);
  // To nowhere: for tests.
  static Log silent();

  void write(LogLevel level, std::string_view area, std::string_view message,
             std::initializer_list<LogField> fields = {}) const;

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger);
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace daruma
