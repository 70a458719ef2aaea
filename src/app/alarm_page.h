// SPDX-License-Identifier: Apache-2.0
//
// GET /alarms: every alarm and how it stands, as JSON. POST /alarms/test?name=: tells everybody
// that it is tried out. `daruma alarms` asks them. Control thread.
#pragma once

#include "control/admin_server.h"
#include "notify/alarm_desk.h"

namespace daruma::app {

class AlarmPage final : public control::AdminHandler {
 public:
  // The desk outlives it.
  explicit AlarmPage(notify::AlarmDesk& desk) : desk_(desk) {}
  void handle(const control::AdminRequest& request, control::AdminResponder responder) override;

 private:
  control::AdminResponse list() const;
  control::AdminResponse test(std::string_view query);

  notify::AlarmDesk& desk_;
};

}  // namespace daruma::app
