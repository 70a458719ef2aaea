// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::control {
namespace {

std::string place_of(const Diagnostic& diagnostic) {
  if (diagnostic.line == 0) return diagnostic.file + ": ";
  return fmt::format("{}:{}:{}: ", diagnostic.file, diagnostic.line, diagnostic.column);
}

}  // namespace

std::string Diagnostic::to_string() const {
  return place_of(*this) + (severity == Severity::warning ? "warning: " : "") + message;
}

std::string Diagnostic::to_log_string() const {
  return place_of(*this) + message;
}

std::string one_line(std::string_view message) {
  constexpr size_t bytes_max = 500;
  std::string line;
  for (size_t at = 0; at < message.size(); ++at) {
    const char c = message[at];
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // a UTF-8 sequence
    if (begins && line.size() >= bytes_max) return line + "...";
    if (c == '\n') {
      line += "\\n";
    } else if ((c >= 0 && c < ' ') || c == 0x7f) {
      line += fmt::format("\\x{:02x}", c);
    } else {
      line += c;
    }
  }
  return line;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics,
                             [](const auto& d) { return d.severity == Severity::error; });
}

std::string to_text(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.to_string() + "\n";
  return text;
}

void write_log(const Diagnostics& diagnostics, const Log& log) {
  for (const Diagnostic& each : diagnostics) {
    const bool error = each.severity == Severity::error;
    log.write(error ? LogLevel::error : LogLevel::warning, "config", each.to_log_string());
  }
}

}  // namespace daruma::control
