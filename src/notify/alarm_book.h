// SPDX-License-Identifier: Apache-2.0
//
// Alarms as they are defined, how each stands, and what happened to them, kept over restarts in an
// outbox. Knows no clock and evaluates nothing (notify/alarm_desk does). Control thread.
//
// Built-in alarms (alarm/defaults) come and go with what they are about; one that somebody defines
// by the same name takes its place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/alarm.h"
#include "alarm/rule.h"
#include "base/result.h"
#include "notify/outbox.h"

namespace daruma::notify {

struct HistoryItem {
  enum class Type : uint8_t { configuration_update, state_update, action };
  WallTime at{};
  std::string alarm;
  bool composite = false;
  Type type = Type::state_update;
  std::string summary;
  std::string data;  // JSON
};
std::string_view name_of(HistoryItem::Type type);  // "StateUpdate"

class AlarmBook {
 public:
  static constexpr size_t alarms_max = 5'000;
  static constexpr size_t history_bytes_max = 8 * 1024 * 1024;

  struct Entry {
    alarm::Alarm alarm;
    alarm::Standing standing;
    bool built_in = false;
    std::optional<alarm::Rule> rule{};  // a composite alarm's, read once; nullopt: it is none
  };

  // What the outbox has is there again. Rows that are no alarms are dropped.
  explicit AlarmBook(Outbox& outbox);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const Entry* find(const std::string& name) const;

  // By name; a new one is unchecked, a known one keeps how it stands. Fails where there are too
  // many.
  Result<void> put(alarm::Alarm alarm, WallTime at);
  void remove(const std::string& name, WallTime at);  // harmless if there is none
  void stand(const std::string& name, alarm::Standing standing);
  void note(HistoryItem item);
  // These are built in now; others that were are gone.
  void set_built_in(const std::map<std::string, alarm::Alarm>& alarms);

  // The newest first; those for which `wanted` is true.
  std::vector<HistoryItem> history(const std::function<bool(const HistoryItem&)>& wanted) const;

 private:
  void keep(const Entry& entry);

  Outbox& outbox_;
  std::map<std::string, Entry> entries_;
  uint64_t items_ = 0;
};

}  // namespace daruma::notify
