// SPDX-License-Identifier: Apache-2.0
//
// /console/session: who is logged in, log in, log out. Every attempt is in the audit log
// (ConsoleLogin); those that fail are slowed down together with signatures that do
// (api/failure_delay). Control thread.
#pragma once

#include <string>
#include <string_view>

#include "api/audit_trail.h"
#include "api/failure_delay.h"
#include "base/line_limit.h"
#include "console/gate.h"
#include "console/password_checker.h"
#include "console/sessions.h"
#include "io/loop.h"

namespace daruma::console {

class Login {
 public:
  // All of it outlives the login.
  struct Context {
    io::Loop& loop;
    const Accounts& accounts;
    Sessions& sessions;
    Gate& gate;
    PasswordChecker& passwords;
    api::AuditTrail& audit;
    api::FailureDelay& failure_delay;
    bool keeps_changes =
        false;  // there is a data directory, which the API needs to change anything
  };
  // Adds its pages to the gate.
  explicit Login(const Context& context);
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

 private:
  void who(const Visit& visit, control::AdminResponder responder);
  void log_in(const Visit& visit, control::AdminResponder responder);
  void log_out(const Visit& visit, control::AdminResponder responder);
  // Outlives the request, as the check of a password does.
  struct Caller {
    Address client;
    std::string cookie;  // its name
  };
  void check_key(const std::string& id, const std::string& secret, const Caller& caller,
                 control::AdminResponder responder);
  void check_password(const std::string& user, const std::string& password, const Caller& caller,
                      control::AdminResponder responder);
  void begin(const Account& account, const Caller& caller, control::AdminResponder responder);
  void note_refusal(const std::string& claimed, const Address& client);
  control::AdminResponse shown(const Session& session) const;
  control::AdminResponse begun(const Account& account, std::string_view cookie);

  const Context context_;
  LineLimit refusal_lines_;
};

}  // namespace daruma::console
