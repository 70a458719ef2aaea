// SPDX-License-Identifier: Apache-2.0
//
// What a change of configuration costs the control thread: reading daruma.yaml, and compiling all
// of it anew. The argument is the number of targets per load balancer; there are 100 load balancers
// with 100 rules each.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "control/declared.h"
#include "control/snapshot_compiler.h"

namespace daruma::control {
namespace {

constexpr int load_balancers = 100;
constexpr int rules = 100;

std::string configuration(int64_t targets) {
  std::string text = "TargetGroups:\n";
  for (int i = 0; i < load_balancers; ++i) {
    text += fmt::format("  - Name: group-{}\n    Protocol: HTTP\n    Port: 80\n    Targets:\n", i);
    for (int64_t t = 0; t < targets; ++t) {
      text += fmt::format("      - {{Id: 10.{}.{}.{}, Port: 8080, AvailabilityZone: zone-a}}\n", i,
                          t / 250, t % 250 + 1);
    }
  }
  text += "LoadBalancers:\n";
  for (int i = 0; i < load_balancers; ++i) {
    const std::string action = fmt::format("[{{Type: forward, TargetGroup: group-{}}}]", i);
    text += fmt::format("  - Name: balancer-{}\n    Listeners:\n      - Port: {}\n", i, 10000 + i);
    text +=
        fmt::format("        Protocol: HTTP\n        DefaultActions: {}\n        Rules:\n", action);
    for (int r = 1; r <= rules; ++r) {
      text += fmt::format(
          "          - {{Priority: {}, Conditions: [{{Field: host-header, Values: "
          "[\"h{}.example.com\"]}}, {{Field: path-pattern, Values: [\"/api/{}/*\"]}}], Actions: "
          "{}}}\n",
          r, r % 10, r, action);
    }
  }
  return text;
}

const Surroundings nothing_outside{
    .read_file = [](const std::string&) -> Result<std::string> { return fail("no files here"); },
    .check_certificate = [](const tls::CertificateText&) -> Result<CheckedCertificate> {
      return CheckedCertificate{};
    },
    .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};

void read_and_validate(benchmark::State& state) {
  const std::string text = configuration(state.range(0));
  for (auto _ : state) {
    const Declared declared = parse_declared(text, "daruma.yaml", nothing_outside);
    if (has_errors(declared.diagnostics)) state.SkipWithError("the configuration is invalid");
    benchmark::DoNotOptimize(declared.resources.load_balancers.data());
  }
  state.counters["MB"] = static_cast<double>(text.size()) / 1e6;
}
BENCHMARK(read_and_validate)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

void compile(benchmark::State& state) {
  const Declared declared =
      parse_declared(configuration(state.range(0)), "daruma.yaml", nothing_outside);
  if (has_errors(declared.diagnostics)) state.SkipWithError("the configuration is invalid");
  for (auto _ : state) {
    benchmark::DoNotOptimize(compile_snapshot(declared.resources, {}, 1));
  }
}
BENCHMARK(compile)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace daruma::control

BENCHMARK_MAIN();
