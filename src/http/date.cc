// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <fmt/format.h>

namespace daruma::http {
namespace {

constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

Date::Date(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  fmt::format_to_n(text_.data(), text_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   weekdays[std::chrono::weekday(day).c_encoding()],
                   static_cast<unsigned>(date.day()),
                   months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                   clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string_view CachedDate::at(WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_) date_ = Date(second_ = second);
  return date_.view();
}

}  // namespace daruma::http
