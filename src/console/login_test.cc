// SPDX-License-Identifier: Apache-2.0
#include "console/login.h"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "console/fake_accounts_for_test.h"
#include "control/fake_clients_for_test.h"

namespace daruma::console {
namespace {

struct FakeChecker final : PasswordChecker {
  bool check(std::string password, std::string hash, Done done) override {
    if (full) return false;
    asked.push_back({std::move(password), std::move(hash), std::move(done)});
    return true;
  }
  struct Question {
    std::string password;
    std::string hash;
    Done done;
  };
  std::deque<Question> asked;
  bool full = false;
};

struct Answer {
  int status = 0;
  std::string head;
  nlohmann::json body;
  std::string cookie;  // as a browser sends it back
};

struct LoginTest : testing::Test {
  LoginTest() {
    accounts.add({AccountKind::user, "ada", true, "hash of ada's"});
    accounts.add({AccountKind::user, "bob", false, "hash of bob's"});
    accounts.add({AccountKind::access_key, "AKIDEXAMPLE", true, "wJalrXUtnFEMI"});
    gate.add(http::Method::get, "/console/look", Access::session, say_name);
    gate.add(http::Method::post, "/console/change", Access::change, say_name);
    gate.add(http::Method::post, "/console/reload", Access::admin, say_name);
    server = std::move(
        *control::AdminServer::open(loop, Address::v4({127, 0, 0, 1}, 9090), gate.routes()));
  }
  static void say_name(const Visit& visit, control::AdminResponder responder) {
    responder.send(json_response("{\"name\": \"" + visit.session->name + "\"}"));
  }

  static Answer parse(const std::string& text) {
    Answer answer;
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return answer;
    answer.status = std::stoi(text.substr(9, 3));
    answer.head = text.substr(0, end + 2);
    answer.body = nlohmann::json::parse(text.substr(end + 4), nullptr, false);
    const size_t cookie = answer.head.find("Set-Cookie: ");
    if (cookie != std::string::npos)
      answer.cookie = answer.head.substr(cookie + 12, answer.head.find(';', cookie) - cookie - 12);
    return answer;
  }
  // On a connection of its own, which stays open until the test ends.
  Answer ask(const std::string& line, const std::string& fields = "",
             const std::string& body = "") {
    clients.push_back(std::make_unique<control::FakeClient>(loop));
    clients.back()->send(line + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields +
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return parse(clients.back()->take_received());
  }
  Answer later() { return parse(clients.back()->take_received()); }
  Answer log_in(const std::string& body, const std::string& type = "application/json") {
    return ask("POST /console/session", "Content-Type: " + type + "\r\n", body);
  }
  Answer log_in_with_key() {
    return log_in(R"({"access_key_id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI"})");
  }
  static std::string with(const Answer& login, bool token = true) {
    std::string fields = "Cookie: " + login.cookie + "\r\n";
    if (token) fields += "X-Daruma-Csrf: " + login.body["csrf_token"].get<std::string>() + "\r\n";
    return fields;
  }

  std::string host = "localhost:9090";
  control::FakeServerLoop loop;
  const Log log = Log::silent();
  FakeAccounts accounts;
  FakeChecker passwords;
  api::AuditTrail audit{log};
  api::FailureDelay failure_delay{loop};
  Sessions sessions{loop, accounts};
  Gate gate{sessions, 9090};
  Login login{{loop, accounts, sessions, gate, passwords, audit, failure_delay, true}};
  std::unique_ptr<control::AdminServer> server;
  std::vector<std::unique_ptr<control::FakeClient>> clients;
};

TEST_F(LoginTest, an_access_key_logs_in_by_its_secret) {
  EXPECT_EQ(ask("GET /console/look").status, 401);
  const Answer answer = log_in_with_key();
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["name"], "AKIDEXAMPLE");
  EXPECT_EQ(answer.body["role"], "admin");
  EXPECT_EQ(answer.body["authentication"], "sigv4");
  EXPECT_EQ(answer.body["can_change"], true);
  EXPECT_NE(answer.head.find("; Path=/console; HttpOnly; SameSite=Strict\r\n"), std::string::npos);
  EXPECT_TRUE(answer.cookie.starts_with("daruma_session_9090="));
  EXPECT_EQ(ask("GET /console/look", with(answer)).body["name"], "AKIDEXAMPLE");
  EXPECT_EQ(ask("GET /console/session", with(answer)).body, answer.body);
  EXPECT_EQ(audit.newest_last().back().action, "ConsoleLogin");
  EXPECT_EQ(audit.newest_last().back().caller, "AKIDEXAMPLE");
}

TEST_F(LoginTest, a_user_logs_in_by_password) {
  EXPECT_EQ(log_in(R"({"user": "ada", "password": "correct horse"})").status, 0);
  ASSERT_EQ(passwords.asked.size(), 1u);
  EXPECT_EQ(passwords.asked[0].password, "correct horse");
  EXPECT_EQ(passwords.asked[0].hash, "hash of ada's");
  passwords.asked[0].done(true);
  const Answer answer = later();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(ask("GET /console/look", with(answer)).body["name"], "ada");
}

TEST_F(LoginTest, says_the_same_whatever_is_wrong) {
  const Answer unknown_key = log_in(R"({"access_key_id": "AKIDOTHER", "secret": "x"})");
  const Answer wrong_secret = log_in(R"({"access_key_id": "AKIDEXAMPLE", "secret": "x"})");
  const Answer no_secret = log_in(R"({"access_key_id": "AKIDEXAMPLE"})");
  log_in(R"({"user": "ada", "password": "wrong"})");
  passwords.asked[0].done(false);
  const Answer wrong_password = later();
  log_in(R"({"user": "eve", "password": "any"})");
  EXPECT_EQ(passwords.asked[1].hash, "hash of ada's");  // and takes as long
  passwords.asked[1].done(false);
  const Answer unknown_user = later();
  for (const Answer& answer :
       {unknown_key, wrong_secret, no_secret, wrong_password, unknown_user}) {
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, unknown_key.body);
    EXPECT_EQ(answer.cookie, "");
  }
  EXPECT_EQ(sessions.size(), 0u);
  EXPECT_TRUE(audit.newest_last().empty());
}

TEST_F(LoginTest, one_kind_of_account_is_none_of_the_other) {
  EXPECT_EQ(log_in(R"({"access_key_id": "ada", "secret": "hash of ada's"})").status, 401);
  log_in(R"({"user": "AKIDEXAMPLE", "password": "wJalrXUtnFEMI"})");
  passwords.asked[0].done(true);
  EXPECT_EQ(later().status, 401);
}

TEST_F(LoginTest, who_guesses_waits) {
  for (size_t i = 0; i < api::FailureDelay::free_failures; ++i)
    EXPECT_EQ(log_in(R"({"access_key_id": "AKIDEXAMPLE", "secret": "x"})").status, 401);
  EXPECT_EQ(log_in(R"({"access_key_id": "AKIDEXAMPLE", "secret": "x"})").status, 0);
  loop.run_for(api::FailureDelay::delay);
  EXPECT_EQ(later().status, 401);
  EXPECT_EQ(log_in_with_key().status, 200);  // who knows does not
}

TEST_F(LoginTest, who_guesses_at_passwords_waits_before_they_are_checked) {
  const auto guess = [this] { return log_in(R"({"user": "ada", "password": "x"})").status; };
  for (size_t i = 0; i < api::FailureDelay::free_failures; ++i) {
    guess();
    passwords.asked.back().done(false);
    EXPECT_EQ(later().status, 401);
  }
  const size_t checked = passwords.asked.size();
  EXPECT_EQ(guess(), 0);
  EXPECT_EQ(passwords.asked.size(), checked) << "it takes nobody's turn";
  loop.run_for(api::FailureDelay::delay);
  ASSERT_EQ(passwords.asked.size(), checked + 1);
  passwords.asked.back().done(false);
  EXPECT_EQ(later().status, 401) << "and has waited then";
}

TEST_F(LoginTest, refuses_what_is_no_login) {
  EXPECT_EQ(log_in("").status, 400);
  EXPECT_EQ(log_in("[]").status, 400);
  EXPECT_EQ(log_in("{}").status, 400);
  EXPECT_EQ(log_in(R"({"user": 1, "password": "x"})").status, 400);
  EXPECT_EQ(log_in(R"({"user": "ada", "access_key_id": "AKIDEXAMPLE"})").status, 400);
  // A form that somebody else's page sends cannot have this type.
  EXPECT_EQ(
      log_in(R"({"access_key_id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI"})", "text/plain").status,
      400);
}

TEST_F(LoginTest, does_not_queue_passwords_without_end) {
  passwords.full = true;
  EXPECT_EQ(log_in(R"({"user": "ada", "password": "correct horse"})").status, 503);
  for (size_t i = 1; i < api::FailureDelay::free_failures; ++i)
    log_in(R"({"user": "ada", "password": "x"})");
  EXPECT_EQ(log_in(R"({"user": "ada", "password": "x"})").status, 0);  // and slows down
  loop.run_for(api::FailureDelay::delay);
  EXPECT_EQ(later().status, 503);
}

// Its password is somebody's, by chance or because it was tried.
TEST_F(LoginTest, an_unknown_user_does_not_get_in_with_somebodys_password) {
  log_in(R"({"user": "eve", "password": "ada's"})");
  passwords.asked[0].done(true);
  EXPECT_EQ(later().status, 401);
  EXPECT_EQ(sessions.size(), 0u);
}

TEST_F(LoginTest, an_account_that_goes_meanwhile_does_not_get_in) {
  log_in(R"({"user": "ada", "password": "correct horse"})");
  accounts.remove(AccountKind::user, "ada");
  passwords.asked[0].done(true);
  EXPECT_EQ(later().status, 401);
}

TEST_F(LoginTest, nobody_logs_in_where_nobody_has_to) {
  accounts.all.clear();
  accounts.add({.may_change = true});
  const Answer answer = ask("GET /console/session");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["authentication"], "none");
  EXPECT_EQ(answer.body["role"], "admin");
  EXPECT_EQ(ask("POST /console/change", with(answer)).status, 200);
  accounts.all.clear();  // from now on somebody has to
  EXPECT_EQ(ask("POST /console/change", with(answer)).status, 401);
}

TEST_F(LoginTest, a_change_brings_the_token) {
  const Answer answer = log_in_with_key();
  EXPECT_EQ(ask("POST /console/change", with(answer)).status, 200);
  const Answer without = ask("POST /console/change", with(answer, false));
  EXPECT_EQ(without.status, 403);
  EXPECT_EQ(without.body["error"]["code"], "CsrfTokenMissing");
  EXPECT_EQ(ask("POST /console/change", with(answer, false) + "X-Daruma-Csrf: \r\n").status, 403);
  const Answer other = log_in_with_key();
  EXPECT_EQ(ask("POST /console/change", "Cookie: " + answer.cookie + "\r\nX-Daruma-Csrf: " +
                                            other.body["csrf_token"].get<std::string>() + "\r\n")
                .status,
            403);
  EXPECT_EQ(ask("GET /console/look", with(answer, false)).status, 200);
}

TEST_F(LoginTest, the_role_decides) {
  log_in(R"({"user": "bob", "password": "x"})");
  passwords.asked[0].done(true);
  const Answer bob = later();
  EXPECT_EQ(bob.body["role"], "read-only");
  EXPECT_EQ(bob.body["can_change"], false);
  EXPECT_EQ(ask("GET /console/look", with(bob)).status, 200);
  EXPECT_EQ(ask("POST /console/change", with(bob)).status, 200);  // the API looks at the role
  EXPECT_EQ(ask("POST /console/reload", with(bob)).body["error"]["code"], "AccessDenied");
  EXPECT_EQ(ask("POST /console/reload", with(log_in_with_key())).status, 200);
}

TEST_F(LoginTest, logs_out) {
  const Answer answer = log_in_with_key();
  EXPECT_EQ(ask("DELETE /console/session", with(answer, false)).status, 403);
  const Answer out = ask("DELETE /console/session", with(answer));
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(out.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(out.cookie, "daruma_session_9090=");
  EXPECT_NE(out.head.find("; Max-Age=0\r\n"), std::string::npos);
  EXPECT_EQ(ask("GET /console/look", with(answer)).status, 401);
}

TEST_F(LoginTest, another_ports_cookie_is_not_ours) {
  const Answer answer = log_in_with_key();
  const std::string token = answer.cookie.substr(answer.cookie.find('=') + 1);
  EXPECT_EQ(ask("GET /console/look", "Cookie: daruma_session_9091=" + token + "\r\n").status, 401);
}

// Tunnels from one machine to two nodes: the browser sees localhost:9191 and localhost:9192.
TEST_F(LoginTest, the_cookie_goes_by_the_port_that_the_browser_uses) {
  struct Row {
    const char* host;
    const char* cookie;
  };
  const Row rows[] = {
      {"localhost:9191", "daruma_session_9191="}, {"127.0.0.1:9192", "daruma_session_9192="},
      {"[::1]:9193", "daruma_session_9193="},     {"[::1]", "daruma_session_9090="},
      {"localhost", "daruma_session_9090="},
  };
  for (const Row& row : rows) {
    host = row.host;
    const Answer answer = log_in_with_key();
    EXPECT_EQ(answer.status, 200) << row.host;
    EXPECT_TRUE(answer.cookie.starts_with(row.cookie)) << row.host << ' ' << answer.cookie;
    EXPECT_EQ(ask("GET /console/look", with(answer)).status, 200) << row.host;
    EXPECT_TRUE(ask("DELETE /console/session", with(answer)).cookie.starts_with(row.cookie));
  }
}

TEST_F(LoginTest, tells_browsers_to_load_nothing_else) {
  const Answer answer = ask("GET /console/look");
  EXPECT_NE(answer.head.find("Content-Security-Policy: default-src 'none'; script-src 'self';"),
            std::string::npos);
  EXPECT_NE(answer.head.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_NE(answer.head.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(answer.head.find("Referrer-Policy: no-referrer\r\n"), std::string::npos);
  EXPECT_EQ(answer.head.find("unsafe"), std::string::npos);
}

}  // namespace
}  // namespace daruma::console
