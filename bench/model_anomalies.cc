// SPDX-License-Identifier: Apache-2.0
//
// What anomaly detection finds, and what it does not: one of three targets takes longer, or errs,
// and health/anomaly_detector looks at their requests every 5 s. Prints in how many of 100 runs the
// target is found within a minute, and after how long as a rule. Times are exponential, as those of
// a queue are. A model, not a measurement: virtual time, fixed seeds.
//
//   ninja -C build/release model_anomalies && build/release/bench/model_anomalies
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "health/anomaly_detector.h"

namespace {

using namespace daruma;
using health::AnomalyDetector;
using health::AnomalyEvidence;

constexpr size_t targets = 3;
constexpr size_t odd_one = 1;
constexpr int runs = 100;
constexpr int looks_before = 12;
constexpr int looks_in_a_minute = 12;

// How each target does, but for the odd one.
struct Usual {
  int requests_per_second = 0;  // of each target
  Duration median{};
};
struct Odd {
  double slower = 1;
  double errors = 0;
};

double uniform(Random& random) {
  return (static_cast<double>(random.below(1u << 30)) + 0.5) / (1u << 30);
}

Duration time_of(Random& random, Duration median) {
  return Duration(static_cast<int64_t>(static_cast<double>(median.count()) *
                                       -std::log(uniform(random)) / std::log(2.0)));
}

void ask(Random& random, const Usual& usual, const Odd& odd, AnomalyEvidence& evidence) {
  ++evidence.requests;
  evidence.errors += uniform(random) < odd.errors;
  const auto took = static_cast<double>(time_of(random, usual.median).count()) * odd.slower;
  const int bucket = telemetry::Histogram::bucket_of(Duration(static_cast<int64_t>(took)));
  ++evidence.times[static_cast<size_t>(bucket / AnomalyEvidence::buckets_per_class)];
  ++evidence.timed;
}

// Looks until it is found; 0: not within a minute.
int looks_until_found(const Usual& usual, const Odd& odd, uint64_t seed) {
  Random random(seed);
  AnomalyDetector detector;
  const model::TargetKey key{"group", "10.0.0.2", 80};
  for (int look = 1; look <= looks_before + looks_in_a_minute; ++look) {
    std::vector<AnomalyDetector::Observation> observations(targets);
    for (size_t i = 0; i < targets; ++i) {
      observations[i].target = {"group", "10.0.0." + std::to_string(i + 1), 80};
      observations[i].healthy = true;
    }
    for (size_t request = 0; request < 5 * targets * static_cast<size_t>(usual.requests_per_second);
         ++request) {
      const size_t i = random.below(targets);
      const bool is_odd = i == odd_one && look > looks_before;
      ask(random, usual, is_odd ? odd : Odd(), observations[i].since_last_look);
    }
    detector.look(observations, false);
    if (detector.verdict(key).anomalous) return std::max(look - looks_before, 1);
  }
  return 0;
}

// "100 (10 s)": in so many of the runs, after so long in half of those.
std::string found(const Usual& usual, const Odd& odd) {
  std::vector<int> looks;
  for (uint64_t seed = 1; seed <= runs; ++seed) {
    if (const int after = looks_until_found(usual, odd, seed); after > 0) looks.push_back(after);
  }
  if (looks.empty()) return "0";
  std::ranges::sort(looks);
  return fmt::format("{} ({} s)", looks.size(), 5 * looks[looks.size() / 2]);
}

void print_row(const std::string& head, const Odd& odd, Duration median) {
  fmt::print("| {} ", head);
  for (const int rate : {1, 5, 20, 100}) fmt::print("| {} ", found({rate, median}, odd));
  fmt::print("|\n");
}

}  // namespace

int main() {
  const char* const rates =
      "| 1 request/s of each target | 5 | 20 | 100 |\n|---|---|---|---|---|\n";
  fmt::print("| the others' median, the target's {}", rates);
  for (const Duration median :
       {Duration(2ms), Duration(4ms), Duration(10ms), Duration(50ms), Duration(500ms)}) {
    for (const double slower : {1.25, 1.5, 2.0, 4.0}) {
      print_row(fmt::format("{} ms, {} times", median / 1ms, slower), {.slower = slower}, median);
    }
  }
  fmt::print("\n| the target's errors {}", rates);
  for (const int percent : {4, 6, 10, 20, 40, 60, 100})
    print_row(fmt::format("{} %", percent), {.errors = percent / 100.0}, 20ms);
}
