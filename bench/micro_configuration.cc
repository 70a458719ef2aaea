// SPDX-License-Identifier: Apache-2.0
//
// What a change of configuration costs the control thread: reading daruma.yaml, and compiling all
// of it anew; and what it costs a worker to adopt it. The argument is the number of targets in each
// of 100 groups; there are 50 load balancers with 100 rules each.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "control/declared.h"
#include "control/snapshot_compiler.h"
#include "io/epoll_loop.h"
#include "model/letter.h"
#include "model/limits.h"
#include "proxy/worker.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::control {
namespace {

// With an ALB's quota of rules each; target groups for 100,000 targets.
constexpr int load_balancers = 50;
constexpr int rules = 100;
constexpr int groups = 100;
constexpr int groups_each = groups / load_balancers;

std::string configuration(int64_t targets) {
  std::string text = "TargetGroups:\n";
  for (int i = 0; i < groups; ++i) {
    text += fmt::format("  - Name: group-{}\n    Protocol: HTTP\n    Port: 80\n    Targets:\n", i);
    for (int64_t t = 0; t < targets; ++t) {
      text += fmt::format("      - {{Id: 10.{}.{}.{}, Port: 8080, AvailabilityZone: zone-a}}\n", i,
                          t / 250, t % 250 + 1);
    }
  }
  text += "LoadBalancers:\n";
  for (int i = 0; i < load_balancers; ++i) {
    const auto action = [i](int r) {
      return fmt::format("[{{Type: forward, TargetGroup: group-{}}}]",
                         i * groups_each + r % groups_each);
    };
    text += fmt::format("  - Name: balancer-{}\n    Listeners:\n      - Port: {}\n", i, 10000 + i);
    text += fmt::format("        Protocol: HTTP\n        DefaultActions: {}\n        Rules:\n",
                        action(0));
    for (int r = 1; r <= rules; ++r) {
      text += fmt::format(
          "          - {{Priority: {}, Conditions: [{{Field: host-header, Values: "
          "[\"h{}.example.com\"]}}, {{Field: path-pattern, Values: [\"/api/{}/*\"]}}], Actions: "
          "{}}}\n",
          r, r % 10, r, action(r));
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

// Snapshots of the same targets. Without listeners, whose ports this machine may not have.
class Snapshots {
 public:
  explicit Snapshots(int64_t targets) {
    const Declared declared =
        parse_declared(configuration(targets), "daruma.yaml", nothing_outside);
    DARUMA_ASSERT(!has_errors(declared.diagnostics));
    model_ = *compile_snapshot(declared.resources, {}, 0);
    model_.load_balancers.clear();
  }
  model::SnapshotRef next() {
    ++model_.revision;
    return std::make_shared<const model::Snapshot>(model_);
  }
  void keep_targets() {}
  // From now on all targets are others.
  void replace_targets() {
    ++port_;
    for (model::TargetGroup& group : model_.target_groups) {
      for (model::Target& target : group.targets) {
        target.key.port = port_;
        target.addresses.front() = target.addresses.front().with_port(port_);
      }
    }
  }

 private:
  model::Snapshot model_;
  uint16_t port_ = 8080;
};

// Of this thread: others may need the processor, too.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// A worker alone with its loop, which this thread turns.
class Adopter final : private io::Mailbox<model::ControlLetter>::Reader {
 public:
  struct Cost {
    double longest_turn = 0;  // seconds
    double all = 0;
  };
  // Until the worker serves the snapshot and has nothing left of the former one.
  Cost adopt(model::SnapshotRef snapshot) {
    const int before = adopted_;
    worker_.mailbox().post(model::SnapshotLetter{std::move(snapshot)});
    Cost cost;
    while (adopted_ == before) turn(cost);
    // Deregistering and letting go, until nothing is left to do: a turn of that does not sleep.
    for (int idle = 0; idle < 3;) idle = turn(cost) < nothing ? idle + 1 : 0;
    return cost;
  }

 private:
  static constexpr double nothing = 5e-6;  // seconds

  double turn(Cost& cost) {
    const double began = processor_seconds();
    loop_.turn(0s);
    const double took = processor_seconds() - began;
    cost.longest_turn = std::max(cost.longest_turn, took);
    cost.all += took;
    control_loop_.turn(0s);
    return took;
  }
  // A snapshot that the worker gives back is freed with its letter.
  void on_letter(model::ControlLetter letter) override {
    if (std::holds_alternative<model::AdoptedLetter>(letter)) ++adopted_;
  }

  int adopted_ = 0;
  const Log log_ = Log::silent();
  io::EpollLoop loop_{1};
  io::EpollLoop control_loop_{2};
  io::Mailbox<model::ControlLetter> control_{control_loop_, *this};
  telemetry::Registry registry_;
  telemetry::LogRing ring_;
  proxy::Worker worker_{{loop_, control_, registry_, ring_, log_}, {}};
};

size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void report(benchmark::State& state, const std::vector<Adopter::Cost>& costs) {
  double longest = 0;
  for (const Adopter::Cost& cost : costs) longest += cost.longest_turn;
  state.counters["longest_turn_ms"] = longest / static_cast<double>(costs.size()) * 1e3;
}

void adopt_first(benchmark::State& state) {
  Snapshots snapshots(state.range(0));
  std::vector<Adopter::Cost> costs;
  for (auto _ : state) {
    const model::SnapshotRef snapshot = snapshots.next();
    Adopter adopter;
    const size_t before = heap_bytes();
    costs.push_back(adopter.adopt(snapshot));
    state.SetIterationTime(costs.back().all);
    state.counters["bytes_per_target"] =
        static_cast<double>(heap_bytes() - before) / static_cast<double>(groups * state.range(0));
  }
  report(state, costs);
}

void adopt_next(benchmark::State& state, void (Snapshots::*change)()) {
  Snapshots snapshots(state.range(0));
  Adopter adopter;
  adopter.adopt(snapshots.next());
  std::vector<Adopter::Cost> costs;
  for (auto _ : state) {
    (snapshots.*change)();
    costs.push_back(adopter.adopt(snapshots.next()));
    state.SetIterationTime(costs.back().all);
  }
  report(state, costs);
}

void adopt_same_targets(benchmark::State& state) {
  adopt_next(state, &Snapshots::keep_targets);
}

void adopt_other_targets(benchmark::State& state) {
  adopt_next(state, &Snapshots::replace_targets);
}

BENCHMARK(adopt_first)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(adopt_same_targets)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(adopt_other_targets)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace daruma::control

BENCHMARK_MAIN();
