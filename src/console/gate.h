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

  // `port`: of the admin server. `sessions` outlives it.
  Gate(Sessions& sessions, uint16_t port);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void add(http::Method method, std::string path, Access access, Answer answer);
  // The handlers live as long as this object.
  std::vector<control::AdminRoute> routes();

  // Cookies do not know a host's ports apart (RFC 6265 8.5), so the name does: by the port that the
  // browser uses, which behind a tunnel is not ours. Without one in Host it is the admin server's.
  std::string cookie_name(const control::AdminRequest& request) const;
  // Set-Cookie that begins a session in the browser, and that ends it.
  static std::string cookie_of(std::string_view name, std::string_view token);
  static std::string end_of_cookie(std::string_view name) {
    return cookie_of(name, "") + "; Max-Age=0";
  }

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
  const uint16_t port_;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace daruma::console
