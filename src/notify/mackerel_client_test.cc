// SPDX-License-Identifier: Apache-2.0
#include "notify/mackerel_client.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "telemetry/temporary_directory.h"

namespace daruma::notify {
namespace {

using Json = nlohmann::json;

const WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3);

// Mackerel as far as its API is documented, in memory.
class FakeMackerel final : public HttpSender {
 public:
  Result<HttpReply> send(const HttpRequest& request) override {
    requests.push_back(request.method + " " + request.url.substr(base.size()));
    if (away) return fail("no route");
    if (status != 0) return HttpReply{status, "", retry_after};
    EXPECT_EQ(request.fields.at(0).first, "X-Api-Key");
    const std::string path = request.url.substr(base.size());
    const Json body = request.body.empty() ? Json() : Json::parse(request.body);
    if (path == "/api/v0/tsdb") return take_points(body);
    if (path == "/api/v0/hosts") return make(body);
    if (path.starts_with("/api/v0/hosts-by-custom-identifier/"))
      return show(id_of(path.substr(path.rfind('/') + 1)));
    if (path.ends_with("/retire")) {
      hosts[path.substr(14, path.size() - 14 - 7)]["isRetired"] = true;
      return HttpReply{200, "{}"};
    }
    if (path.starts_with("/api/v0/hosts/")) {
      const std::string id = path.substr(14);
      if (request.method == "PUT") hosts.at(id).update(body);
      return show(id);
    }
    if (path == "/api/v0/monitoring/checks/report") {
      EXPECT_LE(body["reports"].size(), 100u);
      for (const Json& report : body["reports"]) reports.push_back(report);
    }
    if (path == "/api/v0/graph-annotations") annotations.push_back(body);
    return HttpReply{200, "{}"};
  }

  std::string id_of(const std::string& custom) const {
    for (const auto& [id, host] : hosts) {
      if (host["customIdentifier"] == custom && !host.value("isRetired", false)) return id;
    }
    return "";
  }
  std::vector<int64_t> times() const {
    std::vector<int64_t> all;
    for (const Json& point : points) all.push_back(point["time"]);
    return all;
  }

  const std::string base = "http://mackerel";
  bool away = false;
  int status = 0;
  Duration retry_after{};
  std::vector<std::string> requests;
  std::map<std::string, Json> hosts;
  std::vector<Json> points;
  std::vector<Json> reports;
  std::vector<Json> annotations;
  int64_t unreadable = 0;  // a time whose points are refused

 private:
  HttpReply show(const std::string& id) const {
    const auto found = hosts.find(id);
    if (found == hosts.end()) return {404, "{}"};
    Json host = found->second;
    host["id"] = id;
    return {200, Json{{"host", host}}.dump()};
  }
  HttpReply make(const Json& body) {
    const std::string id = "host" + std::to_string(hosts.size() + 1);
    hosts[id] = body;
    hosts[id]["isRetired"] = false;
    return {200, Json{{"id", id}}.dump()};
  }
  HttpReply take_points(const Json& body) {
    for (const Json& point : body) {
      const auto host = hosts.find(point["hostId"].get<std::string>());
      if (host == hosts.end() || host->second["isRetired"] == true) return {404, "no such host"};
      if (point["time"] == unreadable) return {400, "what is that"};
    }
    for (const Json& point : body) points.push_back(point);
    return {200, "{}"};
  }
};

struct MackerelClientTest : testing::Test {
  MackerelClientTest() { settings.base_url = mackerel.base; }

  void begin() { client = std::make_unique<MackerelClient>(settings, mackerel, *outbox, log); }
  // A minute of load balancers, one figure each.
  void minute(std::vector<std::string> names = {"web"}) {
    now += 60s;
    wall += 60s;
    telemetry::MackerelMinute minute{wall, {}};
    for (const std::string& name : names)
      minute.load_balancers.push_back({name, name + ".internal", {{"alb.request.count", 7}}});
    client->add(minute);
  }
  void pass(Duration time) {
    now += time;
    wall += std::chrono::duration_cast<WallTime::duration>(time);
  }
  Instant turn() { return client->turn(now, wall); }
  size_t posts() const { return std::ranges::count(mackerel.requests, "POST /api/v0/tsdb"); }

  telemetry::TemporaryDirectory folder;
  MackerelSettings settings{"key", "", "shop", {"lb"}, 60s};
  FakeMackerel mackerel;
  std::unique_ptr<Outbox> outbox = *Outbox::open(folder / "mackerel.db");
  Log log = Log::silent();
  Instant now{1h};
  WallTime wall = start;
  std::unique_ptr<MackerelClient> client;
};

TEST_F(MackerelClientTest, a_load_balancer_is_a_host_known_by_its_dns_name) {
  begin();
  minute();
  EXPECT_EQ(turn(), never);
  ASSERT_EQ(mackerel.hosts.size(), 1u);
  const Json& host = mackerel.hosts["host1"];
  EXPECT_EQ(host["customIdentifier"], "web.internal");
  EXPECT_EQ(host["roleFullnames"], Json::array({"shop:lb"}));
  ASSERT_EQ(mackerel.points.size(), 1u);
  EXPECT_EQ(mackerel.points[0]["name"], "custom.alb.request.count");
  EXPECT_EQ(mackerel.points[0]["value"], 7);
  EXPECT_EQ(mackerel.points[0]["time"], start.time_since_epoch() / 1s + 60);
  // And it is the same one after a restart, and where the data directory was lost.
  outbox = std::make_unique<Outbox>();
  begin();
  minute();
  turn();
  EXPECT_EQ(mackerel.hosts.size(), 1u);
  EXPECT_EQ(mackerel.points.size(), 2u);
}

TEST_F(MackerelClientTest, keeps_what_is_not_taken_and_sends_it_in_few_requests) {
  begin();
  minute();
  turn();
  mackerel.away = true;
  for (int i = 0; i < 600; ++i) {
    minute();
    turn();
  }
  EXPECT_EQ(mackerel.points.size(), 1u);
  // The process ends meanwhile.
  client.reset();
  outbox = *Outbox::open(folder / "mackerel.db");
  begin();
  mackerel.away = false;
  const size_t before = posts();
  minute();
  turn();
  EXPECT_EQ(mackerel.points.size(), 602u);
  EXPECT_EQ(posts(), before + 1);
  EXPECT_TRUE(std::ranges::is_sorted(mackerel.times()));
}

TEST_F(MackerelClientTest, waits_longer_each_time_and_as_long_as_it_is_asked_to) {
  begin();
  mackerel.status = 500;
  minute();
  EXPECT_EQ(turn() - now, 10s);
  pass(10s);
  EXPECT_EQ(turn() - now, 20s);
  const size_t asked = mackerel.requests.size();
  pass(5s);
  turn();
  EXPECT_EQ(mackerel.requests.size(), asked) << "too early";
  for (int i = 0; i < 10; ++i) {
    pass(5min);
    turn();
  }
  EXPECT_EQ(turn() - now, 5min);
  mackerel.status = 429;
  mackerel.retry_after = 600s;
  pass(5min);
  EXPECT_EQ(turn() - now, 600s);
}

TEST_F(MackerelClientTest, sends_no_more_than_a_batch_a_minute) {
  begin();
  minute();
  turn();
  telemetry::MackerelMinute more{wall + 1s, {{"web", "web.internal", {{"alb.request.count", 1}}}}};
  client->add(more);
  const Instant next = turn();
  EXPECT_EQ(posts(), 1u);
  EXPECT_EQ(next - now, 57s);
  pass(57s);
  turn();
  EXPECT_EQ(posts(), 2u);
}

TEST_F(MackerelClientTest, lets_go_of_what_mackerel_would_drop) {
  begin();
  minute();
  turn();
  mackerel.away = true;
  minute();
  turn();
  pass(25h);
  mackerel.away = false;
  minute();
  turn();
  EXPECT_EQ(mackerel.points.size(), 2u);
}

TEST_F(MackerelClientTest, retires_the_host_of_a_deleted_load_balancer_after_its_last_figures) {
  begin();
  minute({"web", "old"});
  turn();
  mackerel.away = true;
  minute({"web", "old"});
  turn();
  mackerel.away = false;
  minute({"web"});
  turn();
  EXPECT_EQ(mackerel.id_of("old.internal"), "");
  EXPECT_NE(mackerel.id_of("web.internal"), "");
  EXPECT_EQ(mackerel.points.size(), 5u);
  // Made again, it is a new host.
  minute({"web", "old"});
  turn();
  EXPECT_NE(mackerel.id_of("old.internal"), "");
}

TEST_F(MackerelClientTest, finds_out_that_somebody_retired_its_host) {
  begin();
  minute();
  turn();
  mackerel.hosts["host1"]["isRetired"] = true;
  minute();
  turn();
  pass(60s);
  turn();
  EXPECT_EQ(mackerel.hosts.size(), 2u);
  EXPECT_EQ(mackerel.points.back()["hostId"], "host2");
  EXPECT_EQ(mackerel.points.size(), 2u);
}

TEST_F(MackerelClientTest, one_minute_that_is_refused_costs_no_other) {
  begin();
  minute();
  turn();
  mackerel.away = true;
  for (int i = 0; i < 3; ++i) minute();
  mackerel.unreadable = (wall - 60s).time_since_epoch() / 1s;
  turn();
  mackerel.away = false;
  for (int i = 0; i < 12; ++i) {
    pass(60s);
    turn();
  }
  EXPECT_EQ(mackerel.points.size(), 3u);
  EXPECT_TRUE(outbox->of("minute").empty());
}

TEST_F(MackerelClientTest, a_report_is_of_a_host_that_knows_the_check) {
  begin();
  client->set_checks({{"web.internal", "daruma-5xx", "made by the balancer"}});
  client->add(CheckReport{"web.internal", "daruma-5xx", "CRITICAL", std::string(2000, 'x'), wall});
  minute();
  turn();
  EXPECT_EQ(mackerel.hosts["host1"]["checks"][0]["name"], "daruma-5xx");
  ASSERT_EQ(mackerel.reports.size(), 1u);
  EXPECT_EQ(mackerel.reports[0]["source"]["hostId"], "host1");
  EXPECT_EQ(mackerel.reports[0]["status"], "CRITICAL");
  EXPECT_LT(mackerel.reports[0]["message"].get<std::string>().size(), 1024u + 2);
}

// Mackerel ignores what is older than six hours: then only how things stand counts, and it is now.
TEST_F(MackerelClientTest, of_old_reports_the_last_is_told_as_of_now) {
  begin();
  minute();
  turn();
  mackerel.away = true;
  client->add(CheckReport{"web.internal", "check", "CRITICAL", "", wall});
  client->add(CheckReport{"web.internal", "check", "OK", "", wall + 1s});
  turn();
  pass(7h);
  mackerel.away = false;
  minute();
  turn();
  ASSERT_EQ(mackerel.reports.size(), 1u);
  EXPECT_EQ(mackerel.reports[0]["status"], "OK");
  EXPECT_EQ(mackerel.reports[0]["occurredAt"], wall.time_since_epoch() / 1s);
}

TEST_F(MackerelClientTest, a_change_is_an_annotation_of_the_service) {
  begin();
  client->add(telemetry::ConfigurationChange{wall, 4, "target group shop: registered 10.0.0.1:80"});
  minute();
  turn();
  ASSERT_EQ(mackerel.annotations.size(), 1u);
  EXPECT_EQ(mackerel.annotations[0]["service"], "shop");
  EXPECT_EQ(mackerel.annotations[0]["from"], start.time_since_epoch() / 1s);
}

TEST_F(MackerelClientTest, what_waits_is_bounded) {
  Outbox box;
  for (int i = 0; i < 10; ++i) box.put("minute", std::to_string(i), std::string(100, 'x'));
  EXPECT_EQ(box.shorten("minute", 450), 6u);
  EXPECT_EQ(box.of("minute").begin()->first, "6");
  EXPECT_EQ(box.shorten("minute", 450), 0u);
}

}  // namespace
}  // namespace daruma::notify
