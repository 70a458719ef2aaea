// SPDX-License-Identifier: Apache-2.0
#include "notify/alarm_desk.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "alarm/defaults.h"
#include "alarm/evaluation.h"
#include "alarm/math.h"
#include "alarm/rule.h"
#include "base/time_text.h"

namespace daruma::notify {
namespace {

using alarm::State;
using alarm::SuppressedBy;
using Entry = AlarmBook::Entry;
using Json = nlohmann::ordered_json;

// What was there so long ago is there still.
constexpr std::chrono::minutes lately{15};
constexpr int composite_passes = 10;  // composite alarms of composite alarms

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json history_state(const alarm::Standing& standing) {
  Json json{{"stateValue", name_of(standing.state)}, {"stateReason", standing.reason}};
  Json data = Json::parse(standing.reason_data, nullptr, false);
  if (data.is_object()) json["stateReasonData"] = std::move(data);
  return json;
}

std::vector<alarm::Datapoint> datapoints_of(const alarm::MetricAlarm& metric,
                                            const metrics::TimeSeries& series, WallTime end) {
  const metrics::SeriesFacts* facts = series.find(metric.series);
  const bool other_unit = facts != nullptr && !metric.unit.empty() && facts->unit != metric.unit;
  std::vector<metrics::Point> points;
  if (!other_unit) {
    points = series.read(metric.series, end - alarm::periods_looked_at(metric) * metric.period, end,
                         alarm::step_of(metric));
  }
  return alarm::datapoints_of(metric, points, end);
}

// StateReasonData of a composite alarm.
std::string triggering(const Entry* newest) {
  if (newest == nullptr) return "";
  const alarm::Standing& standing = newest->standing;
  return dump(
      {{"triggeringAlarms",
        Json::array(
            {{{"arn", alarm::arn_of(newest->alarm.name)},
              {"state",
               {{"value", name_of(standing.state)},
                {"timestamp", date_and_time(standing.transitioned).substr(0, 23) + "+0000"}}}}})}});
}

}  // namespace

std::string way_of(const std::string& action) {
  return action == alarm::everybody ? action : action.substr(action.rfind(':') + 1);
}

AlarmDesk::AlarmDesk(io::Loop& loop, const metrics::TimeSeries& series, Outbox& outbox,
                     AlarmAudience& audience, BuiltIns built_ins, const Log& log)
    : loop_(loop),
      series_(series),
      outbox_(outbox),
      audience_(audience),
      built_ins_(built_ins),
      log_(log),
      book_(outbox),
      timer_(loop.timers(), *this) {
  await_next();
}

AlarmDesk::~AlarmDesk() {
  commit();
}

void AlarmDesk::await_next() {
  const Duration past = (loop_.wall_now() - behind).time_since_epoch() % every;
  timer_.set(loop_.now() + (every - past));
}

void AlarmDesk::on_timer(io::Timer&) {
  commit();
  look();
  await_next();
}

void AlarmDesk::commit() {
  audience_.keep();
  const Result<void> kept = outbox_.commit();
  if (!kept && !disk_failing_) {
    log_.write(LogLevel::error, "alarms",
               "alarms and their states are in memory only: " + kept.error().message);
  }
  disk_failing_ = !kept;
}

void AlarmDesk::look() {
  const WallTime now = loop_.wall_now();
  if (built_ins_ == BuiltIns::on) book_.set_built_in(alarm::default_alarms(series_, now - lately));
  for (const auto& [name, entry] : book_.entries()) {
    if (entry.alarm.metric) judge(entry, now);
  }
  judge_composites(now);
  if (defined_ == book_.entries().size()) return;
  defined_ = book_.entries().size();
  audience_.on_defined(book_);
}

void AlarmDesk::judge(const Entry& entry, WallTime now) {
  const alarm::MetricAlarm& metric = *entry.alarm.metric;
  const WallTime end = alarm::latest_end(metric, now - behind);
  WallTime& judged = judged_[entry.alarm.name];
  if (judged == end) return;
  judged = end;
  const auto datapoints = metric.queries.empty() ? datapoints_of(metric, series_, end)
                                                 : alarm::math_datapoints(metric, series_, end);
  const alarm::Verdict verdict = alarm::evaluate(metric, datapoints, entry.standing.state, now);
  if (verdict.state == entry.standing.state) return;
  move(entry, verdict.state, verdict.reason, verdict.reason_data, now);
}

void AlarmDesk::judge_composites(WallTime now) {
  bool moved = true;
  for (int pass = 0; pass < composite_passes && moved; ++pass) {
    moved = false;
    for (const auto& [name, entry] : book_.entries()) {
      if (entry.rule) moved = judge_composite(entry, now) || moved;
    }
  }
  // When all stand as they will: one may suppress the other.
  for (const auto& [name, entry] : book_.entries()) {
    if (entry.alarm.composite) act_unless_suppressed(entry, now);
  }
}

bool AlarmDesk::judge_composite(const Entry& entry, WallTime now) {
  const auto state_of = [this](const std::string& name) -> std::optional<State> {
    const Entry* other = book_.find(name);
    return other ? std::optional(other->standing.state) : std::nullopt;
  };
  const State state = entry.rule->holds(state_of) ? State::alarm : State::ok;
  if (state == entry.standing.state) return false;
  const Entry* newest = newest_change(*entry.rule);
  const std::string reason =
      newest ? fmt::format("{} transitioned to {} at {}", alarm::arn_of(newest->alarm.name),
                           name_of(newest->standing.state),
                           date_and_time(newest->standing.transitioned))
             : fmt::format("{} was created and its alarm rule evaluates to {}",
                           alarm::arn_of(entry.alarm.name), name_of(state));
  move(entry, state, reason, triggering(newest), now);
  return true;
}

// Null if the rule names none that is there.
const Entry* AlarmDesk::newest_change(const alarm::Rule& rule) const {
  const Entry* newest = nullptr;
  for (const std::string& name : rule.alarms()) {
    const Entry* other = book_.find(name);
    if (other && (!newest || other->standing.transitioned > newest->standing.transitioned))
      newest = other;
  }
  return newest;
}

// What is in the way of its actions now.
SuppressedBy AlarmDesk::suppression_of(const Entry& entry, WallTime now) const {
  const auto& suppressor = entry.alarm.composite->suppressor;
  if (!suppressor) return SuppressedBy::nothing;
  const alarm::Standing& standing = entry.standing;
  const Entry* other = book_.find(alarm::name_in(suppressor->written));
  if (other != nullptr && other->standing.state == State::alarm) return SuppressedBy::suppressor;
  // A beginning that lies ahead is of a clock that was set back: such a period is over.
  const auto within = [now](WallTime begin, Duration period) {
    return begin <= now && now < begin + period;
  };
  switch (standing.suppressed_by) {
    case SuppressedBy::suppressor:
      return suppressor->extension > 0s ? SuppressedBy::extension_period : SuppressedBy::nothing;
    case SuppressedBy::extension_period:
      return within(standing.suppressed_since, suppressor->extension)
                 ? SuppressedBy::extension_period
                 : SuppressedBy::nothing;
    case SuppressedBy::wait_period:
    case SuppressedBy::nothing:
      break;
  }
  // Whoever was told of an alarm is told of its end at once.
  const bool waits = standing.state == State::alarm && standing.acted != State::alarm &&
                     within(standing.transitioned, suppressor->wait);
  return waits ? SuppressedBy::wait_period : SuppressedBy::nothing;
}

// Only how it stands in the end is told: an alarm that came and went meanwhile was nobody's.
void AlarmDesk::act_unless_suppressed(const Entry& entry, WallTime now) {
  alarm::Standing standing = entry.standing;
  const SuppressedBy by = suppression_of(entry, now);
  if (by != standing.suppressed_by) standing.suppressed_since = now;
  standing.suppressed_by = by;
  const State before = standing.acted;
  if (by == SuppressedBy::nothing) standing.acted = standing.state;
  if (standing == entry.standing) return;
  book_.stand(entry.alarm.name, standing);
  if (standing.acted != before) act(entry, before, now);
}

// The entry stays where it is: only its standing changes.
void AlarmDesk::move(const Entry& entry, State state, const std::string& reason,
                     const std::string& reason_data, WallTime now) {
  const alarm::Standing before = entry.standing;
  alarm::Standing after = before;
  after.state = state;
  after.reason = reason;
  after.reason_data = reason_data;
  after.updated = now;
  if (state != before.state) after.transitioned = now;
  const std::string name = entry.alarm.name;
  book_.stand(name, after);
  if (state == before.state) return;
  log_.write(state == State::alarm ? LogLevel::warning : LogLevel::info, "alarms",
             std::string(name_of(state)), {{"alarm", name}, {"reason", reason}});
  book_.note({now, name, entry.alarm.composite.has_value(), HistoryItem::Type::state_update,
              fmt::format("Alarm updated from {} to {}", name_of(before.state), name_of(state)),
              dump({{"version", "1.0"},
                    {"oldState", history_state(before)},
                    {"newState", history_state(after)}})});
  if (entry.alarm.metric) act(entry, before.state, now);
}

alarm::Notice AlarmDesk::notice_of(const Entry& entry, State before, WallTime now) const {
  const State state = entry.standing.state;
  return {entry.alarm.name,
          entry.alarm.description,
          state,
          before,
          entry.standing.reason,
          state == State::alarm ? audience_.advice_on(entry.alarm) : "",
          audience_.link_to(entry.alarm),
          now};
}

void AlarmDesk::act(const Entry& entry, State before, WallTime now) {
  if (!entry.alarm.actions_enabled) return;
  const State state = entry.standing.state;
  // A node that has just started has nothing to tell where all is well.
  if (entry.built_in && state == State::ok && before == State::insufficient_data) return;
  const alarm::Notice notice = notice_of(entry, before, now);
  for (const std::string& action : entry.alarm.actions(state)) {
    const bool told = audience_.tell(way_of(action), entry.alarm, notice);
    if (told && action == alarm::everybody) continue;
    book_.note(
        {now, entry.alarm.name, entry.alarm.composite.has_value(), HistoryItem::Type::action,
         told ? fmt::format("Successfully executed action {}", action)
              : fmt::format("Failed to execute action {}: nobody of that name is told of "
                            "alarms; see Alarms in daruma.yaml",
                            action),
         dump({{"actionState", told ? "Succeeded" : "Failed"}, {"notificationResource", action}})});
  }
}

Result<void> AlarmDesk::put(alarm::Alarm alarm) {
  const std::string name = alarm.name;
  auto done = book_.put(std::move(alarm), loop_.wall_now());
  if (!done) return done;
  judged_.erase(name);
  defined_ = 0;
  commit();
  return {};
}

Result<void> AlarmDesk::remove(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Entry* entry = book_.find(name);
    if (entry == nullptr || !entry->built_in) continue;
    return fail(
        fmt::format("{} is built in; `Alarms: {{Defaults: false}}` in daruma.yaml removes "
                    "all that are",
                    name));
  }
  for (const std::string& name : names) book_.remove(name, loop_.wall_now());
  defined_ = 0;
  commit();
  return {};
}

Result<void> AlarmDesk::set_state(const std::string& name, State state, const std::string& reason,
                                  const std::string& reason_data) {
  const Entry* entry = book_.find(name);
  if (entry == nullptr) return fail("there is no alarm " + name);
  move(*entry, state, reason, reason_data, loop_.wall_now());
  // It may be what it was again as soon as its rule is looked at.
  if (entry->alarm.composite) act_unless_suppressed(*entry, loop_.wall_now());
  judge_composites(loop_.wall_now());
  commit();
  return {};
}

void AlarmDesk::enable_actions(const std::vector<std::string>& names, bool enabled) {
  for (const std::string& name : names) {
    const Entry* entry = book_.find(name);
    if (entry == nullptr || entry->alarm.actions_enabled == enabled) continue;
    alarm::Alarm changed = entry->alarm;
    changed.actions_enabled = enabled;
    static_cast<void>(book_.put(std::move(changed), loop_.wall_now()));  // it is there already
  }
  commit();
}

Result<void> AlarmDesk::test(const std::string& name) {
  const Entry* entry = book_.find(name);
  if (entry == nullptr) return fail("there is no alarm '" + name + "'");
  alarm::Notice notice = notice_of(*entry, entry->standing.state, loop_.wall_now());
  notice.test = true;
  if (audience_.tell(std::string(alarm::everybody), entry->alarm, notice)) {
    audience_.keep();
    return {};
  }
  return fail(
      "nobody is told of alarms: daruma.yaml has none of Alarms.Webhooks, Mail, Commands, "
      "and no Mackerel");
}

}  // namespace daruma::notify
