// SPDX-License-Identifier: Apache-2.0
//
// Judges all alarms every 10 s, shortly after the figures of the last 10 s were written, and tells
// of those that changed. Times of evaluation follow the wall clock, as the figures do; a clock that
// is set moves nothing but the next one. Control thread.
//
// A transition is told before it is kept: who crashes in between tells it again, rather than never.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "alarm/alarm.h"
#include "alarm/notice.h"
#include "base/log.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "metrics/time_series.h"
#include "notify/alarm_book.h"
#include "notify/outbox.h"

namespace daruma::notify {

// The way that an alarm's action names, by its last part: an ARN's, or all of it.
std::string way_of(const std::string& action);

// Who is told, and what besides. Control thread; nothing here but keep() may wait.
class AlarmAudience {
 public:
  // `way`: its name, or alarm::everybody. False if there is none of that name.
  virtual bool tell(const std::string& way, const alarm::Alarm& alarm,
                    const alarm::Notice& notice) = 0;
  // What was told is on the disk, as far as there is one: waits for that.
  virtual void keep() = 0;
  // What to do about it; "".
  virtual std::string advice_on(const alarm::Alarm& alarm) = 0;
  virtual std::string link_to(const alarm::Alarm& alarm) = 0;
  // Other alarms are there than before.
  virtual void on_defined(const AlarmBook& book) = 0;

 protected:
  ~AlarmAudience() = default;
};

enum class BuiltIns : uint8_t { on, off };

class AlarmDesk final : private io::TimerHandler {
 public:
  static constexpr std::chrono::seconds every{10};
  static constexpr std::chrono::seconds behind{3};  // the figures

  // All of it outlives the desk.
  AlarmDesk(io::Loop& loop, const metrics::TimeSeries& series, Outbox& outbox,
            AlarmAudience& audience, BuiltIns built_ins, const Log& log);
  ~AlarmDesk();
  AlarmDesk(const AlarmDesk&) = delete;
  AlarmDesk& operator=(const AlarmDesk&) = delete;

  const AlarmBook& book() const { return book_; }
  // These are on the disk when they return (or it was logged that they are not). They fail as the
  // book does, or where there is no such alarm.
  Result<void> put(alarm::Alarm alarm);
  Result<void> remove(const std::vector<std::string>& names);
  Result<void> set_state(const std::string& name, alarm::State state, const std::string& reason,
                         const std::string& reason_data);
  // Unknown names do no harm.
  void enable_actions(const std::vector<std::string>& names, bool enabled);
  // Tells everybody that this one is tried out, as it stands. Fails if there is none.
  Result<void> test(const std::string& name);

 private:
  void on_timer(io::Timer& timer) override;
  void await_next();
  void look();
  void judge(const AlarmBook::Entry& entry, WallTime now);
  void judge_composites(WallTime now);
  bool judge_composite(const AlarmBook::Entry& entry, WallTime now);
  const AlarmBook::Entry* newest_change(const alarm::Rule& rule) const;
  alarm::SuppressedBy suppression_of(const AlarmBook::Entry& entry, WallTime now) const;
  void act_unless_suppressed(const AlarmBook::Entry& entry, WallTime now);
  void move(const AlarmBook::Entry& entry, alarm::State state, const std::string& reason,
            const std::string& reason_data, WallTime now);
  void act(const AlarmBook::Entry& entry, alarm::State before, WallTime now);
  alarm::Notice notice_of(const AlarmBook::Entry& entry, alarm::State before, WallTime now) const;
  void commit();

  io::Loop& loop_;
  const metrics::TimeSeries& series_;
  Outbox& outbox_;
  AlarmAudience& audience_;
  const BuiltIns built_ins_;
  const Log& log_;
  AlarmBook book_;
  std::map<std::string, WallTime> judged_;  // until when
  size_t defined_ = 0;                      // alarms, as the audience knows
  bool disk_failing_ = false;
  io::Timer timer_;
};

}  // namespace daruma::notify
