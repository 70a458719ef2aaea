// SPDX-License-Identifier: Apache-2.0
//
// Alarms, how they stand, and their history ↔ texts of an outbox. Pure.
#pragma once

#include <optional>
#include <string>

#include "alarm/alarm.h"
#include "notify/alarm_book.h"

namespace daruma::notify {

// Nullopt of parse_…: the text was not made by the other.
std::string row_of(const alarm::Alarm& alarm);
std::optional<alarm::Alarm> parse_alarm(const std::string& row);
std::string row_of(const alarm::Standing& standing);
std::optional<alarm::Standing> parse_standing(const std::string& row);
std::string row_of(const HistoryItem& item);
std::optional<HistoryItem> parse_item(const std::string& row);

}  // namespace daruma::notify
