// SPDX-License-Identifier: Apache-2.0
//
// Lines in the ALB's formats, read field by field and written as JSON or LTSV. The names of the
// fields are those of AWS's user guide; ":port" is left out of them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/log_file_key.h"

namespace daruma::telemetry {

enum class LogFormat : uint8_t { alb, json, ltsv };

std::optional<LogFormat> log_format_of(std::string_view name);  // "alb", "json", "ltsv"

struct LogField {
  std::string_view name;
  bool number = false;
};
// In the order in which they stand in a line.
std::span<const LogField> log_fields(LogKind kind);

// The fields' texts, without the quotes around them; they view `line`. A field that begins with a
// quote and has no other is taken to the end.
void split_log_line(std::string_view line, std::vector<std::string_view>& fields);
// What \xHH stands for, written out again.
std::string unescaped(std::string_view field);

// Appends the line, with its end. JSON: an object; what there is not ("-") is left out; text that
// is no UTF-8 stays escaped. LTSV: every field, as the ALB's line has it.
class LogTranslator {
 public:
  void append(LogFormat format, LogKind kind, std::string_view line, std::string& out);

 private:
  std::vector<std::string_view> fields_;  // room
};

}  // namespace daruma::telemetry
