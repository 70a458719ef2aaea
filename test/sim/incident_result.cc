// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_result.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::sim::incident {
namespace {

constexpr uint32_t blackout_least = 5;
constexpr double retries_most = 0.10;

bool is_blackout(const Second& second) {
  return second.ok == 0 && second.bound >= blackout_least;
}

uint32_t failed(const Second& second) {
  return second.errors + second.timed_out + second.broken;
}

double share_of(uint64_t part, uint64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string name_of(const Reasons& reasons) {
  std::string names;
  for (size_t i = 0; i < reasons.size(); ++i) {
    if (reasons[i] == 0) continue;
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ",
                         model::name_of(static_cast<model::Reason>(i)), reasons[i]);
  }
  return names;
}

}  // namespace

int Result::flips() const {
  int flips = 0;
  for (const TargetRecord& target : targets) flips += target.flips;
  return flips;
}

int Result::blackouts() const {
  return static_cast<int>(std::ranges::count_if(seconds, is_blackout));
}

uint64_t Result::turned_away() const {
  uint64_t sum = 0;
  for (const Second& second : seconds)
    sum += second.reasons[static_cast<size_t>(model::Reason::target_group_saturated)];
  return sum;
}

int Result::idle_while_failing() const {
  return static_cast<int>(
      std::ranges::count_if(seconds, [](const Second& s) { return failed(s) > 0 && s.idle > 0; }));
}

Duration Result::recovery() const {
  for (size_t s = seconds.size(); s > 0; --s) {
    if (failed(seconds[s - 1]) == 0) continue;
    return std::max(Duration(1s) * static_cast<int64_t>(s) - scenario.surge_ends, Duration(0s));
  }
  return 0s;
}

std::vector<std::string> broken_invariants(const Result& result, int least) {
  std::vector<std::string> broken;
  if (result.blackouts() > 0)
    broken.push_back(
        fmt::format("{} seconds without a success while targets could serve", result.blackouts()));
  if (100 * result.share() < least)
    broken.push_back(fmt::format("served {} of {} ({:.1f} %), at least {} % are due", result.ok,
                                 result.bound, 100 * result.share(), least));
  if (result.scenario.shape == Shape::busy && result.turned_away() > 0)
    broken.push_back(fmt::format("{} turned away though there were places", result.turned_away()));
  for (size_t i = 0; i < result.targets.size(); ++i) {
    const TargetRecord& target = result.targets[i];
    if (target.flips > target.causes)
      broken.push_back(
          fmt::format("target {} flipped {} times for {} causes", i, target.flips, target.causes));
  }
  const uint64_t again = std::max(result.retries, result.repeats);
  if (share_of(again, result.attempts) > retries_most)
    broken.push_back(fmt::format("{} of {} requests were sent again", again, result.attempts));
  if (result.repeated_posts > 0)
    broken.push_back(fmt::format("{} POSTs reached applications twice", result.repeated_posts));
  return broken;
}

std::string one_line(const Result& r) {
  return fmt::format(
      "{} seed {}: {} targets, {} workers, guard {}: {} of {} served, {:.1f} % of the bound {}; "
      "p50 {:.2f} p99 {:.2f} s; flips {}, blackouts {} s, failing beside an idle target {} s, sent "
      "again {}, "
      "recovered after {:.0f} s; trace {:016x}, {} events",
      name_of(r.scenario.shape), r.scenario.seed, r.targets.size(), r.scenario.node_workers,
      r.scenario.guard ? "on" : "off", r.ok, r.attempts, 100 * r.share(), r.bound,
      seconds_of(r.median), seconds_of(r.slow), r.flips(), r.blackouts(), r.idle_while_failing(),
      std::max(r.retries, r.repeats), seconds_of(r.recovery()), r.trace_hash, r.events);
}

std::string table(const Result& result) {
  std::string text =
      "   s offered   ok bound  5xx gave-up broken healthy/alive/idle door conns reasons\n";
  for (size_t s = 0; s < result.seconds.size(); ++s) {
    const Second& second = result.seconds[s];
    text += fmt::format("{:4} {:7} {:4} {:5} {:4} {:7} {:6} {:7}/{:5}/{:4} {:4} {:5} {}\n", s,
                        second.offered, second.ok, second.bound, second.errors, second.timed_out,
                        second.broken, second.healthy, second.alive, second.idle, second.door_most,
                        second.connections, name_of(second.reasons));
  }
  return text;
}

}  // namespace daruma::sim::incident
