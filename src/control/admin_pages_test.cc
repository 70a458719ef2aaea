// SPDX-License-Identifier: Apache-2.0
#include "control/admin_pages.h"

#include <gtest/gtest.h>

#include "control/fake_clients_for_test.h"

namespace daruma::control {
namespace {

using Outcome = AdminBackend::ReloadAnswer::Outcome;

struct FakeBackend final : AdminBackend {
  std::string metrics() override { return "daruma_draining 0\n"; }
  Health health() override { return health_now; }
  std::string authorities_pem() override { return authorities; }
  std::string targets_json() override { return "{\"targets\":0}\n"; }
  std::string config_json() override { return "{\"config\":0}\n"; }
  void reload(std::function<void(ReloadAnswer)> done) override { reloads.push_back(done); }
  void explain(model::StoryQuery query, Inquiries::Done done) override {
    Findings findings{
        .query = query, .stories = {}, .kept = {}, .workers = 1, .workers_answered = 1};
    if (query.what != "unknown") findings.stories.emplace_back().trace_id = "Root=" + query.what;
    done(findings);
  }
  std::vector<Advice> advice() override {
    return {{"app", "127.0.0.2:80", AdviceKind::raise_workers, "Do."}};
  }
  std::string zonal_shifts_json() override { return "{\"items\":[]}\n"; }
  void shift(Controller::ShiftRequest what, const ZonalShiftDesk::Request& request,
             std::function<void(ShiftAnswer)> done) override {
    shifts.push_back(std::to_string(static_cast<int>(what)) + " " + request.load_balancer + " " +
                     request.zone + " " + request.expires + " " + request.comment);
    done({request.zone == "zone-x" ? 404 : 200, "shifted\n"});
  }
  std::string authorities;
  std::vector<std::string> shifts;
  Health health_now{true, ""};
  std::vector<std::function<void(ReloadAnswer)>> reloads;
};

struct AdminPagesTest : testing::Test {
  std::string ask(const std::string& line) {
    FakeClient client(loop);
    client.send(line + " HTTP/1.1\r\nHost: 127.0.0.1:9090\r\nContent-Length: 0\r\n\r\n");
    return client.take_received();
  }
  static std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
  FakeServerLoop loop;
  FakeBackend backend;
  AdminPages pages{backend};
  std::unique_ptr<AdminServer> server =
      std::move(*AdminServer::open(loop, Address::v4({127, 0, 0, 1}, 9090), pages.routes()));
};

TEST_F(AdminPagesTest, tells_whom_to_trust_once_there_is_somebody) {
  EXPECT_EQ(ask("GET /local-authority.pem").substr(9, 3), "404");
  backend.authorities = "-----BEGIN CERTIFICATE-----\n";
  const std::string answer = ask("GET /local-authority.pem");
  EXPECT_NE(answer.find("Content-Type: application/x-pem-file\r\n"), std::string::npos) << answer;
  EXPECT_EQ(body_of(answer), backend.authorities);
}

TEST_F(AdminPagesTest, shows_what_the_backend_says) {
  struct Row {
    const char* path;
    const char* type;
    const char* body;
  };
  const Row rows[] = {
      {"/metrics", "text/plain; version=0.0.4; charset=utf-8", "daruma_draining 0\n"},
      {"/healthz", "text/plain; charset=utf-8", "ok\n"},
      {"/targets", "application/json", "{\"targets\":0}\n"},
      {"/config", "application/json", "{\"config\":0}\n"},
  };
  for (const Row& row : rows) {
    const std::string answer = ask(std::string("GET ") + row.path);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find(std::string("\r\nContent-Type: ") + row.type + "\r\n"), std::string::npos)
        << answer;
    EXPECT_EQ(body_of(answer), row.body);
  }
}

TEST_F(AdminPagesTest, the_index_names_every_page) {
  const std::string body = body_of(ask("GET /"));
  for (const AdminRoute& route : pages.routes()) {
    EXPECT_NE(body.find(" " + route.path + " "), std::string::npos) << route.path << "\n" << body;
  }
}

TEST_F(AdminPagesTest, a_node_that_does_not_serve_says_why) {
  backend.health_now = {false, "draining"};
  const std::string answer = ask("GET /healthz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(body_of(answer), "draining\n");
}

TEST_F(AdminPagesTest, a_reload_is_answered_when_it_is_done) {
  const std::pair<Outcome, const char*> rows[] = {{Outcome::complete, "HTTP/1.1 200 "},
                                                  {Outcome::incomplete, "HTTP/1.1 500 "},
                                                  {Outcome::refused, "HTTP/1.1 400 "}};
  for (const auto& [outcome, status] : rows) {
    FakeClient client(loop);
    client.send("POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(client.take_received(), "");
    ASSERT_EQ(backend.reloads.size(), 1u);
    backend.reloads[0]({outcome, "what happened\n"});
    backend.reloads.clear();
    const std::string answer = client.take_received();
    EXPECT_TRUE(answer.starts_with(status)) << answer;
    EXPECT_EQ(body_of(answer), "what happened\n");
  }
}

TEST_F(AdminPagesTest, explains_in_json_or_for_people) {
  struct Row {
    const char* query;
    const char* status;
    const char* type;
    const char* mentions;
  };
  const Row rows[] = {
      {"trace_id=1", "200", "application/json", "\"trace_id\": \"Root=1\""},
      {"trace_id=1&format=text", "200", "text/plain; charset=utf-8", "trace id    Root=1\n"},
      {"trace_id=unknown", "404", "application/json", "\"stories\": []"},
      {"trace_id=unknown&format=text", "404", "text/plain; charset=utf-8",
       "No story of a request with the trace id unknown"},
      {"target=unknown", "200", "application/json", "\"stories\": []"},
      {"last_errors=0", "400", "text/plain; charset=utf-8", "from 1 to 100"},
  };
  for (const Row& row : rows) {
    const std::string answer = ask(std::string("GET /explain?") + row.query);
    EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 ") + row.status + " ")) << answer;
    EXPECT_NE(answer.find(std::string("\r\nContent-Type: ") + row.type + "\r\n"), std::string::npos)
        << answer;
    EXPECT_NE(body_of(answer).find(row.mentions), std::string::npos) << answer;
  }
}

TEST_F(AdminPagesTest, advises_in_json_or_for_people) {
  EXPECT_EQ(body_of(ask("GET /advice?format=text")), "app: Do.\n");
  const std::string json = body_of(ask("GET /advice"));
  EXPECT_NE(json.find("\"advice\": \"raise_workers\""), std::string::npos) << json;
  EXPECT_TRUE(ask("GET /advice?format=xml").starts_with("HTTP/1.1 400 "));
}

TEST_F(AdminPagesTest, shifts_traffic) {
  EXPECT_EQ(body_of(ask("GET /zonal-shifts")), "{\"items\":[]}\n");
  EXPECT_TRUE(ask("POST /zonal-shifts/start?load_balancer=web&zone=zone-a&expires=2h&comment=a%20b")
                  .starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(
      ask("POST /zonal-shifts/extend?load_balancer=web&expires=1h").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(body_of(ask("POST /zonal-shifts/cancel?load_balancer=web")), "shifted\n");
  EXPECT_EQ(backend.shifts,
            (std::vector<std::string>{"0 web zone-a 2h a b", "1 web  1h ", "2 web   "}));
  EXPECT_TRUE(ask("POST /zonal-shifts/start?load_balancer=web&zone=zone-x&expires=2h")
                  .starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(ask("POST /zonal-shifts/start?lb=web")),
            "'lb' is none of load_balancer, zone, expires and comment\n");
  EXPECT_TRUE(ask("GET /zonal-shifts/start?load_balancer=web").starts_with("HTTP/1.1 405 "));
}

TEST_F(AdminPagesTest, reading_a_page_changes_nothing) {
  EXPECT_TRUE(ask("GET /reload").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(backend.reloads.empty());
}

}  // namespace
}  // namespace daruma::control
