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

#include "base/address.h"
#include "base/random.h"
#include "http/message.h"
#include "model/rule.h"
#include "routing/rule_table.h"

namespace {

using namespace daruma;

// What the rules of a set ask for. `grid`: each of 100 hosts with each of 100 paths. `crossed`: all
// under one host and path, by header and query, each of which many rules share.
enum class Kind {
  host_exact,
  host_suffix,
  path_exact,
  path_prefix,
  contained,
  mixed,
  grid,
  header,
  header_name,
  query,
  source_ip,
  crossed,
  path_regex,
  host_regex,
  header_regex,
  either_regex,
};

std::string numbered(const char* before, size_t number, const char* after) {
  char text[64];
  std::snprintf(text, sizeof text, "%s%05zu%s", before, number, after);
  return text;
}

struct Request {
  std::string host = "www.example.com";
  std::string path = "/index.html";
  std::string query{};
  std::string header_name = "X-Tenant";
  std::string header_value = "none";
  Address source{};
  http::Fields fields{};

  // Nothing moves any more.
  void settle() {
    fields.add("Host", host);
    fields.add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    fields.add("Accept", "*/*");
    fields.add(header_name, header_value);
  }
  routing::MatchInput input() const {
    return {.host = host,
            .path = path,
            .method = "GET",
            .host_and_port = host,
            .query = query,
            .fields = &fields,
            .source = &source};
  }
};

Address address_of(size_t i) {
  return Address::v4({10, static_cast<uint8_t>(i / 256), static_cast<uint8_t>(i % 256), 7}, 5000);
}

model::Condition host(std::string value) {
  return model::HostHeaderCondition{{std::move(value)}};
}
model::Condition path(std::string value) {
  return model::PathPatternCondition{{std::move(value)}};
}
model::Condition header(std::string value) {
  return model::HttpHeaderCondition{"X-Tenant", {std::move(value)}};
}
model::Condition query(std::string value) {
  return model::QueryStringCondition{{{"tenant", std::move(value)}}};
}

std::vector<model::Condition> mixed_conditions_of(size_t i) {
  switch (i % 5) {
    case 0:
      return {host(numbered("shop", i, ".example.com"))};
    case 1:
      return {host(numbered("*.shop", i, ".example.com"))};
    case 2:
      return {path(numbered("/service", i, "/*"))};
    case 3:
      return {host("www.example.com"), path(numbered("/page", i, "/*"))};
    default:
      return {host("*.example.com"), path(numbered("/service", i, "/status"))};
  }
}

std::vector<model::Condition> conditions_of(Kind kind, size_t i) {
  switch (kind) {
    case Kind::host_exact:
      return {host(numbered("shop", i, ".example.com"))};
    case Kind::host_suffix:
      return {host(numbered("*.shop", i, ".example.com"))};
    case Kind::path_exact:
      return {path(numbered("/service", i, "/status"))};
    case Kind::path_prefix:
      return {path(numbered("/service", i, "/*"))};
    case Kind::contained:
      return {path(numbered("*/item", i, "/*.html"))};
    case Kind::mixed:
      return mixed_conditions_of(i);
    case Kind::grid:
      return {host(numbered("shop", i / 100, ".example.com")),
              path(numbered("/service", i % 100, "/*"))};
    case Kind::header:
      return {header(numbered("tenant-", i, ""))};
    case Kind::header_name:
      return {model::HttpHeaderCondition{numbered("X-Feature-", i, ""), {"*"}}};
    case Kind::query:
      return {query(numbered("tenant-", i, "*"))};
    case Kind::source_ip:
      return {model::SourceIpCondition{{CidrRange::around(address_of(i), 24)}}};
    case Kind::crossed:
      return {host("www.example.com"), path("/*"), header(numbered("tenant-", i / 100, "")),
              query(numbered("tenant-", i % 100, "*"))};
    case Kind::path_regex:
      return {model::PathPatternCondition{{}, {numbered("^/service", i, "/v[0-9]+/.*$")}}};
    case Kind::host_regex:
      return {model::HostHeaderCondition{{}, {numbered("^(www|api)\\.shop", i, "\\.com$")}}};
    case Kind::header_regex:
      return {model::HttpHeaderCondition{"X-Tenant", {}, {numbered("tenant-", i, "(-[a-z]+)?$")}}};
    case Kind::either_regex:
      return {model::PathPatternCondition{
          {}, {numbered("^/(service", i, "|") + numbered("old/service-", i, ")/.*\\.html$")}}};
  }
  return {};
}

Request request_of(Kind kind, size_t i) {
  Request request;
  switch (kind) {
    case Kind::host_exact:
      request.host = numbered("Shop", i, ".example.com");
      break;
    case Kind::host_suffix:
      request.host = numbered("www.shop", i, ".example.com");
      break;
    case Kind::path_exact:
      request.path = numbered("/service", i, "/status");
      break;
    case Kind::path_prefix:
      request.path = numbered("/service", i, "/users/17");
      break;
    case Kind::contained:
      request.path = numbered("/a/item", i, "/b.html");
      break;
    case Kind::mixed:
      switch (i % 5) {
        case 0:
          return request_of(Kind::host_exact, i);
        case 1:
          return request_of(Kind::host_suffix, i);
        case 2:
          return request_of(Kind::path_prefix, i);
        case 3:
          request.path = numbered("/page", i, "/users/17");
          break;
        default:
          request.host = "api.example.com";
          request.path = numbered("/service", i, "/status");
      }
      break;
    case Kind::grid:
      request.host = numbered("shop", i / 100, ".example.com");
      request.path = numbered("/service", i % 100, "/users/17");
      break;
    case Kind::header:
      request.header_value = numbered("Tenant-", i, "");
      break;
    case Kind::header_name:
      request.header_name = numbered("x-feature-", i, "");
      break;
    case Kind::query:
      request.query = numbered("page=17&tenant=tenant-", i, "-b&lang=en");
      break;
    case Kind::source_ip:
      request.source = address_of(i);
      break;
    case Kind::crossed:
      request.header_value = numbered("tenant-", i / 100, "");
      request.query = numbered("page=17&tenant=tenant-", i % 100, "-b&lang=en");
      break;
    case Kind::path_regex:
      request.path = numbered("/service", i, "/v12/users");
      break;
    case Kind::host_regex:
      request.host = numbered("api.shop", i, ".com");
      break;
    case Kind::header_regex:
      request.header_value = numbered("tenant-", i, "-blue");
      break;
    case Kind::either_regex:
      request.path = numbered("/old/service-", i, "/users/17.html");
      break;
  }
  return request;
}

std::vector<model::Rule> rules_of(Kind kind, size_t count) {
  std::vector<model::Rule> rules(count + 1);
  for (size_t i = 0; i < count; ++i) rules[i].conditions = conditions_of(kind, i);
  return rules;
}

void match(benchmark::State& state, Kind kind) {
  const auto count = static_cast<size_t>(state.range(0));
  const auto table = routing::RuleTable::compile(rules_of(kind, count));

  constexpr size_t requests_count = 1'024;
  Random random(1);
  std::vector<Request> requests(requests_count);
  for (Request& request : requests) {
    const size_t wanted = random.below(count);
    request = request_of(kind, wanted);
    request.settle();
    if (table->match(request.input()) != wanted) {
      state.SkipWithError("matched another rule");
      return;
    }
  }
  size_t next = 0;
  for ([[maybe_unused]] auto turn : state) {
    const Request& request = requests[next++ % requests_count];
    benchmark::DoNotOptimize(table->match(request.input()));
  }
}

void compile(benchmark::State& state, Kind kind) {
  const std::vector<model::Rule> rules = rules_of(kind, static_cast<size_t>(state.range(0)));
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
MATCH(grid);
MATCH(header);
MATCH(header_name);
MATCH(query);
MATCH(source_ip);
MATCH(crossed);
MATCH(path_regex);
MATCH(host_regex);
MATCH(header_regex);
MATCH(either_regex);
#define COMPILE(kind) \
  BENCHMARK_CAPTURE(compile, kind, Kind::kind)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond)
COMPILE(mixed);
COMPILE(crossed);
COMPILE(either_regex);

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
