// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <variant>

#include "control/letter_loop_for_test.h"

namespace daruma::control {
namespace {

namespace fs = std::filesystem;

// A worker or prober that keeps what it is told.
template <class Letter>
class Part final : private io::Mailbox<Letter>::Reader {
 public:
  explicit Part(io::Loop& loop) : mailbox(loop, *this) {}
  io::Mailbox<Letter> mailbox;
  model::SnapshotRef snapshot;
  int drains = 0;

 private:
  void on_letter(Letter letter) override {
    if (const auto* fresh = std::get_if<model::SnapshotLetter>(&letter)) snapshot = fresh->snapshot;
    if (std::holds_alternative<model::DrainLetter>(letter)) ++drains;
  }
};
using Worker = Part<model::WorkerLetter>;
using Health = Part<model::HealthThreadLetter>;

class ImmediateLookup final : public NameLookup {
 public:
  void ask(const std::string& name, NameTurn, io::Mailbox<NameAnswer>& answers) override {
    if (address == "slow") return;
    const auto parsed = Address::parse(address, 0);
    answers.post(parsed ? NameAnswer{name, {*parsed}, ""} : NameAnswer{name, {}, address});
  }
  void use_servers(const std::vector<Address>& now) override { servers = now; }
  std::string address = "192.0.2.1";
  std::vector<Address> servers;
};

class Answer final : public ReloadObserver {
 public:
  void on_reloaded(const ReloadResult& result) override { results.push_back(result); }
  std::vector<ReloadResult> results;
};

class ControllerTest : public testing::Test, public StopObserver {
 protected:
  ControllerTest() { fs::remove_all(data_); }
  ~ControllerTest() override { fs::remove_all(data_); }
  void on_all_stopped() override { ++stops_; }

  static std::string config(const std::string& target, const std::string& more = "") {
    return "TargetGroups:\n  - {Name: app, Protocol: HTTP, Port: 80, Targets: [{Id: " + target +
           "}]}\nLoadBalancers:\n  - Name: web\n    Listeners:\n"
           "      - {Port: 8080, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroup: "
           "app}]}\n" +
           more;
  }
  void write(const std::string& text) { files_["d.yaml"] = text; }

  Surroundings surroundings() {
    return {.read_file = [this](const std::string& path) -> Result<std::string> {
              const auto found = files_.find(path);
              if (found == files_.end()) return fail("No such file or directory");
              return found->second;
            },
            .check_certificate = [](const auto&) -> Result<CheckedCertificate> {
              return CheckedCertificate{"f00", ""};
            },
            .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};
  }
  std::unique_ptr<Controller> make(const std::string& data = "") {
    return std::make_unique<Controller>(
        ControllerContext{loop_, log_, lookup_},
        ControllerOptions{"d.yaml", data, surroundings(),
                          [this](const Address& address) { return listening_problem(address); }});
  }
  std::string listening_problem(const Address& address) const {
    return address.port() == taken_port_ ? address.to_string() + " is taken" : "";
  }
  // Loaded, with two workers that have adopted the first revision.
  std::unique_ptr<Controller> running(const std::string& text, const std::string& data = "") {
    write(text);
    auto controller = make(data);
    EXPECT_EQ(to_text(controller->load()), "");
    controller->connect({&workers_[0].mailbox, &workers_[1].mailbox}, &health_.mailbox);
    loop_.settle();
    adopt(*controller, 0, 1);
    adopt(*controller, 1, 1);
    return controller;
  }
  void adopt(Controller& controller, uint32_t worker, uint64_t revision,
             const std::string& problem = "") {
    controller.mailbox().post(adopted_letter(worker, revision, problem));
    loop_.settle();
  }

  LetterLoop loop_;
  const Log log_ = Log::silent();
  ImmediateLookup lookup_;
  std::map<std::string, std::string> files_;
  std::array<Worker, 2> workers_{Worker{loop_}, Worker{loop_}};
  Health health_{loop_};
  int stops_ = 0;
  uint16_t taken_port_ = 0;
  const std::string data_ = testing::TempDir() + "controller_data_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

const model::Target& first_target(const model::SnapshotRef& snapshot) {
  return snapshot->target_groups.at(0).targets.at(0);
}

TEST_F(ControllerTest, tells_workers_and_health_of_the_first_configuration) {
  const auto controller = running(config("192.0.2.9"));
  EXPECT_EQ(workers_[0].snapshot, controller->snapshot());
  EXPECT_EQ(workers_[1].snapshot, controller->snapshot());
  EXPECT_EQ(health_.snapshot, controller->snapshot());
  EXPECT_EQ(controller->snapshot()->revision, 1u);
  EXPECT_EQ(controller->settings().admin.to_string(), "127.0.0.1:9090");
}

TEST_F(ControllerTest, a_zonal_shift_serves_until_it_expires) {
  const std::string text =
      "Node: {AvailabilityZone: zone-a}\n"
      "TargetGroups: [{Name: app, Protocol: HTTP, Port: 80, Targets: [{Id: 192.0.2.1, "
      "AvailabilityZone: zone-a}, {Id: 192.0.2.2, AvailabilityZone: zone-b}]}]\n"
      "LoadBalancers:\n"
      "  - Name: web\n"
      "    Attributes: {zonal_shift.config.enabled: true}\n"
      "    Listeners:\n"
      "      - {Port: 8080, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroup: app}]}\n";
  const auto controller = running(text);
  const auto shifted_away = [&] {
    return workers_[0].snapshot->target_groups.at(0).balancing.shifted_zone;
  };
  EXPECT_EQ(shifted_away(), "");
  const auto what = Controller::ShiftRequest::start;
  EXPECT_FALSE(controller->shift(what, {"wbe", "zone-a", "1h", ""}, nullptr));
  EXPECT_EQ(workers_[0].snapshot->revision, 1u);  // nothing changes
  ASSERT_TRUE(controller->shift(what, {"web", "zone-a", "1h", ""}, nullptr));
  loop_.settle();
  EXPECT_EQ(shifted_away(), "zone-a");
  EXPECT_TRUE(controller->shifted_away(first_target(controller->snapshot()).key));
  loop_.run_for(59min);
  EXPECT_EQ(shifted_away(), "zone-a");
  loop_.run_for(1min + 1s);
  EXPECT_EQ(shifted_away(), "");
  EXPECT_FALSE(controller->shifted_away(first_target(controller->snapshot()).key));
}

TEST_F(ControllerTest, is_ready_when_every_worker_serves) {
  write(config("192.0.2.9"));
  const auto controller = make();
  ASSERT_EQ(to_text(controller->load()), "");
  EXPECT_FALSE(controller->ready());
  controller->connect({&workers_[0].mailbox, &workers_[1].mailbox}, &health_.mailbox);
  adopt(*controller, 0, 1);
  EXPECT_FALSE(controller->ready());
  adopt(*controller, 1, 1);
  EXPECT_TRUE(controller->ready());
}

TEST_F(ControllerTest, does_not_load_an_invalid_file) {
  write("LoadBalancers: 5\n");
  const auto controller = make(data_);
  EXPECT_TRUE(has_errors(controller->load()));
  EXPECT_EQ(controller->snapshot(), nullptr);
  EXPECT_FALSE(controller->reload_status().success);
  EXPECT_FALSE(fs::exists(data_)) << "nothing good to keep";
}

TEST_F(ControllerTest, answers_a_reload_when_all_workers_adopted) {
  const auto controller = running(config("192.0.2.9"));
  write(config("192.0.2.10"));
  Answer answer;
  controller->reload(&answer);
  EXPECT_TRUE(answer.results.empty()) << "never from inside the call";
  loop_.settle();
  EXPECT_EQ(first_target(workers_[0].snapshot).key.id, "192.0.2.10");
  adopt(*controller, 0, 2);
  EXPECT_TRUE(answer.results.empty());
  adopt(*controller, 1, 2);
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_TRUE(answer.results[0].complete());
  EXPECT_EQ(answer.results[0].revision, 2u);
  EXPECT_EQ(answer.results[0].to_text(), "revision 2 applied\n");
}

TEST_F(ControllerTest, answers_a_reload_after_two_seconds_at_the_latest) {
  const auto controller = running(config("192.0.2.9"));
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  adopt(*controller, 1, 2);
  loop_.run_for(1999ms);
  EXPECT_TRUE(answer.results.empty());
  loop_.run_for(2ms);
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_TRUE(answer.results[0].applied);
  EXPECT_FALSE(answer.results[0].complete());
  EXPECT_EQ(answer.results[0].to_text(),
            "revision 2 applied; 1 of 2 workers have adopted it so far\n");
}

TEST_F(ControllerTest, an_invalid_file_changes_nothing_and_says_why) {
  const auto controller = running(config("192.0.2.9"));
  const model::SnapshotRef before = controller->snapshot();
  write(config("192.0.2.999"));
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_FALSE(answer.results[0].applied);
  EXPECT_EQ(answer.results[0].to_text(),
            "d.yaml:2:58: '192.0.2.999' is not an IP address\n"
            "nothing changed; revision 1 serves\n");
  EXPECT_EQ(controller->snapshot(), before);
  EXPECT_EQ(workers_[0].snapshot, before);
  EXPECT_EQ(controller->reload_status().attempts, 2u);
  EXPECT_EQ(controller->reload_status().failures, 1u);
  EXPECT_FALSE(controller->reload_status().success);
}

TEST_F(ControllerTest, reports_what_workers_could_not_do) {
  const auto controller = running(config("192.0.2.9"));
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  adopt(*controller, 0, 2, "address in use");
  adopt(*controller, 1, 2, "address in use");
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_FALSE(answer.results[0].complete());
  EXPECT_EQ(answer.results[0].to_text(),
            "problem: listener web:8080: address in use\nrevision 2 applied\n");
}

// As happens while the control thread reads and compiles a large file.
TEST_F(ControllerTest, reloads_asked_for_at_once_are_one_and_each_is_answered) {
  const auto controller = running(config("192.0.2.9"));
  Answer first, second;
  controller->reload(&first);
  controller->reload(nullptr);
  controller->reload(&second);
  loop_.settle();
  EXPECT_EQ(controller->reload_status().attempts, 2u) << "the start's and one more";
  adopt(*controller, 0, 2);
  adopt(*controller, 1, 2);
  for (const Answer* answer : {&first, &second}) {
    ASSERT_EQ(answer->results.size(), 1u);
    EXPECT_EQ(answer->results[0].to_text(), "revision 2 applied\n");
  }
}

TEST_F(ControllerTest, several_reloads_each_get_their_answer) {
  const auto controller = running(config("192.0.2.9"));
  Answer first, second;
  controller->reload(&first);
  loop_.settle();
  controller->reload(&second);
  loop_.settle();
  adopt(*controller, 0, 3);  // the newest wins: revision 2 was never adopted
  adopt(*controller, 1, 3);
  ASSERT_EQ(first.results.size(), 1u);
  ASSERT_EQ(second.results.size(), 1u);
  EXPECT_EQ(first.results[0].revision, 2u);
  EXPECT_EQ(second.results[0].revision, 3u);
}

TEST_F(ControllerTest, a_forgotten_observer_hears_nothing) {
  const auto controller = running(config("192.0.2.9"));
  {
    Answer gone;
    controller->reload(&gone);
    loop_.settle();
    controller->forget(gone);
  }
  {
    Answer gone;
    controller->reload(&gone);
    controller->forget(gone);
  }
  loop_.run_for(3s);
  EXPECT_EQ(controller->snapshot()->revision, 3u) << "it is read all the same";
}

TEST_F(ControllerTest, warns_of_what_needs_a_restart) {
  const auto controller = running(config("192.0.2.9"));
  write(config("192.0.2.9", "Admin: {Port: 9999}\nLogs: {Directory: elsewhere}\n"));
  Answer answer;
  controller->reload(&answer);
  loop_.run_for(3s);
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_TRUE(answer.results[0].applied);
  EXPECT_EQ(to_text(answer.results[0].diagnostics),
            "d.yaml: warning: Admin changed; it takes effect at the next start\n"
            "d.yaml: warning: Logs.Directory changed; it takes effect at the next start\n");
  EXPECT_EQ(controller->settings().admin.port(), 9090);
}

TEST_F(ControllerTest, resolves_names_and_publishes_when_they_change) {
  const auto controller = running(config("app.example"));
  EXPECT_EQ(controller->snapshot()->revision, 2u);
  EXPECT_EQ(first_target(workers_[0].snapshot).addresses.at(0).to_string(), "192.0.2.1:80");
  loop_.run_for(1min);
  EXPECT_EQ(controller->snapshot()->revision, 2u) << "the same address is no news";
  lookup_.address = "192.0.2.2";
  loop_.run_for(1min);
  EXPECT_EQ(controller->snapshot()->revision, 3u);
  EXPECT_EQ(first_target(health_.snapshot).addresses.at(0).to_string(), "192.0.2.2:80");
}

TEST_F(ControllerTest, names_are_asked_of_the_resolvers_that_the_file_names) {
  const auto controller =
      running(config("app.example", "Node: {Resolvers: ['10.0.0.2', '::1']}\n"));
  ASSERT_EQ(lookup_.servers.size(), 2u);
  EXPECT_EQ(lookup_.servers[0].to_string(), "10.0.0.2:53");
  EXPECT_EQ(lookup_.servers[1].to_string(), "[::1]:53");
  write(config("app.example", "Node: {Resolvers: ['[::1]:5353']}\n"));
  controller->reload(nullptr);
  loop_.settle();
  ASSERT_EQ(lookup_.servers.size(), 1u);
  EXPECT_EQ(lookup_.servers[0].to_string(), "[::1]:5353");
  write(config("app.example"));
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_TRUE(lookup_.servers.empty()) << "the system's again";
}

TEST_F(ControllerTest, a_reload_waits_for_new_names) {
  const auto controller = running(config("192.0.2.9"));
  write(config("app.example"));
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  adopt(*controller, 0, 2);
  adopt(*controller, 1, 2);
  EXPECT_TRUE(answer.results.empty()) << "nobody has the address yet";
  adopt(*controller, 0, 3);
  adopt(*controller, 1, 3);
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_EQ(answer.results[0].to_text(), "revision 3 applied\n");
}

TEST_F(ControllerTest, a_reload_names_the_names_that_have_no_address) {
  const auto controller = running(config("192.0.2.9"));
  lookup_.address = "Name or service not known";
  write(config("app.example"));
  Answer failed;
  controller->reload(&failed);
  loop_.settle();
  adopt(*controller, 0, 2);
  adopt(*controller, 1, 2);
  ASSERT_EQ(failed.results.size(), 1u);
  EXPECT_EQ(failed.results[0].to_text(),
            "problem: target app.example has no address: Name or service not known\n"
            "revision 2 applied\n");
  lookup_.address = "slow";
  write(config("other.example"));
  Answer slow;
  controller->reload(&slow);
  loop_.settle();
  adopt(*controller, 0, 3);
  adopt(*controller, 1, 3);
  EXPECT_TRUE(slow.results.empty());
  loop_.run_for(Controller::reload_timeout + 1ms);
  ASSERT_EQ(slow.results.size(), 1u);
  EXPECT_EQ(slow.results[0].problems,
            std::vector<std::string>{"target other.example has no address: no answer yet"});
}

TEST_F(ControllerTest, keeps_health_across_reloads) {
  using model::HealthReason, model::HealthState;
  const auto controller = running(config("192.0.2.9"));
  const model::TargetKey key{"app", "192.0.2.9", 80};
  ASSERT_TRUE(controller->target_health().contains(key));
  EXPECT_EQ(controller->target_health().at(key).state, HealthState::initial);
  const model::TargetHealth sick{HealthState::unhealthy, HealthReason::timeout,
                                 "Request timed out"};
  controller->mailbox().post(model::HealthLetter{key, sick});
  controller->mailbox().post(model::HealthLetter{{"app", "192.0.2.200", 80}, sick});
  loop_.settle();
  write(config("192.0.2.9}, {Id: 192.0.2.10"));
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_EQ(controller->target_health().at(key), sick);
  EXPECT_EQ(controller->target_health().size(), 2u);
  write(config("192.0.2.10"));
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_FALSE(controller->target_health().contains(key));
}

TEST_F(ControllerTest, remembers_how_health_has_changed) {
  using model::HealthReason, model::HealthState;
  const auto controller = running(config("192.0.2.9"));
  const model::TargetKey key{"app", "192.0.2.9", 80};
  controller->mailbox().post(model::HealthLetter{key, {HealthState::healthy, {}, ""}});
  loop_.settle();
  controller->mailbox().post(
      model::HealthLetter{key, {HealthState::unhealthy, HealthReason::timeout, "late"}});
  loop_.settle();
  write(config("192.0.2.10"));
  controller->reload(nullptr);
  loop_.settle();
  const auto states = [&] {
    std::vector<HealthState> all;
    for (const auto& change : controller->health_history().changes().at(key))
      all.push_back(change.health.state);
    return all;
  };
  EXPECT_EQ(states(), (std::vector{HealthState::initial, HealthState::healthy,
                                   HealthState::unhealthy, HealthState::draining}));
  loop_.run_for(300s + 1ms);
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_FALSE(controller->health_history().changes().contains(key));
  EXPECT_TRUE(controller->health_history().changes().contains({"app", "192.0.2.10", 80}));
}

TEST_F(ControllerTest, a_deregistered_target_drains_until_its_delay_has_ended) {
  const std::string both = config("192.0.2.9}, {Id: 192.0.2.10");
  const auto controller = running(both);
  const model::TargetKey key{"app", "192.0.2.9", 80};
  const auto change_to = [&](const std::string& text) {
    write(text);
    controller->reload(nullptr);
    loop_.settle();
  };
  change_to(config("192.0.2.10"));
  EXPECT_TRUE(controller->draining_targets().contains(key));
  EXPECT_EQ(controller->draining_targets().size(), 1u);
  loop_.run_for(200s);
  change_to(config("192.0.2.10"));
  EXPECT_TRUE(controller->draining_targets().contains(key));
  loop_.run_for(100s + 1ms);
  EXPECT_TRUE(controller->draining_targets().empty()) << "300 s after it was deregistered";
  change_to(both);
  change_to(config("192.0.2.10"));
  change_to(both);
  EXPECT_TRUE(controller->draining_targets().empty()) << "registered again";
}

TEST_F(ControllerTest, targets_of_an_unused_group_are_unused) {
  const std::string spare =
      "  - {Name: spare, Protocol: HTTP, Port: 80, Targets: [{Id: 192.0.2.50}]}\n";
  const auto with = [&](const std::string& forward_to) {
    return "TargetGroups:\n" + spare +
           "LoadBalancers:\n  - {Name: web, Listeners: [{Port: 80, Protocol: HTTP, DefaultActions: "
           "[" +
           forward_to + "]}]}\n";
  };
  const auto controller =
      running(with("{Type: fixed-response, FixedResponseConfig: {StatusCode: 200}}"));
  const model::TargetKey key{"spare", "192.0.2.50", 80};
  EXPECT_EQ(controller->target_health().at(key).reason, model::HealthReason::not_in_use);
  write(with("{Type: forward, TargetGroup: spare}"));
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_EQ(controller->target_health().at(key).state, model::HealthState::initial);
}

TEST_F(ControllerTest, frees_a_retired_snapshot) {
  const auto controller = running(config("192.0.2.9"));
  model::SnapshotRef last = controller->snapshot();  // as an exchange under way holds it
  const std::weak_ptr<const model::Snapshot> old = last;
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_EQ(last.use_count(), 1) << "nobody else keeps it";
  controller->mailbox().post(model::RetiredLetter{std::move(last)});
  loop_.settle();
  EXPECT_TRUE(old.expired());
}

TEST_F(ControllerTest, stops_when_everyone_has_stopped) {
  const auto controller = running(config("192.0.2.9"));
  controller->drain(30s, *this);
  loop_.settle();
  EXPECT_EQ(workers_[0].drains + workers_[1].drains + health_.drains, 3);
  EXPECT_FALSE(controller->ready());
  controller->mailbox().post(model::StoppedLetter{0});
  controller->mailbox().post(model::StoppedLetter{1});
  loop_.settle();
  EXPECT_EQ(stops_, 0) << "health has not";
  controller->mailbox().post(model::StoppedLetter{});
  loop_.settle();
  EXPECT_EQ(stops_, 1);
}

TEST_F(ControllerTest, refuses_to_reload_while_stopping) {
  const auto controller = running(config("192.0.2.9"));
  controller->drain(30s, *this);
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_EQ(answer.results[0].to_text(),
            "d.yaml: not read: this node is stopping\nnothing changed; revision 1 serves\n");
}

TEST_F(ControllerTest, starts_from_the_last_good_configuration) {
  const std::string certificate =
      "Certificates: [{Name: a, CertificateFile: a.crt, PrivateKeyFile: a.key}]\n";
  files_["a.crt"] = "chain";
  files_["a.key"] = "key";
  {
    const auto first = running(config("192.0.2.9", certificate), data_);
    write("broken: [");
    first->reload(nullptr);
    loop_.settle();
  }
  files_.clear();
  const auto second = make(data_);
  EXPECT_TRUE(has_errors(second->load()));
  EXPECT_EQ(to_text(second->load_last_good()), "");
  ASSERT_NE(second->snapshot(), nullptr);
  EXPECT_FALSE(second->reload_status().success) << "what serves is not the file";
  EXPECT_EQ(second->reload_status().attempts, 1u);
  EXPECT_EQ(second->reload_status().failures, 1u);
  EXPECT_EQ(second->reload_status().applied_at, loop_.wall_now());
  EXPECT_EQ(first_target(second->snapshot()).key.id, "192.0.2.9");
  EXPECT_EQ(second->snapshot()->certificates.at(0).chain_pem, "chain");
}

TEST_F(ControllerTest, keeps_no_configuration_that_never_served) {
  const auto controller = running(config("192.0.2.9"), data_);
  write(config("192.0.2.10"));
  controller->reload(nullptr);
  loop_.settle();
  adopt(*controller, 0, 2);
  const auto kept = [this] { return load_last_good(data_).value().text; };
  EXPECT_EQ(kept(), config("192.0.2.9")) << "one worker has yet to adopt it";
  adopt(*controller, 1, 2, "address in use");
  EXPECT_EQ(kept(), config("192.0.2.9"));
  adopt(*controller, 1, 2);
  EXPECT_EQ(kept(), config("192.0.2.10")) << "the worker got its port at last";
}

TEST_F(ControllerTest, refuses_a_file_whose_listeners_could_not_listen) {
  const auto controller = running(config("192.0.2.9"));
  const model::SnapshotRef before = controller->snapshot();
  taken_port_ = 9080;
  std::string moved = config("192.0.2.9", "Node: {Addresses: [127.0.0.1]}\n");
  moved.replace(moved.find("8080"), 4, "9080");
  write(moved);
  Answer answer;
  controller->reload(&answer);
  loop_.settle();
  ASSERT_EQ(answer.results.size(), 1u);
  EXPECT_EQ(answer.results[0].to_text(),
            "d.yaml: 127.0.0.1:9080 is taken\nnothing changed; revision 1 serves\n");
  EXPECT_EQ(controller->snapshot(), before);
  EXPECT_FALSE(controller->reload_status().success);
  taken_port_ = 8080;
  write(config("192.0.2.10"));
  controller->reload(nullptr);
  loop_.settle();
  EXPECT_EQ(controller->snapshot()->revision, 2u) << "where it listens itself, it does not ask";
}

TEST_F(ControllerTest, says_when_there_is_no_last_good_configuration) {
  const auto controller = make(data_);
  EXPECT_EQ(to_text(controller->load_last_good()),
            data_ + ": cannot read " + data_ + "/last_good.json: No such file or directory\n");
}

}  // namespace
}  // namespace daruma::control
