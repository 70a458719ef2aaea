// SPDX-License-Identifier: Apache-2.0
#include "control/controller_backend.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "control/letter_loop_for_test.h"

namespace daruma::control {
namespace {

using Outcome = AdminBackend::ReloadAnswer::Outcome;
using Json = nlohmann::json;

struct SilentWorker final : io::Mailbox<model::WorkerLetter>::Reader {
  void on_letter(model::WorkerLetter) override {}
};
struct NoLookup final : NameLookup {
  void ask(const std::string&, NameTurn, io::Mailbox<NameAnswer>&) override {}
};

constexpr const char* first_config = R"(
Node: {AvailabilityZone: zone-a}
TargetGroups:
  - Name: app
    Protocol: HTTP
    Port: 80
    Targets: [{Id: 192.0.2.1, AvailabilityZone: zone-a}, {Id: 192.0.2.2, Port: 81}]
Certificates: [{Name: site, CertificateFile: site.crt, PrivateKeyFile: site.key}]
LoadBalancers:
  - Name: web
    Listeners:
      - {Port: 8443, Protocol: HTTPS, Certificates: [site],
         DefaultActions: [{Type: forward, TargetGroup: app}]}
)";

std::string file_text(const std::string& name) {
  std::ifstream file(DARUMA_SOURCE_DIR "/src/control/testdata/tls/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A controller with one worker, which adopts when the test says so.
struct ControllerBackendTest : testing::Test {
  ControllerBackendTest() {
    EXPECT_EQ(to_text(controller.load()), "");
    controller.connect({&worker}, nullptr);
    loop.settle();
  }
  Surroundings surroundings() {
    Surroundings with = Surroundings::system(
        [] { return WallTime(std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)); });
    with.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return fail("No such file or directory");
      return found->second;
    };
    return with;
  }
  void adopt(uint64_t revision, const std::string& problem = "") {
    counters->snapshot_revision.set(static_cast<int64_t>(revision));
    controller.mailbox().post(adopted_letter(0, revision, problem));
    loop.settle();
  }
  std::vector<AdminBackend::ReloadAnswer> reload_and(const std::function<void()>& then) {
    std::vector<AdminBackend::ReloadAnswer> answers;
    backend->reload([&answers](AdminBackend::ReloadAnswer answer) { answers.push_back(answer); });
    loop.settle();
    then();
    return answers;
  }

  LetterLoop loop;
  const Log log = Log::silent();
  NoLookup lookup;
  std::map<std::string, std::string> files{{"d.yaml", first_config},
                                           {"site.crt", file_text("site.crt")},
                                           {"site.key", file_text("site.key")}};
  Controller controller{{loop, log, lookup},
                        {"d.yaml", "", surroundings(), [](const Address&) { return ""; }}};
  SilentWorker reader;
  io::Mailbox<model::WorkerLetter> worker{loop, reader};
  telemetry::Registry registry;
  std::shared_ptr<telemetry::WorkerCounters> counters = registry.add(telemetry::WorkerLabels{0});
  telemetry::LogTotals log_totals;
  std::unique_ptr<ControllerBackend> backend = std::make_unique<ControllerBackend>(
      ControllerBackendContext{loop, controller, registry, &log_totals, "0.1.0"});
};

TEST_F(ControllerBackendTest, is_healthy_while_every_worker_serves) {
  EXPECT_FALSE(backend->health().ok);
  EXPECT_EQ(backend->health().reason, "starting: 0 of 1 workers serve a configuration");
  adopt(1);
  EXPECT_TRUE(backend->health().ok);
  struct Observer final : StopObserver {
    void on_all_stopped() override {}
  } observer;
  controller.drain(30s, observer);
  EXPECT_FALSE(backend->health().ok);
  EXPECT_EQ(backend->health().reason, "draining: this node is stopping");
  EXPECT_NE(backend->metrics().find("\ndaruma_draining 1\n"), std::string::npos);
}

TEST_F(ControllerBackendTest, is_not_healthy_while_a_listener_does_not_listen) {
  adopt(1, "cannot listen");
  EXPECT_FALSE(backend->health().ok);
  EXPECT_EQ(backend->health().reason, "listener web:8080: cannot listen");
  adopt(1);
  EXPECT_TRUE(backend->health().ok);
}

// A name that nobody has looked up yet keeps a reload waiting, but no zonal shift; what a worker
// could not adopt is a note.
TEST_F(ControllerBackendTest, answers_a_zonal_shift_when_every_worker_goes_by_it) {
  std::string text = first_config;
  text.replace(text.find("192.0.2.2"), 9, "db.internal");
  text.replace(text.find("    Listeners"), 0,
               "    Attributes: {zonal_shift.config.enabled: true}\n");
  files["d.yaml"] = text;
  backend->reload([](const AdminBackend::ReloadAnswer&) {});
  loop.settle();
  adopt(2);
  std::vector<AdminBackend::ShiftAnswer> answers;
  const auto shift = [&](Controller::ShiftRequest what) {
    backend->shift(
        what, {"web", "zone-a", "1h", ""},
        [&answers](const AdminBackend::ShiftAnswer& answer) { answers.push_back(answer); });
    loop.settle();
  };
  shift(Controller::ShiftRequest::start);
  EXPECT_TRUE(answers.empty());
  adopt(3, "cannot listen");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 200);
  EXPECT_EQ(answers[0].text,
            "traffic of load balancer web is shifted away from zone-a for 1h 0m\n"
            "note: listener web:8080: cannot listen\n"
            "note: target db.internal has no address: no answer yet\n");
  shift(Controller::ShiftRequest::cancel);
  loop.run_for(2s);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].status, 500);
  EXPECT_NE(answers[1].text.find("not by every worker yet:\n"), std::string::npos);
}

TEST_F(ControllerBackendTest, shows_targets_in_the_words_of_the_api) {
  controller.mailbox().post(model::HealthLetter{
      {"app", "192.0.2.1", 80},
      {model::HealthState::unhealthy, model::HealthReason::timeout, "Request \xff timed out"}});
  loop.settle();
  const Json json = Json::parse(backend->targets_json());
  const Json& group = json["TargetGroups"][0];
  EXPECT_EQ(group["TargetGroupName"], "app");
  EXPECT_EQ(group["Protocol"], "HTTP");
  const Json& first = group["TargetHealthDescriptions"][0];
  EXPECT_EQ(first["Target"],
            (Json{{"Id", "192.0.2.1"}, {"Port", 80}, {"AvailabilityZone", "zone-a"}}));
  EXPECT_EQ(first["TargetHealth"], (Json{{"State", "unhealthy"},
                                         {"Reason", "Target.Timeout"},
                                         {"Description", "Request \xEF\xBF\xBD timed out"}}));
  EXPECT_EQ(first["Addresses"], Json{"192.0.2.1:80"});
  EXPECT_EQ(first["Saturated"], false);
  EXPECT_EQ(first["AnomalyDetection"]["Result"], "normal");
  EXPECT_EQ(first["AnomalyDetection"]["MitigationInEffect"], "no");
  EXPECT_EQ(group["TargetHealthDescriptions"][1]["TargetHealth"]["State"], "initial");
}

TEST_F(ControllerBackendTest, shows_which_targets_are_saturated) {
  controller.mailbox().post(model::HealthLetter{{"app", "192.0.2.1", 80},
                                                {.state = model::HealthState::healthy,
                                                 .reason = model::HealthReason::none,
                                                 .description = "Saturated: new connections wait",
                                                 .saturated = true}});
  loop.settle();
  const Json targets =
      Json::parse(backend->targets_json())["TargetGroups"][0]["TargetHealthDescriptions"];
  EXPECT_EQ(targets[0]["Saturated"], true);
  EXPECT_EQ(targets[1]["Saturated"], false);
}

TEST_F(ControllerBackendTest, shows_which_targets_are_anomalous) {
  controller.mailbox().post(model::AnomalyLetter{{"app", "192.0.2.1", 80}, true, true});
  controller.mailbox().post(model::AnomalyLetter{{"app", "192.0.2.77", 80}, true, false});
  loop.settle();
  const Json targets =
      Json::parse(backend->targets_json())["TargetGroups"][0]["TargetHealthDescriptions"];
  EXPECT_EQ(targets[0]["AnomalyDetection"],
            (Json{{"Result", "anomalous"}, {"MitigationInEffect", "yes"}}));
  EXPECT_EQ(targets[1]["AnomalyDetection"]["Result"], "normal");
  const std::string labels = "{target_group=\"app\",target=\"192.0.2.1:80\",az=\"zone-a\"} 1";
  EXPECT_NE(backend->metrics().find("daruma_target_anomalous" + labels), std::string::npos);
  EXPECT_NE(backend->metrics().find("daruma_target_mitigated" + labels), std::string::npos);
}

TEST_F(ControllerBackendTest, shows_what_servers_tell_of_themselves_where_they_are_asked) {
  const auto targets = [this] {
    return Json::parse(backend->targets_json())["TargetGroups"][0]["TargetHealthDescriptions"];
  };
  EXPECT_FALSE(targets()[0].contains("ServerStatus"));
  const auto serve = [this](const std::string& text) {
    files["d.yaml"] = text;
    backend->reload([](const AdminBackend::ReloadAnswer&) {});
    loop.settle();
  };
  std::string asking = first_config;
  asking.replace(asking.find("    Targets"), 0,
                 "    Attributes: {daruma.target_status_path: /server-status}\n");
  serve(asking);
  model::ServerStatus status;
  status.latest = *model::parse_scoreboard("BusyWorkers: 1\nIdleWorkers: 1\nScoreboard: W_\n");
  status.at = loop.now();
  controller.mailbox().post(model::ServerStatusLetter{{"app", "192.0.2.1", 80}, status});
  loop.settle();
  EXPECT_EQ(targets()[0]["ServerStatus"]["Latest"]["BusyWorkers"], 1);
  EXPECT_EQ(targets()[1]["ServerStatus"]["Latest"], nullptr);
  serve(first_config);
  EXPECT_FALSE(targets()[0].contains("ServerStatus"));
}

TEST_F(ControllerBackendTest, shows_what_was_deregistered_as_draining) {
  std::string fewer = first_config;
  const std::string gone = "{Id: 192.0.2.1, AvailabilityZone: zone-a}, ";
  files["d.yaml"] = fewer.erase(fewer.find(gone), gone.size());
  controller.reload(nullptr);
  loop.settle();
  const Json targets =
      Json::parse(backend->targets_json())["TargetGroups"][0]["TargetHealthDescriptions"];
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[1]["Target"]["Id"], "192.0.2.1");
  EXPECT_EQ(targets[1]["TargetHealth"]["State"], "draining");
  EXPECT_EQ(targets[1]["TargetHealth"]["Reason"], "Target.DeregistrationInProgress");
  EXPECT_NE(backend->metrics().find("daruma_target_health_state{target_group=\"app\",target="
                                    "\"192.0.2.1:80\",az=\"zone-a\",state=\"draining\"} 1"),
            std::string::npos);
}

TEST_F(ControllerBackendTest, shows_revisions_and_the_last_load) {
  adopt(1);
  Json json = Json::parse(backend->config_json());
  EXPECT_EQ(json["AvailabilityZone"], "zone-a");
  EXPECT_EQ(json["Revision"], 1);
  EXPECT_EQ(json["RevisionEverywhere"], 1);
  EXPECT_EQ(json["Workers"], Json::parse(R"([{"Worker": 0, "Revision": 1}])"));
  EXPECT_EQ(json["LastLoad"]["Applied"], true);
  EXPECT_EQ(json["LastLoad"]["At"], json["LastLoad"]["AppliedAt"]);
  loop.run_for(90s);
  files["d.yaml"] = "LoadBalancers: 5\n";
  reload_and([] {});
  json = Json::parse(backend->config_json());
  EXPECT_EQ(json["Revision"], 1);
  EXPECT_EQ(json["LastLoad"]["Applied"], false);
  EXPECT_EQ(json["LastLoad"]["At"], "2026-10-03T01:01:30Z");
  EXPECT_EQ(json["LastLoad"]["AppliedAt"], "2026-10-03T01:00:00Z");
  EXPECT_EQ(json["LoadsApplied"], 1);
  EXPECT_EQ(json["LoadsRefused"], 1);
}

TEST_F(ControllerBackendTest, answers_a_reload_by_its_outcome) {
  adopt(1);
  auto answers = reload_and([this] { adopt(2); });
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].outcome, Outcome::complete);
  EXPECT_NE(answers[0].text.find("revision 2 applied"), std::string::npos) << answers[0].text;

  answers = reload_and([this] { adopt(3, "it is in use"); });
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].outcome, Outcome::incomplete);
  EXPECT_NE(answers[0].text.find("it is in use"), std::string::npos) << answers[0].text;
  EXPECT_NE(backend->metrics().find("\ndaruma_config_problems 1\n"), std::string::npos);

  answers = reload_and([this] { loop.run_for(Controller::reload_timeout); });
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].outcome, Outcome::incomplete) << "a worker does not answer";

  files["d.yaml"] = "LoadBalancers: 5\n";
  answers = reload_and([] {});
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].outcome, Outcome::refused);
  EXPECT_TRUE(answers[0].text.starts_with("d.yaml:1:")) << answers[0].text;
}

TEST_F(ControllerBackendTest, may_end_while_a_reload_is_under_way) {
  adopt(1);
  const auto answers = reload_and([this] {
    backend.reset();
    adopt(2);
  });
  EXPECT_TRUE(answers.empty());
}

TEST_F(ControllerBackendTest, metrics_tell_the_controllers_view) {
  adopt(1);
  log_totals.lines_lost.add(3);
  loop.run_for(60s);
  const std::string text = "\n" + backend->metrics();
  for (const char* line : {
           "daruma_build_info{version=\"0.1.0\"} 1",
           "daruma_config_revision 1",
           "daruma_config_age_seconds 60",
           "daruma_config_last_load_success 1",
           "daruma_worker_snapshot_revision{worker=\"0\"} 1",
           "daruma_log_lines_lost_total 3",
           "daruma_draining 0",
           "daruma_target_health_state{target_group=\"app\",target=\"192.0.2.2:81\",az=\"\","
           "state=\"initial\"} 1",
       }) {
    EXPECT_NE(text.find(std::string("\n") + line + "\n"), std::string::npos) << line << text;
  }
  const auto facts =
      tls::describe_certificate({"site", file_text("site.crt"), file_text("site.key")});
  ASSERT_TRUE(facts.has_value());
  const auto end =
      std::chrono::duration_cast<std::chrono::seconds>(facts->not_after.time_since_epoch());
  const std::string expiry =
      "\ndaruma_certificate_expiry_timestamp_seconds{certificate=\"site\"} " +
      std::to_string(end.count()) + "\n";
  EXPECT_NE(text.find(expiry), std::string::npos) << expiry << text;
  EXPECT_EQ(backend->metrics(), text.substr(1)) << "the same from what it remembers";
}

}  // namespace
}  // namespace daruma::control
