// SPDX-License-Identifier: Apache-2.0
#include "base/time_text.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace daruma {

std::string date_and_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string compact_date_and_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<WallTime> parse_date_and_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const std::string_view fraction = text.substr(19);
  if (fraction != "Z" && (fraction.front() != '.' || fraction.back() != 'Z' ||
                          !parse_decimal(fraction.substr(1, fraction.size() - 2)))) {
    return std::nullopt;
  }
  return parse_compact_date_and_time(fmt::format("{}{}{}{}{}Z", text.substr(0, 4),
                                                 text.substr(5, 2), text.substr(8, 5),
                                                 text.substr(14, 2), text.substr(17, 2)));
}

std::optional<WallTime> parse_compact_date_and_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto part = [&](size_t at, size_t size) { return parse_decimal(text.substr(at, size)); };
  const auto year = part(0, 4), month = part(4, 2), day = part(6, 2);
  const auto hour = part(9, 2), minute = part(11, 2), second = part(13, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::seconds(*hour * 3600 + *minute * 60 + *second);
}

}  // namespace daruma
