// SPDX-License-Identifier: Apache-2.0
//
// Cost of matching one request against 10 to 10,000 rules, by kind of rule set. The goal is that it
// does not grow: at the end the ratio of 10,000 rules to 10 is printed for each kind.
//
// Each set is asked for the same number of different requests, so that a larger set is not favoured
// by a warmer cache nor punished by a longer list of questions.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/rule.h"
#include "routing/rule_table.h"

namespace {

using namespace daruma;

enum class Kind { host_exact, host_suffix, path_exact, path_prefix, contained, mixed };

std::string numbered(const char* before, size_t number, const char* after) {
  char text[64];
  std::snprintf(text, sizeof text, "%s%05zu%s", before, number, after);
  return text;
}

struct Request {
  std::string host;
  std::string path;
};

model::Rule rule_of(Kind kind, size_t i) {
  const auto host = [](std::string value) {
    return model::HostHeaderCondition{{std::move(value)}};
  };
  const auto path = [](std::string value) {
    return model::PathPatternCondition{{std::move(value)}};
  };
  model::Rule rule;
  switch (kind) {
    case Kind::host_exact:
      rule.conditions = {host(numbered("shop", i, ".example.com"))};
      break;
    case Kind::host_suffix:
      rule.conditions = {host(numbered("*.shop", i, ".example.com"))};
      break;
    case Kind::path_exact:
      rule.conditions = {path(numbered("/service", i, "/status"))};
      break;
    case Kind::path_prefix:
      rule.conditions = {path(numbered("/service", i, "/*"))};
      break;
    case Kind::contained:
      rule.conditions = {path(numbered("*/item", i, "/*.html"))};
      break;
    case Kind::mixed:
      switch (i % 5) {
        case 0:
          rule.conditions = {host(numbered("shop", i, ".example.com"))};
          break;
        case 1:
          rule.conditions = {host(numbered("*.shop", i, ".example.com"))};
          break;
        case 2:
          rule.conditions = {path(numbered("/service", i, "/*"))};
          break;
        case 3:
          rule.conditions = {host("www.example.com"), path(numbered("/page", i, "/*"))};
          break;
        default:
          rule.conditions = {host("*.example.com"), path(numbered("/service", i, "/status"))};
      }
  }
  return rule;
}

Request request_of(Kind kind, size_t i) {
  switch (kind) {
    case Kind::host_exact:
      return {numbered("Shop", i, ".example.com"), "/index.html"};
    case Kind::host_suffix:
      return {numbered("www.shop", i, ".example.com"), "/index.html"};
    case Kind::path_exact:
      return {"www.example.com", numbered("/service", i, "/status")};
    case Kind::path_prefix:
      return {"www.example.com", numbered("/service", i, "/users/17")};
    case Kind::contained:
      return {"www.example.com", numbered("/a/item", i, "/b.html")};
    case Kind::mixed:
      switch (i % 5) {
        case 0:
          return request_of(Kind::host_exact, i);
        case 1:
          return request_of(Kind::host_suffix, i);
        case 2:
          return request_of(Kind::path_prefix, i);
        case 3:
          return {"www.example.com", numbered("/page", i, "/users/17")};
        default:
          return {"api.example.com", numbered("/service", i, "/status")};
      }
  }
  return {};
}

void match(benchmark::State& state, Kind kind) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<model::Rule> rules;
  for (size_t i = 0; i < count; ++i) rules.push_back(rule_of(kind, i));
  rules.emplace_back();
  const auto table = routing::RuleTable::compile(rules);

  constexpr size_t requests_count = 1'024;
  Random random(1);
  std::vector<Request> requests;
  for (size_t i = 0; i < requests_count; ++i) {
    const size_t wanted = random.below(count);
    requests.push_back(request_of(kind, wanted));
    if (table->match({requests.back().host, requests.back().path}) != wanted) {
      state.SkipWithError("matched another rule");
      return;
    }
  }
  size_t next = 0;
  for ([[maybe_unused]] auto turn : state) {
    const Request& request = requests[next++ % requests_count];
    benchmark::DoNotOptimize(table->match({request.host, request.path}));
  }
}

void compile(benchmark::State& state, Kind kind) {
  std::vector<model::Rule> rules;
  for (size_t i = 0; i < static_cast<size_t>(state.range(0)); ++i) {
    rules.push_back(rule_of(kind, i));
  }
  rules.emplace_back();
  for ([[maybe_unused]] auto turn : state) {
    benchmark::DoNotOptimize(routing::RuleTable::compile(rules));
  }
}

#define MATCH(kind) \
  BENCHMARK_CAPTURE(match, kind, Kind::kind)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)
MATCH(host_exact);
MATCH(host_suffix);
MATCH(path_exact);
MATCH(path_prefix);
MATCH(contained);
MATCH(mixed);
BENCHMARK_CAPTURE(compile, mixed, Kind::mixed)
    ->Arg(100)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);

// Prints what ConsoleReporter prints, and keeps each kind's least time for the ratio.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      double& least = times_[run.run_name.function_name][run.run_name.args];
      const double time = run.GetAdjustedCPUTime();
      if (least == 0 || time < least) least = time;
    }
  }
  void Finalize() override {
    ConsoleReporter::Finalize();
    for (const auto& [kind, times] : times_) {
      const auto few = times.find("10");
      const auto many = times.find("10000");
      if (few == times.end() || many == times.end()) continue;
      std::printf("%-20s 10,000 rules / 10 rules: %.2f\n", kind.c_str(),
                  many->second / few->second);
    }
  }

 private:
  std::map<std::string, std::map<std::string, double>> times_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
