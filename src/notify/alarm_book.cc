// SPDX-License-Identifier: Apache-2.0
#include "notify/alarm_book.h"

#include <fmt/format.h>

#include <utility>

#include "notify/alarm_rows.h"

namespace daruma::notify {
namespace {

// Kinds of the outbox.
constexpr const char* alarms_kind = "alarm";     // name → definition
constexpr const char* standings_kind = "state";  // name → how it stands, of built-in ones too
constexpr const char* history_kind = "history";  // time → item

std::optional<alarm::Rule> rule_of(const alarm::Alarm& alarm) {
  if (!alarm.composite) return std::nullopt;
  auto rule = alarm::Rule::parse(alarm.composite->rule);
  return rule ? std::optional(std::move(*rule)) : std::nullopt;
}

}  // namespace

std::string_view name_of(HistoryItem::Type type) {
  switch (type) {
    case HistoryItem::Type::configuration_update:
      return "ConfigurationUpdate";
    case HistoryItem::Type::state_update:
      return "StateUpdate";
    case HistoryItem::Type::action:
      break;
  }
  return "Action";
}

AlarmBook::AlarmBook(Outbox& outbox) : outbox_(outbox) {
  for (const auto& [name, row] : outbox_.of(alarms_kind)) {
    auto alarm = parse_alarm(row);
    if (!alarm) continue;
    Entry& entry = entries_[name];
    entry.alarm = std::move(*alarm);
    entry.rule = rule_of(entry.alarm);
    const auto& standings = outbox_.of(standings_kind);
    const auto found = standings.find(name);
    if (found == standings.end()) continue;
    if (auto standing = parse_standing(found->second)) entry.standing = std::move(*standing);
  }
}

const AlarmBook::Entry* AlarmBook::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<void> AlarmBook::put(alarm::Alarm alarm, WallTime at) {
  const bool is_new = find(alarm.name) == nullptr;
  if (is_new && entries_.size() >= alarms_max)
    return fail(fmt::format("there are {} alarms already, which is the limit", alarms_max));
  Entry& entry = entries_[alarm.name];
  alarm.updated = at;
  if (is_new) entry.standing.updated = entry.standing.transitioned = at;
  entry.alarm = std::move(alarm);
  entry.rule = rule_of(entry.alarm);
  entry.built_in = false;
  outbox_.put(alarms_kind, entry.alarm.name, row_of(entry.alarm));
  keep(entry);
  note({at, entry.alarm.name, entry.alarm.composite.has_value(),
        HistoryItem::Type::configuration_update,
        fmt::format("Alarm \"{}\" {}", entry.alarm.name, is_new ? "created" : "updated"),
        row_of(entry.alarm)});
  return {};
}

void AlarmBook::remove(const std::string& name, WallTime at) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  note({at, name, found->second.alarm.composite.has_value(),
        HistoryItem::Type::configuration_update, fmt::format("Alarm \"{}\" deleted", name), "{}"});
  entries_.erase(found);
  outbox_.erase(alarms_kind, name);
  outbox_.erase(standings_kind, name);
}

void AlarmBook::stand(const std::string& name, alarm::Standing standing) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second.standing = std::move(standing);
  keep(found->second);
}

void AlarmBook::keep(const Entry& entry) {
  outbox_.put(standings_kind, entry.alarm.name, row_of(entry.standing));
}

void AlarmBook::note(HistoryItem item) {
  const std::string key =
      fmt::format("{:020}-{:06}", item.at.time_since_epoch().count(), items_++ % 1'000'000);
  outbox_.put(history_kind, key, row_of(item));
  outbox_.shorten(history_kind, history_bytes_max);
}

void AlarmBook::set_built_in(const std::map<std::string, alarm::Alarm>& alarms) {
  std::vector<std::string> gone;
  for (const auto& [name, entry] : entries_) {
    if (entry.built_in && !alarms.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    entries_.erase(name);
    outbox_.erase(standings_kind, name);
  }
  for (const auto& [name, alarm] : alarms) {
    if (entries_.contains(name) || entries_.size() >= alarms_max) continue;
    Entry& entry = entries_[name];
    entry.alarm = alarm;
    entry.built_in = true;
    const auto& standings = outbox_.of(standings_kind);
    const auto found = standings.find(name);  // from before a restart
    if (found == standings.end()) continue;
    if (auto standing = parse_standing(found->second)) entry.standing = std::move(*standing);
  }
}

std::vector<HistoryItem> AlarmBook::history(
    const std::function<bool(const HistoryItem&)>& wanted) const {
  std::vector<HistoryItem> items;
  const Outbox::Values& rows = outbox_.of(history_kind);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    auto item = parse_item(row->second);
    if (item && wanted(*item)) items.push_back(std::move(*item));
  }
  return items;
}

}  // namespace daruma::notify
