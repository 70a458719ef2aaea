// SPDX-License-Identifier: Apache-2.0
#include "health/prober.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "health/anomaly_detector.h"
#include "health/fake_network_for_test.h"
#include "health/fake_target_for_test.h"
#include "tls/self_signed.h"

namespace daruma::health {
namespace {

using model::HealthState;

// Reads letters into a list.
template <class Letter>
class Inbox final : private io::Mailbox<Letter>::Reader {
 public:
  explicit Inbox(io::Loop& loop) : mailbox(loop, *this) {}
  std::vector<Letter> letters;
  io::Mailbox<Letter> mailbox;

 private:
  void on_letter(Letter letter) override { letters.push_back(std::move(letter)); }
};

constexpr uint16_t port = 8443;

Address address_of(const std::string& ip) {
  return *Address::parse(ip, port);
}

model::Target target_at(const std::string& group, const std::string& ip) {
  return {.key = {group, ip, port}, .zone = "", .addresses = {address_of(ip)}};
}

model::TargetGroup group_of(const std::string& name, const std::vector<std::string>& ips) {
  model::TargetGroup group;
  group.name = name;
  group.in_use = true;
  group.health_check.interval = 10s;
  group.health_check.timeout = 4s;
  group.health_check.healthy_threshold = 3;
  group.health_check.unhealthy_threshold = 2;
  for (const std::string& ip : ips) group.targets.push_back(target_at(name, ip));
  return group;
}

class ProberTest : public testing::Test {
 protected:
  ProberTest() { bugs_are_fatal(); }

  void publish(std::vector<model::TargetGroup> groups) {
    auto snapshot = std::make_shared<model::Snapshot>();
    snapshot->revision = ++revision_;
    snapshot->target_groups = std::move(groups);
    snapshot->load_balancers = balancers_;
    prober_.mailbox().post(model::SnapshotLetter{std::move(snapshot)});
  }
  FakeTarget& start_target(const std::string& ip, int status = 200) {
    auto& target = targets_[ip];
    target = std::make_unique<FakeTarget>(loop_, address_of(ip));
    target->answer_status(status);
    return *target;
  }

  // What was said of a target since the last call: "initial initial healthy".
  std::string told(const std::string& ip) { return told_by(control_.letters, control_read_, ip); }
  std::string told_to_worker(const std::string& ip) {
    return told_by(worker_.letters, worker_read_, ip);
  }
  model::TargetHealth last_health(const std::string& ip) {
    for (auto at = control_.letters.rbegin(); at != control_.letters.rend(); ++at) {
      const auto* letter = std::get_if<model::HealthLetter>(&*at);
      if (letter && letter->target.id == ip) return letter->health;
    }
    return {};
  }
  template <class Letter>
  size_t letters_to_control() const {
    return static_cast<size_t>(
        std::count_if(control_.letters.begin(), control_.letters.end(),
                      [](const auto& letter) { return std::holds_alternative<Letter>(letter); }));
  }
  // One that every test expects at the beginning.
  void adopt_and_settle(std::vector<model::TargetGroup> groups) {
    publish(std::move(groups));
    loop_.run_for(2s);
    for (const auto& [ip, target] : targets_) {
      EXPECT_EQ(told(ip), "initial initial healthy") << ip;
    }
  }

  FakeLoop loop_;
  Log log_ = Log::silent();
  telemetry::Registry registry_;
  telemetry::LogRing ring_{4096};
  Inbox<model::ControlLetter> control_{loop_};
  Inbox<model::WorkerLetter> worker_{loop_};
  Inbox<model::WorkerLetter> other_worker_{loop_};
  std::map<std::string, std::unique_ptr<FakeTarget>> targets_;
  std::vector<model::LoadBalancer> balancers_;
  Prober prober_{{.loop = loop_,
                  .control = control_.mailbox,
                  .workers = {&worker_.mailbox, &other_worker_.mailbox},
                  .registry = registry_,
                  .log_ring = ring_,
                  .log = log_}};

 private:
  template <class Letters>
  static std::string told_by(const Letters& letters, std::map<std::string, size_t>& read,
                             const std::string& ip) {
    std::string told;
    for (size_t& at = read[ip]; at < letters.size(); ++at) {
      const auto* letter = std::get_if<model::HealthLetter>(&letters[at]);
      if (letter == nullptr || letter->target.id != ip) continue;
      if (!told.empty()) told += " ";
      told += name_of(letter->health.state);
    }
    return told;
  }

  uint64_t revision_ = 0;
  std::map<std::string, size_t> control_read_;
  std::map<std::string, size_t> worker_read_;
};

TEST_F(ProberTest, a_new_target_is_healthy_after_one_success_and_everybody_hears_it) {
  start_target("127.0.0.2");
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(0s);
  EXPECT_EQ(told("127.0.0.2"), "initial");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::registration_in_progress);
  loop_.run_for(1s);
  EXPECT_EQ(told("127.0.0.2"), "initial healthy");
  EXPECT_EQ(told_to_worker("127.0.0.2"), "initial initial healthy");
  EXPECT_EQ(other_worker_.letters.size(), 3u);
  EXPECT_EQ(targets_["127.0.0.2"]->requests().size(), 1u);
  loop_.run_for(100s);
  EXPECT_EQ(told("127.0.0.2"), "");  // on change only
  EXPECT_EQ(targets_["127.0.0.2"]->requests().size(), 11u);
}

// A target whose server tells of itself, two places and both taken.
std::string scoreboard_answer(const std::string& slots) {
  const std::string body = "BusyWorkers: 2\nIdleWorkers: 0\nScoreboard: " + slots + "\n";
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class StatusProberTest : public ProberTest {
 protected:
  StatusProberTest() : target_(start_target("127.0.0.2")) {
    target_.on_request([this](FakeTarget::Connection& connection) {
      const bool asks = target_.requests().back().starts_with("GET /server-status?auto ");
      asked_ += asks;
      connection.send(asks ? answer_ : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    model::TargetGroup group = group_of("apache", {"127.0.0.2"});
    group.health_check.interval = 30s;
    group.status_path = "/server-status";
    publish({group});
    loop_.run_for(2s);
  }
  model::ServerStatus last_status() {
    for (auto at = control_.letters.rbegin(); at != control_.letters.rend(); ++at) {
      if (const auto* letter = std::get_if<model::ServerStatusLetter>(&*at)) return letter->status;
    }
    return {};
  }

  FakeTarget& target_;
  std::string answer_ = scoreboard_answer("WK");
  int asked_ = 0;
};

TEST_F(StatusProberTest, asks_over_the_connections_of_probes_and_tells_control) {
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(target_.connections(), 1u);
  EXPECT_EQ(last_status().workers_most, 2u);
  EXPECT_EQ(last_status().fullest.in(model::WorkerState::keep_alive), 1u);
  loop_.run_for(60s);
  EXPECT_EQ(asked_, 3);
  EXPECT_EQ(target_.connections(), 3u);
}

TEST_F(StatusProberTest, looks_soon_at_who_is_found_full_without_a_probe_more) {
  loop_.run_for(10s);
  EXPECT_EQ(asked_, 1);
  prober_.mailbox().post(model::DoorReport{.worker = 0,
                                           .target = target_at("apache", "127.0.0.2").key,
                                           .shut = true,
                                           .waiting = 1,
                                           .inside = 2,
                                           .shows_places = false});
  loop_.run_for(2s);
  EXPECT_EQ(asked_, 2);
  loop_.run_for(20s);  // thirty seconds after the first the next would have been due
  EXPECT_EQ(target_.connections(), 2u);
}

TEST_F(StatusProberTest, an_answer_of_no_use_is_told_once) {
  answer_ = scoreboard_answer("W?");
  const size_t before = letters_to_control<model::ServerStatusLetter>();
  loop_.run_for(120s);
  EXPECT_EQ(asked_, 5);
  EXPECT_EQ(letters_to_control<model::ServerStatusLetter>(), before + 1);
  EXPECT_EQ(last_status().problem, "its status page has an unknown letter in its Scoreboard");
  EXPECT_EQ(last_status().workers_most, 2u) << "what is known stays";
  EXPECT_EQ(last_health("127.0.0.2").state, HealthState::healthy);
}

TEST_F(ProberTest, the_interval_runs_from_probe_to_probe_however_slow_the_answer) {
  FakeTarget& target = start_target("127.0.0.2");
  target.on_request({});  // never answers: each probe takes its whole timeout
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(65s);
  ASSERT_GE(target.times().size(), 6u);
  for (size_t i = 1; i < target.times().size(); ++i) {
    const Duration gap = target.times()[i] - target.times()[i - 1];
    EXPECT_GE(gap, 10s - 2ms);
    EXPECT_LE(gap, 10s + 2ms);
  }
  EXPECT_EQ(told("127.0.0.2"), "initial initial unhealthy");
  EXPECT_EQ(last_health("127.0.0.2").description, "Request timed out");
}

TEST_F(ProberTest, a_late_timer_does_not_shift_the_rhythm) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  loop_.stall_for(9s);  // the second probe is late, by at least 1 s
  loop_.run_for(30s);
  ASSERT_EQ(target.times().size(), 5u);
  const Duration since_first = target.times()[4] - target.times()[0];
  EXPECT_GE(since_first, 40s - 2ms);
  EXPECT_LE(since_first, 40s + 2ms);
}

TEST_F(ProberTest, at_most_one_probe_per_target_is_under_way) {
  FakeTarget& target = start_target("127.0.0.2");
  target.on_request({});
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.interval = 2s;  // shorter than the timeout
  publish({group});
  for (int i = 0; i < 60; ++i) {
    loop_.run_for(500ms);
    EXPECT_LE(prober_.census().probes_under_way, 1u);
  }
  EXPECT_LE(target.connections(), 8u);
  EXPECT_GE(target.connections(), 5u);
}

TEST_F(ProberTest, first_probes_are_spread) {
  std::vector<std::string> ips;
  for (int i = 1; i <= 200; ++i) {
    ips.push_back("127.0.1." + std::to_string(i));
    start_target(ips.back());
  }
  publish({group_of("apache", ips)});
  const Instant begin = loop_.now();
  loop_.run_for(2s);
  std::map<int64_t, int> per_50ms;
  for (const std::string& ip : ips) {
    ASSERT_EQ(targets_[ip]->times().size(), 1u);
    const Duration after = targets_[ip]->times()[0] - begin;
    EXPECT_LE(after, 1s + 2ms);  // min(1 s, interval / 10)
    ++per_50ms[after / 50ms];
  }
  EXPECT_GE(per_50ms.size(), 15u);
  for (const auto& [bucket, probes] : per_50ms) EXPECT_LE(probes, 30) << bucket;
}

TEST_F(ProberTest, a_target_falls_and_recovers_by_the_thresholds) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  target.answer_status(502);
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "");
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::response_code_mismatch);
  EXPECT_EQ(last_health("127.0.0.2").description, "Health checks failed with these codes: [502]");
  target.answer_status(200);
  loop_.run_for(20s);
  EXPECT_EQ(told("127.0.0.2"), "");
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  EXPECT_EQ(told_to_worker("127.0.0.2"), "initial initial healthy unhealthy healthy");
}

TEST_F(ProberTest, a_stopped_target_is_unhealthy_and_a_started_one_recovers) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  target.stop();
  loop_.run_for(20s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::failed_health_checks);
  target.start();
  loop_.run_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
}

TEST_F(ProberTest, what_this_node_lacks_convicts_nobody) {
  start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  loop_.fail_connects(address_of("127.0.0.2"), io::SocketError::local_failure);
  loop_.run_for(100s);
  EXPECT_EQ(told("127.0.0.2"), "");
}

TEST_F(ProberTest, history_survives_a_new_snapshot_and_new_settings) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  target.answer_status(500);
  loop_.run_for(9s);  // the second probe failed: one of two
  ASSERT_EQ(target.requests().size(), 2u);

  model::TargetGroup changed = group_of("apache", {"127.0.0.2"});
  changed.health_check.path = "/new";
  changed.health_check.interval = 5s;
  publish({changed});
  loop_.run_for(100ms);
  EXPECT_EQ(told("127.0.0.2"), "");
  EXPECT_EQ(target.requests().size(), 2u);
  loop_.run_for(5s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  EXPECT_TRUE(target.requests().back().starts_with("GET /new HTTP/1.1\r\n"));

  changed.health_check.interval = 30s;
  changed.health_check.healthy_threshold = 2;
  publish({changed});
  target.answer_status(200);
  loop_.run_for(31s);
  EXPECT_EQ(told("127.0.0.2"), "");
  loop_.run_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
}

TEST_F(ProberTest, an_equal_snapshot_disturbs_nothing) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  for (int i = 0; i < 40; ++i) {
    publish({group_of("apache", {"127.0.0.2"})});
    loop_.run_for(1s);
  }
  EXPECT_EQ(told("127.0.0.2"), "");
  EXPECT_GE(target.connections(), 5u);
  EXPECT_LE(target.connections(), 6u);
}

TEST_F(ProberTest, an_answer_to_the_former_question_does_not_count) {
  FakeTarget& target = start_target("127.0.0.2");
  target.on_request({});
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.unhealthy_threshold = 1;
  publish({group});
  loop_.run_for(2s);
  ASSERT_EQ(prober_.census().probes_under_way, 1u);
  group.health_check.path = "/new";
  publish({group});
  target.answer_status(200);
  loop_.run_for(7s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial");
  loop_.run_for(3s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
}

TEST_F(ProberTest, time_that_was_lost_is_not_made_up_for) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  loop_.stall_for(1h);
  loop_.run_for(9s);
  EXPECT_EQ(target.connections(), 2u);
  loop_.run_for(2s);
  EXPECT_EQ(target.connections(), 3u);
}

TEST_F(ProberTest, a_shorter_interval_counts_from_the_last_probe) {
  FakeTarget& target = start_target("127.0.0.2");
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.interval = 300s;
  adopt_and_settle({group});
  loop_.run_for(100s);
  ASSERT_EQ(target.connections(), 1u);
  group.health_check.interval = 20s;
  publish({group});
  loop_.run_for(1100ms);  // overdue: at once, within the spread
  EXPECT_EQ(target.connections(), 2u);
  loop_.run_for(20s);
  EXPECT_EQ(target.connections(), 3u);
}

TEST_F(ProberTest, a_removed_target_is_forgotten_and_a_registered_one_begins_anew) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  publish({group_of("apache", {})});
  loop_.run_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "");
  EXPECT_EQ(target.connections(), 1u);
  EXPECT_EQ(prober_.census().targets, 0u);
  target.answer_status(500);
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial unhealthy");
  EXPECT_EQ(told_to_worker("127.0.0.2"), "initial initial healthy initial initial unhealthy");
}

// Of two snapshots in the mailbox only the newer one is read: a worker that adopted each, and has
// forgotten the target, must be told as well.
TEST_F(ProberTest, a_target_removed_and_registered_in_one_breath_is_announced_again) {
  start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  publish({group_of("apache", {})});
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(2s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  EXPECT_EQ(told_to_worker("127.0.0.2"), "initial initial healthy healthy");
}

TEST_F(ProberTest, removing_a_target_withdraws_its_probe) {
  FakeTarget& target = start_target("127.0.0.2");
  target.on_request({});
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(2s);
  EXPECT_EQ(prober_.census().probes_under_way, 1u);
  publish({});
  loop_.run_for(10s);
  EXPECT_EQ(prober_.census().probes_under_way, 0u);
  EXPECT_EQ(told("127.0.0.2"), "initial initial");
}

TEST_F(ProberTest, equal_addresses_in_two_groups_are_two_targets) {
  FakeTarget& target = start_target("127.0.0.2");
  model::TargetGroup strict = group_of("strict", {"127.0.0.2"});
  strict.health_check.matcher = *model::CodeMatcher::parse("204");
  publish({group_of("apache", {"127.0.0.2"}), strict});
  loop_.run_for(20s);
  EXPECT_EQ(prober_.census().targets, 2u);
  EXPECT_EQ(target.connections(), 4u);
  std::map<std::string, HealthState> last;
  for (const auto& letter : control_.letters) {
    const auto* health = std::get_if<model::HealthLetter>(&letter);
    if (health) last[health->target.group] = health->health.state;
  }
  EXPECT_EQ(last["apache"], HealthState::healthy);
  EXPECT_EQ(last["strict"], HealthState::unhealthy);
}

TEST_F(ProberTest, a_group_that_is_not_in_use_is_not_probed_and_workers_hear_initial) {
  FakeTarget& target = start_target("127.0.0.2");
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.in_use = false;
  publish({group});
  loop_.run_for(60s);
  EXPECT_EQ(target.connections(), 0u);
  EXPECT_EQ(told("127.0.0.2"), "unused");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::not_in_use);
  EXPECT_EQ(told_to_worker("127.0.0.2"), "initial");

  group.in_use = true;
  publish({group});
  loop_.run_for(2s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial healthy");

  group.in_use = false;
  publish({group});
  loop_.run_for(60s);
  EXPECT_EQ(told("127.0.0.2"), "unused");
  EXPECT_EQ(target.connections(), 1u);
}

TEST_F(ProberTest, disabled_health_checks_make_targets_unavailable) {
  FakeTarget& target = start_target("127.0.0.2");
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.enabled = false;
  publish({group});
  loop_.run_for(60s);
  EXPECT_EQ(target.connections(), 0u);
  EXPECT_EQ(told("127.0.0.2"), "unavailable");
  EXPECT_EQ(told_to_worker("127.0.0.2"), "unavailable");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::health_check_disabled);
}

TEST_F(ProberTest, a_name_without_an_address_fails_its_checks) {
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.targets[0].addresses.clear();
  publish({group});
  loop_.run_for(5s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial");
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::failed_health_checks);
}

// Workers use all addresses of a name, so one that is dead makes the target unhealthy.
TEST_F(ProberTest, all_addresses_of_a_name_must_pass) {
  start_target("127.0.0.2");
  FakeTarget& second = start_target("127.0.0.3");
  model::TargetGroup group = group_of("apache", {});
  group.targets = {{.key = {"apache", "app.example", port},
                    .zone = "",
                    .addresses = {address_of("127.0.0.2"), address_of("127.0.0.3")}}};
  publish({group});
  loop_.run_for(60s);
  EXPECT_EQ(told("app.example"), "initial initial healthy");
  EXPECT_GE(second.connections(), 2u);
  EXPECT_NE(second.requests()[0].find("Host: app.example:8443\r\n"), std::string::npos);
  second.stop();
  loop_.run_for(40s);
  EXPECT_EQ(told("app.example"), "unhealthy");
  second.start();
  loop_.run_for(40s);
  EXPECT_EQ(told("app.example"), "healthy");
}

TEST_F(ProberTest, the_health_check_port_overrides_the_targets) {
  FakeTarget checks(loop_, *Address::parse("127.0.0.2", 9000));
  checks.answer_status(200);
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.port = 9000;
  publish({group});
  loop_.run_for(2s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial healthy");
  EXPECT_NE(checks.requests()[0].find("Host: 127.0.0.2:9000\r\n"), std::string::npos);
}

TEST_F(ProberTest, https_probes_resume_their_sessions) {
  SlabPool slabs;
  transport::SecureTransport transport(slabs);
  const std::vector<std::string> names = {"target.example"};
  const auto pair = tls::make_self_signed(names);
  const std::vector<tls::CertificateText> certificates = {
      {"target", pair->chain_pem, pair->key_pem}};
  const auto server = std::move(*tls::ServerContext::create(
      certificates, "ELBSecurityPolicy-TLS13-1-2-2021-06", tls::make_ticket_keys()));
  FakeTarget& target = start_target("127.0.0.2");
  target.use_tls(transport, *server);
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.health_check.protocol = model::Protocol::https;
  publish({group});
  loop_.run_for(45s);
  EXPECT_EQ(told("127.0.0.2"), "initial initial healthy");
  EXPECT_EQ(target.connections(), 5u);
  EXPECT_EQ(target.resumptions(), 4u);
  targets_.clear();
}

// ---- doors ----

class ProberDoorTest : public ProberTest {
 protected:
  void report(uint32_t worker, const std::string& ip, bool shut, uint32_t waiting) {
    prober_.mailbox().post(model::DoorReport{.worker = worker,
                                             .target = {"apache", ip, port},
                                             .shut = shut,
                                             .knocking = waiting > 0,
                                             .waiting = waiting,
                                             .inside = 20});
    loop_.run_for(0s);
  }
  // Worker 0 finds it shut for a second.
  void fill(const std::string& ip) {
    for (const Duration pause : {0ms, 500ms, 500ms}) {
      loop_.run_for(pause);
      report(0, ip, true, 3);
    }
  }
  // What worker 1 has been told of doors since the last call: "127.0.0.2 0, 127.0.0.2 open".
  std::string doors_told() {
    std::string told;
    for (; doors_read_ < other_worker_.letters.size(); ++doors_read_) {
      const auto* letter = std::get_if<model::DoorLetter>(&other_worker_.letters[doors_read_]);
      if (letter == nullptr) continue;
      if (!told.empty()) told += ", ";
      told += letter->target.id + " ";
      told += letter->state == model::DoorState::open        ? "open"
              : letter->state != model::DoorState::full      ? "not sure"
              : letter->knocker == model::DoorLetter::nobody ? "nobody"
                                                             : std::to_string(letter->knocker);
    }
    return told;
  }

 private:
  size_t doors_read_ = 0;
};

TEST_F(ProberDoorTest, all_workers_hear_whose_turn_it_is_and_only_when_that_changes) {
  start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  report(0, "127.0.0.2", false, 3);
  EXPECT_EQ(doors_told(), "");
  fill("127.0.0.2");
  EXPECT_EQ(doors_told(), "127.0.0.2 not sure, 127.0.0.2 0");
  report(0, "127.0.0.2", true, 4);
  EXPECT_EQ(doors_told(), "");
  report(0, "127.0.0.2", true, 0);
  EXPECT_EQ(doors_told(), "127.0.0.2 nobody");
  report(0, "127.0.0.2", false, 0);
  EXPECT_EQ(doors_told(), "127.0.0.2 open");
}

TEST_F(ProberDoorTest, a_worker_that_falls_silent_does_not_keep_the_door_shut) {
  start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  report(0, "127.0.0.2", true, 3);
  EXPECT_EQ(doors_told(), "127.0.0.2 not sure");
  loop_.run_for(900ms);
  EXPECT_EQ(doors_told(), "");
  loop_.run_for(350ms);
  EXPECT_EQ(doors_told(), "127.0.0.2 open");
}

TEST_F(ProberDoorTest, doors_are_kept_apart_by_target_and_forgotten_with_it) {
  start_target("127.0.0.2");
  start_target("127.0.0.3");
  adopt_and_settle({group_of("apache", {"127.0.0.2", "127.0.0.3"})});
  report(0, "127.0.0.2", true, 3);
  report(1, "127.0.0.3", true, 3);
  EXPECT_EQ(doors_told(), "127.0.0.2 not sure, 127.0.0.3 not sure");
  publish({group_of("apache", {"127.0.0.3"})});
  loop_.run_for(0s);
  EXPECT_EQ(doors_told(), "127.0.0.2 open");
  report(0, "127.0.0.2", true, 3);  // it has not adopted that yet
  EXPECT_EQ(doors_told(), "");
}

TEST_F(ProberDoorTest, a_group_whose_guard_is_off_has_no_doors) {
  start_target("127.0.0.2");
  model::TargetGroup group = group_of("apache", {"127.0.0.2"});
  group.saturation_guard.enabled = false;
  adopt_and_settle({group});
  report(0, "127.0.0.2", true, 3);
  EXPECT_EQ(doors_told(), "");
}

// ---- anomalies ----

class ProberAnomalyTest : public ProberTest {
 protected:
  ProberAnomalyTest() {
    for (const std::string& ip : ips_) {
      start_target(ip);
      counters_[ip] = registry_.add(telemetry::TargetLabels{"apache", ip + ":8443", ""});
    }
    adopt_and_settle({group(ips_)});
    answer_for(60s, 500);
    EXPECT_EQ(weight_told(bad_), AnomalyDetector::weight_floor);
    EXPECT_TRUE(anomalous(bad_));
  }
  static model::TargetGroup group(const std::vector<std::string>& ips) {
    model::TargetGroup group = group_of("apache", ips);
    group.balancing.algorithm = model::Algorithm::weighted_random;
    group.balancing.anomaly_mitigation = true;
    return group;
  }
  // Ten each second by each of them; all of one have this status.
  void answer_for(Duration duration, int status_of_bad) {
    for (Duration passed{}; passed < duration; passed += 1s) {
      for (const auto& [ip, counters] : counters_) {
        const int status = ip == bad_ ? status_of_bad : 200;
        counters->responses[telemetry::status_class(status)].add(10);
      }
      loop_.run_for(1s);
    }
  }
  uint32_t weight_told(const std::string& ip) {
    uint32_t weight = AnomalyDetector::weight_full;
    for (const auto& each : worker_.letters) {
      const auto* letter = std::get_if<model::WeightLetter>(&each);
      if (letter != nullptr && letter->target.id == ip) weight = letter->weight;
    }
    return weight;
  }
  bool anomalous(const std::string& ip) {
    bool anomalous = false;
    for (const auto& each : control_.letters) {
      const auto* letter = std::get_if<model::AnomalyLetter>(&each);
      if (letter != nullptr && letter->target.id == ip) anomalous = letter->anomalous;
    }
    return anomalous;
  }

  const std::vector<std::string> ips_{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"};
  const std::string bad_ = "127.0.0.4";
  std::map<std::string, std::shared_ptr<telemetry::TargetCounters>> counters_;
};

// Whether it is seen to go or not: a worker that has seen it gives it its full weight, one that
// has not goes by what it was told.
TEST_F(ProberAnomalyTest, a_target_that_is_registered_again_begins_anew) {
  for (const bool seen : {true, false}) {
    SCOPED_TRACE(seen);
    publish({group({"127.0.0.2", "127.0.0.3", "127.0.0.5"})});
    if (seen) loop_.run_for(0s);
    publish({group(ips_)});
    loop_.run_for(1s);
    EXPECT_EQ(weight_told(bad_), AnomalyDetector::weight_full);
    EXPECT_FALSE(anomalous(bad_));
    answer_for(60s, 500);
    EXPECT_EQ(weight_told(bad_), AnomalyDetector::weight_floor);
    EXPECT_TRUE(anomalous(bad_));
  }
}

// ---- what real requests say ----

class ProberTrafficTest : public ProberDoorTest {
 protected:
  // A healthy target that lets nobody in any more.
  model::TargetGroup shut_group() {
    start_target("127.0.0.2");
    model::TargetGroup group = group_of("apache", {"127.0.0.2"});
    adopt_and_settle({group});
    loop_.swallow_connects(address_of("127.0.0.2"));
    return group;
  }
  // Each second one request is answered.
  void answer_for(Duration duration, int status = 200) {
    for (Duration passed{}; passed < duration; passed += 1s) {
      counters_->responses[telemetry::status_class(status)].add();
      loop_.run_for(1s);
    }
  }
  void keep_door_shut_for(Duration duration) {
    for (Duration passed{}; passed < duration; passed += 500ms) {
      report(0, "127.0.0.2", true, 3);
      loop_.run_for(500ms);
    }
  }

  std::shared_ptr<telemetry::TargetCounters> counters_ =
      registry_.add(telemetry::TargetLabels{"apache", "127.0.0.2:8443", ""});
};

TEST_F(ProberTrafficTest, a_target_whose_probes_wait_while_requests_are_answered_is_busy) {
  shut_group();
  answer_for(100s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");  // and says:
  EXPECT_TRUE(last_health("127.0.0.2").description.starts_with("Saturated:"));
  loop_.let_connect(address_of("127.0.0.2"));
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  EXPECT_EQ(last_health("127.0.0.2").description, "");
}

TEST_F(ProberTrafficTest, one_that_answers_nobody_falls_by_the_thresholds) {
  shut_group();
  answer_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  loop_.run_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");  // but no longer busy
  EXPECT_EQ(last_health("127.0.0.2").description, "");
  loop_.run_for(10s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  EXPECT_EQ(last_health("127.0.0.2").reason, model::HealthReason::timeout);
}

TEST_F(ProberTrafficTest, answers_of_5xx_excuse_nothing) {
  shut_group();
  answer_for(30s, 503);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
}

TEST_F(ProberTrafficTest, with_the_guard_off_probes_alone_decide) {
  model::TargetGroup group = shut_group();
  answer_for(20s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  group.saturation_guard.enabled = false;
  publish({group});
  answer_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy unhealthy");
}

TEST_F(ProberTrafficTest, another_port_is_another_door) {
  model::TargetGroup group = shut_group();
  group.health_check.port = 9000;
  loop_.swallow_connects(*Address::parse("127.0.0.2", 9000));
  publish({group});
  answer_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
}

TEST_F(ProberTrafficTest, a_wrong_answer_counts_whatever_the_requests_say) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  target.answer_status(503);
  answer_for(20s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
}

TEST_F(ProberTrafficTest, a_probe_that_was_let_in_is_excused_by_a_shut_door_only) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  target.on_request({});
  counters_->responses[1].add();
  keep_door_shut_for(14s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  answer_for(30s);
  EXPECT_EQ(told("127.0.0.2"), "healthy unhealthy");
}

class ProberAccusationTest : public ProberTrafficTest {
 protected:
  // Two healthy targets; nothing changes by itself for the next minutes.
  model::TargetGroup two_targets() {
    start_target("127.0.0.2");
    start_target("127.0.0.3");
    model::TargetGroup group = group_of("apache", {"127.0.0.2", "127.0.0.3"});
    group.health_check.interval = 100s;
    adopt_and_settle({group});
    return group;
  }
  void tell_failures(const std::string& ip, uint32_t most) {
    for (uint32_t in_a_row = 1; in_a_row <= most; in_a_row *= 2) {
      prober_.mailbox().post(
          model::FailureReport{.worker = 1,
                               .target = {"apache", ip, port},
                               .reason = model::Reason::target_connection_refused,
                               .in_a_row = in_a_row});
    }
    loop_.run_for(0s);
  }
};

TEST_F(ProberAccusationTest, failing_requests_make_the_probes_hurry_out_and_back) {
  two_targets();
  targets_["127.0.0.2"]->stop();
  tell_failures("127.0.0.2", 2);
  loop_.run_for(5s);
  EXPECT_EQ(told("127.0.0.2"), "");
  tell_failures("127.0.0.2", 4);
  loop_.run_for(1500ms);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  targets_["127.0.0.2"]->start();
  loop_.run_for(1300ms);  // four a second, and five have to pass
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  loop_.run_for(1s);
  const size_t connections = targets_["127.0.0.2"]->connections();
  loop_.run_for(90s);
  EXPECT_EQ(targets_["127.0.0.2"]->connections(), connections);
  EXPECT_EQ(told("127.0.0.3"), "");
}

TEST_F(ProberAccusationTest, a_target_that_stays_dead_is_asked_less_and_less) {
  two_targets();
  loop_.swallow_connects(address_of("127.0.0.2"));
  tell_failures("127.0.0.2", 4);
  const size_t before = loop_.connects();
  loop_.run_for(9s);  // two probes of 4 s
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  loop_.run_for(1000s);
  // After a tenth of the time that it is away; each second would be 200, as a probe takes 4 s. Ten
  // are the other's.
  EXPECT_LE(loop_.connects() - before, 80u);
  EXPECT_GE(loop_.connects() - before, 40u);
}

TEST_F(ProberAccusationTest, whoever_asks_nonsense_convicts_nobody) {
  two_targets();
  for (int i = 0; i < 20; ++i) {
    tell_failures("127.0.0.2", 64);
    loop_.run_for(1s);
  }
  EXPECT_EQ(told("127.0.0.2"), "");
  EXPECT_LE(targets_["127.0.0.2"]->connections(), 22u);
}

TEST_F(ProberAccusationTest, the_last_one_of_a_group_keeps_its_time) {
  two_targets();
  targets_["127.0.0.2"]->stop();
  targets_["127.0.0.3"]->stop();
  tell_failures("127.0.0.2", 64);
  loop_.run_for(3s);
  EXPECT_EQ(told("127.0.0.2"), "unhealthy");
  tell_failures("127.0.0.3", 64);
  loop_.run_for(90s);
  EXPECT_EQ(told("127.0.0.3"), "");
}

TEST_F(ProberAccusationTest, with_the_guard_off_requests_hasten_nothing) {
  model::TargetGroup group = two_targets();
  group.saturation_guard.enabled = false;
  publish({group});
  targets_["127.0.0.2"]->stop();
  tell_failures("127.0.0.2", 64);
  loop_.run_for(90s);
  EXPECT_EQ(told("127.0.0.2"), "");
}

TEST_F(ProberAccusationTest, who_flips_again_is_held_out_while_the_others_have_room) {
  two_targets();
  const auto fall_and_come_back = [this] {
    targets_["127.0.0.2"]->stop();
    tell_failures("127.0.0.2", 4);
    loop_.run_for(1500ms);
    EXPECT_EQ(told("127.0.0.2"), "unhealthy");
    targets_["127.0.0.2"]->start();
    loop_.run_for(5s);
  };
  fall_and_come_back();
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  fall_and_come_back();
  EXPECT_EQ(told("127.0.0.2"), "");  // 10 s this time
  loop_.run_for(7s);
  EXPECT_EQ(told("127.0.0.2"), "healthy");
  fall_and_come_back();
  EXPECT_EQ(told("127.0.0.2"), "");                                 // it would be 20 s
  for (int seconds = 0; seconds < 3; ++seconds) fill("127.0.0.3");  // but now it is needed
  EXPECT_EQ(told("127.0.0.2"), "healthy");
}

TEST_F(ProberTrafficTest, a_busy_target_is_probed_less_often) {
  FakeTarget& target = start_target("127.0.0.2");
  adopt_and_settle({group_of("apache", {"127.0.0.2"})});
  const size_t before = target.connections();
  keep_door_shut_for(120s);
  EXPECT_GE(target.connections(), before + 2);
  EXPECT_LE(target.connections(), before + 4);
  loop_.run_for(30s);  // as often as ever, and at once if that is overdue
  EXPECT_GE(target.connections(), before + 5);
  EXPECT_EQ(told("127.0.0.2"), "healthy healthy");  // saturated, and no longer
}

// ---- log ----

model::LoadBalancer balancer(const std::string& name, uint32_t group, bool logs) {
  model::LoadBalancer balancer;
  balancer.name = name;
  balancer.resource_id = "app/" + name + "/50dc6c495c0c9188";
  balancer.health_check_log = logs;
  model::Listener listener;
  model::Rule rule;
  rule.action = model::ForwardAction{.groups = {{.group = group, .weight = 1}}, .weight_total = 1};
  listener.rules = {rule, rule};  // named twice, logged once
  balancer.listeners = {listener, listener};
  return balancer;
}

TEST_F(ProberTest, each_probe_is_logged_for_each_load_balancer_that_wants_it) {
  balancers_ = {balancer("web", 0, true), balancer("quiet", 0, false), balancer("api", 1, true),
                balancer("both", 0, true)};
  start_target("127.0.0.2", 500);
  publish({group_of("apache", {"127.0.0.2"}), group_of("empty", {})});
  loop_.run_for(2s);
  std::map<std::string, std::string> lines;
  ring_.drain([this, &lines](uint32_t file, std::string_view line) {
    lines[registry_.log_file_key(file).name] += std::string(line) + "\n";
  });
  ASSERT_EQ(lines.size(), 2u);
  const std::string& line = lines["health_check_log_app.web.50dc6c495c0c9188"];
  EXPECT_TRUE(line.starts_with("http 1970-01-01T01:00:0")) << line;
  EXPECT_TRUE(
      line.ends_with(" 127.0.0.2:8443 apache FAIL 500 TargetError "
                     "app/web/50dc6c495c0c9188 127.0.0.1\n"))
      << line;
  EXPECT_EQ(lines.count("health_check_log_app.both.50dc6c495c0c9188"), 1u);
}

TEST_F(ProberTest, lines_that_do_not_fit_are_counted) {
  balancers_ = {balancer("web", 0, true)};
  start_target("127.0.0.2");
  publish({group_of("apache", {"127.0.0.2"})});
  loop_.run_for(1000s);
  const size_t logged = ring_.drain([](uint32_t, std::string_view) {});
  EXPECT_GT(prober_.census().log_lines_dropped, 0u);
  EXPECT_EQ(logged + prober_.census().log_lines_dropped, targets_["127.0.0.2"]->connections());
}

// ---- snapshots and the end ----

TEST_F(ProberTest, gives_every_snapshot_back_to_be_freed) {
  for (size_t adopted_before = 0; adopted_before < 3; ++adopted_before) {
    publish({});
    loop_.run_for(0s);
    EXPECT_EQ(letters_to_control<model::RetiredLetter>(), adopted_before);
  }
}

TEST_F(ProberTest, draining_stops_all_probes_and_says_so) {
  FakeTarget& target = start_target("127.0.0.2");
  target.on_request({});
  start_target("127.0.0.3");
  publish({group_of("apache", {"127.0.0.2", "127.0.0.3"})});
  loop_.run_for(2s);
  prober_.mailbox().post(model::DrainLetter{});
  prober_.mailbox().post(model::DrainLetter{});
  publish({group_of("apache", {"127.0.0.2"})});
  const size_t connects = loop_.connects();
  loop_.run_for(100s);
  EXPECT_EQ(loop_.connects(), connects);
  EXPECT_EQ(letters_to_control<model::StoppedLetter>(), 1u);
  EXPECT_EQ(letters_to_control<model::RetiredLetter>(), 2u);
  for (const auto& letter : control_.letters) {
    const auto* stopped = std::get_if<model::StoppedLetter>(&letter);
    if (stopped) {
      EXPECT_EQ(stopped->worker, UINT32_MAX);
    }
  }
  const Prober::Census census = prober_.census();
  EXPECT_EQ(census.targets, 0u);
  EXPECT_EQ(census.probes_under_way, 0u);
  EXPECT_EQ(census.slabs, 0u);
}

}  // namespace
}  // namespace daruma::health
