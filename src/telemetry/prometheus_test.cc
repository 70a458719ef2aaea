// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "telemetry/node_status.h"

namespace daruma::telemetry {
namespace {

const TargetLabels apache{"apache", "127.0.0.2:8443", "zone-a"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has_line(const std::string& text, const std::string& line) {
  const auto lines = lines_of(text);
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

NodeStatus full_status() {
  NodeStatus status;
  status.version = "0.1.0";
  status.started = WallTime(1'760'000'000s);
  status.config_revision = 7;
  status.config_problems = 2;
  status.config_load = {.applied = false,
                        .at = WallTime(1'760'000'150s),
                        .applied_at = WallTime(1'760'000'100s),
                        .times_applied = 2,
                        .times_refused = 1};
  status.targets.push_back(
      {apache, {model::HealthState::unhealthy, model::HealthReason::timeout, "Request timed out"}});
  status.groups.push_back({.target_group = "apache",
                           .healthy_state_dns = 1,
                           .unhealthy_state_dns = 2,
                           .healthy_state_routing = 3,
                           .unhealthy_state_routing = 0,
                           .shifted_away = 4});
  status.load_balancers.push_back({"web", false});
  status.advice.push_back({"apache", "127.0.0.2:8443", "raise_workers"});
  status.certificates.push_back({"site", WallTime(1'770'000'000s)});
  return status;
}

// A registry with one block of each kind, and all that the control side adds.
struct Everything {
  Registry registry;
  std::shared_ptr<ListenerCounters> listener = registry.add(ListenerLabels{"web", 8443});
  std::shared_ptr<RuleCounters> rules =
      registry.add(ListenerLabels{"web", 8443}, std::make_shared<const model::RuleNames>(1));
  std::shared_ptr<TargetGroupCounters> group = registry.add(TargetGroupLabels{"apache"});
  std::shared_ptr<TargetCounters> target = registry.add(apache);
  std::shared_ptr<WorkerCounters> worker = registry.add(WorkerLabels{0});
  std::string text() const {
    return prometheus_text(registry, metrics_of(full_status(), WallTime(1'760'000'160s)));
  }
};

TEST(Prometheus, a_rule_is_named_by_place_priority_and_id) {
  Registry registry;
  const auto rules = registry.add(
      ListenerLabels{"web", 8443},
      std::make_shared<const model::RuleNames>(model::RuleNames{
          {"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/1/2/3", 10},
          {"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/1/2/4", 0}}));
  rules->requests[0].add(5);
  const std::string text = prometheus_text(registry, {});
  EXPECT_TRUE(has_line(text, "# TYPE daruma_rule_requests_total counter"));
  EXPECT_TRUE(has_line(text,
                       "daruma_rule_requests_total{lb=\"web\",listener=\"8443\",priority=\"10\","
                       "rule=\"3\"} 5"));
  EXPECT_TRUE(has_line(text,
                       "daruma_rule_requests_total{lb=\"web\",listener=\"8443\","
                       "priority=\"default\",rule=\"4\"} 0"));
}

TEST(Prometheus, an_empty_registry_gives_no_metrics) {
  EXPECT_EQ(prometheus_text(Registry(), {}), "");
}

TEST(Prometheus, every_row_of_the_tables_is_a_metric) {
  const Everything all;
  const std::string text = all.text();
#define CHECK_ROW(prefix, kind, name, meaning)                                             \
  EXPECT_TRUE(has_line(text, "# HELP daruma_" prefix "_" #name " " meaning)) << #name;     \
  EXPECT_TRUE(has_line(text, std::string("# TYPE daruma_" prefix "_" #name " ") +          \
                                 (std::string(#kind) == "Counter" ? "counter" : "gauge"))) \
      << #name;
#define X(kind, name, meaning) CHECK_ROW("listener", kind, name, meaning)
  DARUMA_LISTENER_METRICS(X)
#undef X
#define X(kind, name, meaning) CHECK_ROW("target_group", kind, name, meaning)
  DARUMA_TARGET_GROUP_METRICS(X)
#undef X
#define X(kind, name, meaning) CHECK_ROW("target", kind, name, meaning)
  DARUMA_TARGET_METRICS(X)
#undef X
#define X(kind, name, meaning) CHECK_ROW("worker", kind, name, meaning)
  DARUMA_WORKER_METRICS(X)
#undef X
}

TEST(Prometheus, sums_over_workers_and_leaves_workers_apart) {
  Registry registry;
  const auto one = registry.add(ListenerLabels{"web", 443});
  const auto other = registry.add(ListenerLabels{"web", 443});
  const auto worker0 = registry.add(WorkerLabels{0});
  const auto worker1 = registry.add(WorkerLabels{1});
  one->requests_total.add(2);
  other->requests_total.add(40);
  one->connections_active.set(3);
  other->connections_active.set(4);
  one->own_responses[4].add(1);
  one->reasons[static_cast<size_t>(model::Reason::target_connection_refused)].add(1);
  worker0->snapshot_revision.set(7);
  worker1->snapshot_revision.set(8);
  const std::string text = prometheus_text(registry, {});
  for (const char* line : {
           R"(daruma_listener_requests_total{lb="web",listener="443"} 42)",
           R"(daruma_listener_connections_active{lb="web",listener="443"} 7)",
           R"(daruma_listener_own_responses_total{lb="web",listener="443",code="5xx"} 1)",
           R"(daruma_listener_own_responses_total{lb="web",listener="443",code="4xx"} 0)",
           R"(daruma_listener_reasons_total{lb="web",listener="443",)"
           R"(reason="target_connection_refused"} 1)",
           R"(daruma_worker_snapshot_revision{worker="0"} 7)",
           R"(daruma_worker_snapshot_revision{worker="1"} 8)",
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
  EXPECT_EQ(text.find("reason=\"none\""), std::string::npos);
}

TEST(Prometheus, tells_how_long_workers_adopted) {
  Registry registry;
  const auto worker = registry.add(WorkerLabels{3});
  worker->adoption_time.record(Duration(200us));
  worker->adoption_time.record(Duration(2ms));
  const std::string text = prometheus_text(registry, {});
  const std::string name = "daruma_worker_adoption_time_seconds";
  EXPECT_TRUE(has_line(text, name + R"(_bucket{worker="3",le="0.001"} 1)")) << text;
  EXPECT_TRUE(has_line(text, name + R"(_count{worker="3"} 2)")) << text;
}

TEST(Prometheus, a_series_vanishes_with_its_blocks) {
  Registry registry;
  auto block = registry.add(apache);
  EXPECT_NE(prometheus_text(registry, {}).find("127.0.0.2:8443"), std::string::npos);
  block.reset();
  EXPECT_EQ(prometheus_text(registry, {}), "");
}

TEST(Prometheus, counts_response_times_up_to_each_bound) {
  Registry registry;
  const auto target = registry.add(apache);
  for (const Duration time : {Duration(900us), Duration(3ms), Duration(3ms), Duration(40ms),
                              Duration(4s), Duration(59s), Duration(2h)}) {
    target->response_time.record(time);
  }
  const std::string text = prometheus_text(registry, {});
  const std::string name = "daruma_target_response_time_seconds";
  const std::string labels = R"(target_group="apache",target="127.0.0.2:8443",az="zone-a")";
  const std::pair<const char*, int> buckets[] = {
      {"0.001", 1}, {"0.0025", 1}, {"0.005", 3}, {"0.01", 3}, {"0.025", 3}, {"0.05", 4},
      {"0.1", 4},   {"0.25", 4},   {"0.5", 4},   {"1", 4},    {"2.5", 4},   {"5", 5},
      {"10", 5},    {"30", 5},     {"60", 6},    {"+Inf", 7}};
  std::string expected = "# TYPE " + name + " histogram\n";
  for (const auto& [bound, count] : buckets) {
    expected +=
        name + "_bucket{" + labels + ",le=\"" + bound + "\"} " + std::to_string(count) + "\n";
  }
  expected += name + "_sum{" + labels + "} 7263.0469\n" + name + "_count{" + labels + "} 7\n";
  EXPECT_NE(text.find(expected), std::string::npos) << text;
}

TEST(Prometheus, a_bound_counts_what_lies_within_two_percent_below_it) {
  Registry registry;
  const auto target = registry.add(apache);
  for (const Duration bound : {1ms, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1000ms, 5000ms,
                               10000ms, 30000ms, 60000ms}) {
    target->response_time.record(bound * 98 / 100);
  }
  const std::string text = prometheus_text(registry, {});
  int expected = 0;
  for (const char* bound : {"0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1",
                            "5", "10", "30", "60"}) {
    ++expected;
    EXPECT_NE(text.find(std::string("le=\"") + bound + "\"} " + std::to_string(expected) + "\n"),
              std::string::npos)
        << bound;
  }
}

TEST(Prometheus, escapes_label_values_and_help) {
  Registry registry;
  const auto group = registry.add(TargetGroupLabels{"a\"b\\c\nd"});
  const MetricFamily family{
      "daruma_x", MetricKind::gauge, "one \\ \"two\"\nthree", {{{{"certificate", "\"\n"}}, 1.5}}};
  const std::string text = prometheus_text(registry, std::span(&family, 1));
  EXPECT_TRUE(has_line(text, R"(daruma_target_group_requests_total{target_group="a\"b\\c\nd"} 0)"));
  EXPECT_TRUE(has_line(text, R"(# HELP daruma_x one \\ "two"\nthree)"));
  EXPECT_TRUE(has_line(text, R"(daruma_x{certificate="\"\n"} 1.5)"));
}

// What Prometheus' own linter demands and what the text format demands.
TEST(Prometheus, heads_and_samples_are_well_formed) {
  const Everything all;
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
  std::string family;
  std::set<std::string> seen;
  for (const std::string& line : lines_of(all.text())) {
    std::istringstream words(line);
    std::string hash;
    std::string word;
    std::string name;
    if (line.starts_with("# HELP ")) {
      words >> hash >> word >> family;
      EXPECT_TRUE(helped.insert(family).second) << "twice: " << family;
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      words >> hash >> word >> name >> types[family];
      EXPECT_EQ(name, family) << "TYPE follows its HELP";
      EXPECT_EQ(types[family] == "counter", family.ends_with("_total")) << family;
      continue;
    }
    EXPECT_TRUE(line.starts_with(family)) << line << " is not under " << family;
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
  }
  EXPECT_EQ(types.size(), helped.size());
  EXPECT_GT(types.size(), 40u);
}

TEST(NodeStatus, tells_health_configuration_and_certificates) {
  const std::string text =
      prometheus_text(Registry(), metrics_of(full_status(), WallTime(1'760'000'160s)));
  const std::string labels = R"({target_group="apache",target="127.0.0.2:8443",az="zone-a",)";
  for (const std::string& line : {
           std::string(R"(daruma_build_info{version="0.1.0"} 1)"),
           std::string("daruma_start_timestamp_seconds 1760000000"),
           std::string("daruma_draining 0"),
           std::string("daruma_config_revision 7"),
           std::string("daruma_config_age_seconds 60"),
           std::string(R"(daruma_config_loads_total{result="applied"} 2)"),
           std::string(R"(daruma_config_loads_total{result="refused"} 1)"),
           std::string("daruma_config_last_load_success 0"),
           std::string("daruma_config_problems 2"),
           std::string("daruma_config_last_load_timestamp_seconds 1760000150"),
           "daruma_target_health_state" + labels + R"(state="unhealthy"} 1)",
           "daruma_target_health_state" + labels + R"(state="healthy"} 0)",
           "daruma_target_health_reason" + labels + R"(reason="Target.Timeout"} 1)",
           std::string(R"(daruma_target_group_healthy_state_dns{target_group="apache"} 1)"),
           std::string(R"(daruma_target_group_unhealthy_state_dns{target_group="apache"} 2)"),
           std::string(R"(daruma_target_group_healthy_state_routing{target_group="apache"} 3)"),
           std::string(R"(daruma_target_group_unhealthy_state_routing{target_group="apache"} 0)"),
           std::string(R"(daruma_target_group_active_zonal_shift_hosts{target_group="apache"} 4)"),
           std::string(R"(daruma_load_balancer_dns_healthy{lb="web"} 0)"),
           std::string(R"(daruma_advice{target_group="apache",target="127.0.0.2:8443",)"
                       R"(advice="raise_workers"} 1)"),
           std::string(
               R"(daruma_certificate_expiry_timestamp_seconds{certificate="site"} 1770000000)"),
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(NodeStatus, a_clock_set_back_makes_no_negative_age) {
  const NodeStatus status = full_status();
  const std::string text = prometheus_text(Registry(), metrics_of(status, status.started));
  EXPECT_TRUE(has_line(text, "daruma_config_age_seconds 0"));
}

// docs/metrics.md is kept by hand: it names every metric with its type, and no other.
TEST(Prometheus, the_documentation_lists_every_metric) {
  std::ifstream file(DARUMA_SOURCE_DIR "/docs/metrics.md");
  ASSERT_TRUE(file.is_open());
  std::map<std::string, std::string> documented;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string bar;
    std::string name;
    std::string type;
    if (words >> bar >> name >> bar >> type && name.starts_with("`daruma_")) {
      EXPECT_TRUE(documented.emplace(name.substr(1, name.size() - 2), type).second) << name;
    }
  }
  std::map<std::string, std::string> rendered;
  const Everything all;
  for (const std::string& line : lines_of(all.text())) {
    std::istringstream words(line);
    std::string hash;
    std::string word;
    std::string name;
    std::string type;
    if (words >> hash >> word >> name >> type && word == "TYPE") rendered[name] = type;
  }
  EXPECT_EQ(documented, rendered);
}

}  // namespace
}  // namespace daruma::telemetry
