// SPDX-License-Identifier: Apache-2.0
//
// The console at /console/ of the admin port: a page, who may see it, and what it asks for. What it
// changes goes through api/service, with the session's name and role. docs/console.md. Control
// thread.
#pragma once

#include <string>
#include <vector>

#include "api/created.h"
#include "api/service.h"
#include "console/accounts.h"
#include "console/gate.h"
#include "console/live.h"
#include "console/login.h"
#include "console/password_checker.h"
#include "console/sessions.h"
#include "control/controller.h"
#include "control/controller_backend.h"
#include "io/loop.h"
#include "notify/alarm_desk.h"
#include "telemetry/registry.h"

namespace daruma::console {

// All of it outlives the console.
struct ConsoleContext {
  io::Loop& loop;
  control::Controller& controller;
  control::ControllerBackend& backend;
  const telemetry::Registry& registry;
  const notify::AlarmDesk& alarms;
  api::Service& api;
  const api::Created* created;  // null without a data directory
  std::string data_directory;   // "" the same
  api::AuditTrail& audit;
  api::FailureDelay& failure_delay;
  std::string version;
};

class Console {
 public:
  explicit Console(const ConsoleContext& context);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // The handlers live as long as this object.
  std::vector<control::AdminRoute> routes() { return gate_.routes(); }
  Live& live() { return live_; }

 private:
  void add_pages();
  void reload(const Visit& visit, control::AdminResponder responder);
  void shift(control::Controller::ShiftRequest what, const Visit& visit,
             control::AdminResponder responder);
  void explain(const Visit& visit, control::AdminResponder responder);
  control::AdminResponse changes(std::string_view query) const;
  control::AdminResponse health(std::string_view query) const;
  control::AdminResponse trial(std::string_view query) const;

  const ConsoleContext context_;
  const WallTime started_;
  const NodeAccounts accounts_;
  Sessions sessions_;
  Gate gate_;
  PasswordThread passwords_;
  Login login_;
  Live live_;
};

}  // namespace daruma::console
