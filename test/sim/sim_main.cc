// SPDX-License-Identifier: Apache-2.0
//
// daruma_sim: runs seeds, prints verdicts.
//   daruma_sim --seed 123 [--verbose]   one run, its trace hash; --verbose prints every event
//   daruma_sim --seeds 1..1000          many; stops at the first violation
//   daruma_sim --http2 ...              the same with HTTP/2 on both sides
// Exits 1 on a violation, and prints the seed on a crash too.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "sim/seed_watch.h"
#include "sim/sim_world.h"

namespace {

using daruma::sim::Protocols;
using daruma::sim::RunResult;
using daruma::sim::SimWorld;

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

RunResult run(uint64_t seed, Protocols protocols, bool verbose) {
  daruma::sim::begin_seed(seed);
  SimWorld world(seed, protocols, verbose);
  return world.run();
}

void print(uint64_t seed, const RunResult& result) {
  std::printf(
      "seed %llu: trace %016llx, %llu events, %zu exchanges (%zu complete, %zu answered by "
      "targets), %zu routed, %zu faults\n",
      static_cast<unsigned long long>(seed), static_cast<unsigned long long>(result.trace_hash),
      static_cast<unsigned long long>(result.events), result.exchanges, result.completed,
      result.from_targets, result.routed, result.faults);
  if (!result.violation.empty())
    std::printf("seed %llu: VIOLATION: %s\n", static_cast<unsigned long long>(seed),
                result.violation.c_str());
}

int run_one(uint64_t seed, Protocols protocols, bool verbose) {
  const RunResult result = run(seed, protocols, verbose);
  print(seed, result);
  return result.violation.empty() ? 0 : 1;
}

int run_many(uint64_t first, uint64_t last, Protocols protocols, bool keep_going) {
  RunResult sum;
  uint64_t violations = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const RunResult result = run(seed, protocols, false);
    sum.events += result.events;
    sum.exchanges += result.exchanges;
    sum.completed += result.completed;
    sum.from_targets += result.from_targets;
    sum.routed += result.routed;
    sum.faults += result.faults;
    sum.http2_connection_bytes =
        std::max(sum.http2_connection_bytes, result.http2_connection_bytes);
    sum.http2_stream_bytes = std::max(sum.http2_stream_bytes, result.http2_stream_bytes);
    for (const auto& [what, count] : result.seen) sum.seen[what] += count;
    if (result.violation.empty()) continue;
    ++violations;
    print(seed, result);
    if (!keep_going) return 1;
  }
  std::printf(
      "seeds %llu..%llu: %llu violations, %llu events, %zu exchanges (%zu complete, %zu "
      "answered by targets), %zu routed, %zu faults\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(last),
      static_cast<unsigned long long>(violations), static_cast<unsigned long long>(sum.events),
      sum.exchanges, sum.completed, sum.from_targets, sum.routed, sum.faults);
  if (protocols == Protocols::http2)
    std::printf("held at most: %zu bytes by an HTTP/2 connection, %zu by one of its streams\n",
                sum.http2_connection_bytes, sum.http2_stream_bytes);
  for (const auto& [what, count] : sum.seen) std::printf("  %8zu %s\n", count, what.c_str());
  return violations == 0 ? 0 : 1;
}

int usage() {
  std::fprintf(stderr,
               "usage: daruma_sim [--http2] --seed N [--verbose] | --seeds A..B [--keep-going]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const bool http2 = argc > 1 && std::string_view(argv[1]) == "--http2";
  const Protocols protocols = http2 ? Protocols::http2 : Protocols::http1;
  if (http2) {
    --argc;
    ++argv;
  }
  if (argc < 3) return usage();
  const std::string_view what = argv[1], value = argv[2];
  const std::string_view flag = argc > 3 ? argv[3] : "";
  daruma::bugs_are_fatal();
  daruma::sim::catch_crashes();
  if (what == "--seed" && (flag.empty() || flag == "--verbose")) {
    const auto seed = number(value);
    if (seed) return run_one(*seed, protocols, flag == "--verbose");
  }
  const size_t dots = value.find("..");
  if (what == "--seeds" && dots != std::string_view::npos &&
      (flag.empty() || flag == "--keep-going")) {
    const auto first = number(value.substr(0, dots)), last = number(value.substr(dots + 2));
    if (first && last && *first <= *last)
      return run_many(*first, *last, protocols, flag == "--keep-going");
  }
  return usage();
}
