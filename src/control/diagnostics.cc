// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::control {

std::string Diagnostic::to_string() const {
  const std::string_view kind = severity == Severity::warning ? "warning: " : "";
  if (line == 0) return fmt::format("{}: {}{}", file, kind, message);
  return fmt::format("{}:{}:{}: {}{}", file, line, column, kind, message);
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

}  // namespace daruma::control
