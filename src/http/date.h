// SPDX-License-Identifier: Apache-2.0
//
// The Date field's value. Pure.
#pragma once

#include <array>
#include <string_view>

#include "base/time.h"

namespace daruma::http {

// IMF-fixdate (RFC 9110 5.6.7): "Sat, 03 Oct 2026 12:02:00 GMT".
class Date {
 public:
  explicit Date(WallTime time);
  std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 29> text_;
};

// The same, written once a second.
class CachedDate {
 public:
  std::string_view at(WallTime now);

 private:
  std::chrono::sys_seconds second_{};
  Date date_{WallTime{}};
};

}  // namespace daruma::http
