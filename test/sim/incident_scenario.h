// SPDX-License-Identifier: Apache-2.0
//
// What one run of the incident is made of: targets and what befalls them, the load, the node. Drawn
// from a shape and a seed; values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace daruma::sim::incident {

// X(name, parts of 64 that `--shape all` gives it, meaning)
#define DARUMA_INCIDENT_SHAPES(X)                                                                  \
  X(lab, 2, "the laboratory's own: two targets of 20 workers, 20 -> 100 -> 20 requests/s")         \
  X(surge, 5, "two targets, drawn numbers of workers, rates and times")                            \
  X(story, 6, "two groups of one target each under one weighted rule")                             \
  X(lengthy, 2, "the surge lasts two minutes and more")                                            \
  X(slower, 5, "one target takes two to four times as long")                                       \
  X(dead, 6, "one target is really dead: from the start, or in mid-surge, in several ways")        \
  X(storm, 5, "impatient clients that ask again and again")                                        \
  X(three, 4, "three targets")                                                                     \
  X(eight, 4, "eight targets")                                                                     \
  X(http, 6, "HTTP targets: only the first byte of a response shows how long the door was")        \
  X(changing, 6, "capacity falls or grows in mid-surge")                                           \
  X(restarting, 5, "a target restarts every 30 s")                                                 \
  X(event, 4, "targets that accept without limit and share their processor among all they do")     \
  X(busy, 2, "not full but slow: handshakes take ten times as long from then on, places are free") \
  X(hundred, 1, "100 targets")                                                                     \
  X(thousand, 1, "1,000 targets")

enum class Shape : uint8_t {
#define X(name, parts, meaning) name,
  DARUMA_INCIDENT_SHAPES(X)
#undef X
};
#define X(name, parts, meaning) +1
inline constexpr int shape_count = 0 DARUMA_INCIDENT_SHAPES(X);
#undef X
std::string_view name_of(Shape shape);
std::string_view meaning_of(Shape shape);
std::optional<Shape> shape_of(std::string_view name);
// The shape that `--shape all` gives a seed.
Shape shape_for(uint64_t seed);

// What befalls a target.
enum class Turn : uint8_t {
  stop_closing,    // the process ends; the kernel closes its connections (FIN), then refuses
  stop_resetting,  // the same, with RST
  vanish,          // the host is gone: packets are answered by nobody
  freeze,          // the process stands still: the kernel accepts, nothing is answered
  start,           // serves (again)
  workers,         // how many it has from now on; those that go finish their connection
  pace,            // everything takes `value` percent of its time
  handshakes,      // take `value` milliseconds of a worker's time
};
struct TargetTurn {
  Duration at{};  // since the load began
  Turn turn = Turn::start;
  int value = 0;
};

enum class Architecture : uint8_t {
  prefork,  // a worker per connection, as Apache's prefork
  event,    // any number of connections share a processor
};

struct TargetPlan {
  Architecture architecture = Architecture::prefork;
  bool https = true;  // as its group's others
  int workers = 20;   // event: processors
  // What a page takes, uniform; event: of a processor's time.
  Duration service_least = 200ms;
  Duration service_most = 800ms;
  Duration handshake = 2ms;  // of a worker's or processor's time; 0 for HTTP
  Duration health_service = 5ms;
  int keep_alive_max = 5;  // Apache's MaxKeepAliveRequests: further requests after the first
  Duration keep_alive_timeout = 5s;
  size_t backlog = 64;
  std::vector<TargetTurn> turns;  // in order of time
};

struct LoadPoint {
  Duration at{};
  double rate = 0;  // requests per second; linear between points
};

struct LoadPlan {
  std::vector<LoadPoint> points;
  Duration patience = 10s;
  int posts_percent = 0;  // the rest are GET
  // The retry storm: how often one asks again after an error or after one's patience, and how soon.
  int retries_max = 0;
  Duration retry_pause_most = 200ms;
  Duration length() const { return points.back().at; }
};

struct Scenario {
  Shape shape = Shape::lab;
  uint64_t seed = 0;
  bool guard = true;
  int node_workers = 1;
  std::vector<TargetPlan> targets;
  // Groups of targets under one weighted rule.
  struct Group {
    std::vector<size_t> targets;
    uint32_t weight = 1;
  };
  std::vector<Group> groups;
  LoadPlan load;
  Duration probe_interval = 5s;
  Duration probe_timeout = 2s;
  int healthy_threshold = 2;
  int unhealthy_threshold = 2;
  Duration surge_begins{};
  Duration surge_ends{};
};

Scenario draw_scenario(Shape shape, uint64_t seed, bool guard);

// "2 prefork targets of 6 workers, 50-200 ms, …"; one line.
std::string describe(const Scenario& scenario);
std::string describe(const TargetTurn& turn);

// Requests per second that a target serves at most, in its first state.
double capacity_of(const TargetPlan& target);

}  // namespace daruma::sim::incident
