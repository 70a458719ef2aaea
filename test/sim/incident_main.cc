// SPDX-License-Identifier: Apache-2.0
//
// daruma_incident: runs the incident, prints what it came to. Usage: below.
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sim/incident_world.h"
#include "sim/seed_watch.h"

namespace {

using namespace daruma::sim::incident;

struct Options {
  uint64_t first = 1;
  uint64_t last = 1;
  std::optional<Shape> shape;  // nullopt: each seed has its own
  bool guard = true;
  bool each_second = false;  // prints every second of every run
  bool keep_going = false;   // after a violation
  bool expect_incident = false;
  int served_least = daruma::sim::incident::served_least;  // percent of the bound
};

int usage() {
  std::fputs(
      "usage: daruma_incident --seeds A[..B] [--shape NAME|all] [--guard on|off] [--each-second]\n"
      "                       [--keep-going] [--expect incident] [--served-least PERCENT]\n"
      "Exits 1 if an invariant is broken; with --expect incident, unless one is in nine runs of\n"
      "ten. Shapes:\n",
      stderr);
  for (int i = 0; i < shape_count; ++i) {
    const auto shape = static_cast<Shape>(i);
    std::fprintf(stderr, "  %-11s %s\n", std::string(name_of(shape)).c_str(),
                 std::string(meaning_of(shape)).c_str());
  }
  return 2;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool parse_seeds(std::string_view text, Options& options) {
  const size_t dots = text.find("..");
  const auto first = number(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : number(text.substr(dots + 2));
  if (!first || !last || *last < *first) return false;
  options.first = *first;
  options.last = *last;
  return true;
}

std::optional<Options> parse(const std::vector<std::string_view>& words) {
  Options options;
  bool seeds = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--each-second") {
      options.each_second = true;
    } else if (words[i] == "--keep-going") {
      options.keep_going = true;
    } else if (i + 1 == words.size()) {
      return std::nullopt;
    } else if (words[i] == "--expect" && words[i + 1] == "incident") {
      options.expect_incident = options.keep_going = true;
      ++i;
    } else if (words[i] == "--served-least") {
      const auto percent = number(words[++i]);
      if (!percent || *percent > 100) return std::nullopt;
      options.served_least = static_cast<int>(*percent);
    } else if (words[i] == "--seeds") {
      if (!parse_seeds(words[++i], options)) return std::nullopt;
      seeds = true;
    } else if (words[i] == "--shape") {
      options.shape = shape_of(words[++i]);
      if (!options.shape && words[i] != "all") return std::nullopt;
    } else if (words[i] == "--guard") {
      options.guard = words[++i] == "on";
      if (!options.guard && words[i] != "off") return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return seeds ? std::optional(options) : std::nullopt;
}

// Runs of one shape, added up.
struct Sum {
  size_t runs = 0;
  size_t broken = 0;
  double share = 0;
  double share_least = 1e9;
  int flips = 0;
  int blackouts = 0;
  int idle_while_failing = 0;
  double median = 0;
};

void add(Sum& sum, const Result& result, bool broken) {
  ++sum.runs;
  sum.broken += broken;
  sum.share += result.share();
  sum.share_least = std::min(sum.share_least, result.share());
  sum.flips += result.flips();
  sum.blackouts += result.blackouts();
  sum.idle_while_failing += result.idle_while_failing();
  sum.median += daruma::seconds_of(result.median);
}

void print(const std::map<Shape, Sum>& sums) {
  std::printf(
      "shape        runs broken  served/bound: mean least  p50   flips  blackout s  failing beside "
      "idle s\n");
  for (const auto& [shape, sum] : sums) {
    const auto runs = static_cast<double>(sum.runs);
    std::printf("%-11s %5zu %6zu %18.1f %5.1f %5.2f %7d %11d %23d\n",
                std::string(name_of(shape)).c_str(), sum.runs, sum.broken, 100 * sum.share / runs,
                100 * sum.share_least, sum.median / runs, sum.flips, sum.blackouts,
                sum.idle_while_failing);
  }
}

int run(const Options& options) {
  std::map<Shape, Sum> sums;
  uint64_t broken_runs = 0;
  for (uint64_t seed = options.first; seed <= options.last; ++seed) {
    const Shape shape = options.shape.value_or(shape_for(seed));
    daruma::sim::begin_seed(seed);
    const Result result = World(draw_scenario(shape, seed, options.guard)).run();
    const std::vector<std::string> broken = broken_invariants(result, options.served_least);
    add(sums[shape], result, !broken.empty());
    if (options.each_second) std::fputs(table(result).c_str(), stdout);
    const bool unexpected = !broken.empty() && !options.expect_incident;
    if (options.each_second || unexpected || options.first == options.last) {
      std::printf("%s\n  %s\n", one_line(result).c_str(), describe(result.scenario).c_str());
      for (const std::string& sentence : broken) std::printf("  BROKEN: %s\n", sentence.c_str());
    }
    broken_runs += !broken.empty();
    if (!broken.empty() && !options.keep_going) break;
  }
  print(sums);
  const uint64_t runs = options.last - options.first + 1;
  if (options.expect_incident) return broken_runs * 10 >= runs * 9 ? 0 : 1;
  return broken_runs ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse({argv + 1, argv + argc});
  if (!options) return usage();
  daruma::bugs_are_fatal();
  daruma::sim::catch_crashes();
  return run(*options);
}
