// SPDX-License-Identifier: Apache-2.0
//
// What every page of the console goes through: who asks, by the session's cookie; that a change
// brings the session's token, which no other site's page can know; and the fields that tell the
// browser to load nothing but our own and to show us in no frame. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "console/sessions.h"
#include "control/admin_server.h"

namespace daruma::console {

// Of every answer of the console's own.
control::AdminResponse page_response(std::string content_type, std::string body);
control::AdminResponse json_response(std::string json);
// {"error": {"code", "message"}}
control::AdminResponse error_response(int status, std::string_view code, std::string_view message);

enum class Access : uint8_t {
  anybody,  // the page itself, and the login
  session,  // whoever is logged in
  change,   // the same, with the session's token
  admin,    // the same, whose role is admin
};

struct Visit {
  const control::AdminRequest& request;
  const Session* session;  // null for `anybody` without one
  SessionId id{};          // REQUIRES: session
};

class Gate {
 public:
  using Answer = std::function<void(const Visit&, control::AdminResponder)>;

  // `port`: of the admin server; cookies know a host's ports not apart. `sessions` outlives it.
  Gate(Sessions& sessions, uint16_t port);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void add(http::Method method, std::string path, Access access, Answer answer);
  // The handlers live as long as this object.
  std::vector<control::AdminRoute> routes();

  // Fields' values that begin and end a session in the browser.
  std::string cookie_of(std::string_view token) const;
  std::string end_of_cookie() const { return cookie_of("") + "; Max-Age=0"; }

 private:
  struct Page final : control::AdminHandler {
    void handle(const control::AdminRequest& request, control::AdminResponder responder) override {
      gate->handle(*this, request, std::move(responder));
    }
    Gate* gate = nullptr;
    http::Method method = http::Method::get;
    std::string path;
    Access access = Access::session;
    Answer answer;
  };
  void handle(const Page& page, const control::AdminRequest& request,
              control::AdminResponder responder);

  Sessions& sessions_;
  const std::string cookie_name_;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace daruma::console
