// SPDX-License-Identifier: Apache-2.0
//
// Who is told of alarms on this node: the ways of daruma.yaml, each with a thread of its own, and
// Mackerel, as check reports; and what they are told besides: advice, and where to look. Control
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "control/controller.h"
#include "control/controller_backend.h"
#include "model/resources.h"
#include "notify/alarm_desk.h"
#include "notify/mackerel_thread.h"
#include "notify/notice_thread.h"

namespace daruma::app {

class Audience final : public notify::AlarmAudience {
 public:
  // All of it outlives the audience; `mackerel` may be null. `data_directory`: "" keeps nothing.
  struct Context {
    const control::Controller& controller;
    control::ControllerBackend& backend;
    notify::MackerelThread* mackerel = nullptr;
    const Log& log;
    std::string data_directory;
  };
  explicit Audience(Context context);

  bool tell(const std::string& way, const alarm::Alarm& alarm,
            const alarm::Notice& notice) override;
  void keep() override;
  std::string advice_on(const alarm::Alarm& alarm) override;
  std::string link_to(const alarm::Alarm& alarm) override;
  void on_defined(const notify::AlarmBook& book) override;

  // What has to be delivered is kept.
  void stop();

 private:
  void add(std::unique_ptr<notify::Way> way);
  // Of the load balancer that the alarm is about; "" if it is about none.
  std::string dns_name_of(const alarm::Alarm& alarm) const;
  void report_standing(const notify::AlarmBook& book);

  const Context context_;
  std::vector<std::unique_ptr<notify::NoticeThread>> ways_;
  const WallTime started_;
  bool standing_reported_ = false;
};

}  // namespace daruma::app
