// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a configuration file, where, and what would be right. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace daruma::control {

enum class Severity : uint8_t {
  error,    // the file cannot be applied
  warning,  // it can, but it is hardly what was meant
};

struct Diagnostic {
  std::string file;
  int line = 0;  // counted from 1; 0: the file as a whole
  int column = 0;
  std::string message;
  Severity severity = Severity::error;

  // "daruma.yaml:12:7: Port must be …", "daruma.yaml:12:7: warning: …"
  std::string to_string() const;
  // The same for a log, whose lines have a level.
  std::string to_log_string() const;
  bool operator==(const Diagnostic&) const = default;
};
using Diagnostics = std::vector<Diagnostic>;

// As one line that a terminal can show: control characters escaped, no more than 500 bytes.
// Messages quote what was in the file.
std::string one_line(std::string_view message);

bool has_errors(const Diagnostics& diagnostics);
// One line each.
std::string to_text(const Diagnostics& diagnostics);
// To the operational log, area "config": one line each.
void write_log(const Diagnostics& diagnostics, const Log& log);

}  // namespace daruma::control
