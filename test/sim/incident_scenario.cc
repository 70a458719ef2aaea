// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"

namespace daruma::sim::incident {
namespace {

struct Row {
  std::string_view name;
  int parts;
  std::string_view meaning;
};
constexpr std::array<Row, shape_count> rows{{
#define X(name, parts, meaning) {#name, parts, meaning},
    DARUMA_INCIDENT_SHAPES(X)
#undef X
}};
constexpr uint64_t all_parts = 64;

constexpr int sum_of_parts() {
  int sum = 0;
  for (const Row& row : rows) sum += row.parts;
  return sum;
}
static_assert(sum_of_parts() == all_parts);

// A scenario in the making.
class Draw {
 public:
  Draw(Shape shape, uint64_t seed) : random_(seed ^ 0x1c1de27) {
    s_.shape = shape;
    s_.seed = seed;
  }
  Scenario scenario();

 private:
  int between(int least, int most) {
    return least + static_cast<int>(random_.below(static_cast<uint64_t>(most - least) + 1));
  }
  template <typename T, size_t n>
  T one_of(const T (&list)[n]) {
    return list[random_.below(n)];
  }
  TargetPlan draw_target();
  void draw_targets(int count);
  void draw_load(double capacity);
  void draw_probes();
  void shape_lab();
  void shape_many(int count, int workers, Duration least, Duration most);
  void shape_event();
  void shape_busy();
  void shape_dead();
  void shape_changing();
  void shape_restarting();
  void shape_storm();
  double capacity() const;
  Duration in_surge(int percent) const {
    return s_.surge_begins + (s_.surge_ends - s_.surge_begins) * percent / 100;
  }

  Random random_;
  Scenario s_;
};

Scenario Draw::scenario() {
  s_.node_workers = one_of({1, 2, 4});
  switch (s_.shape) {
    case Shape::lab:
      shape_lab();
      break;
    case Shape::hundred:
      shape_many(100, between(2, 4), 1s, 4s);
      break;
    case Shape::thousand:
      shape_many(1000, 2, 2s, 8s);
      break;
    case Shape::event:
      shape_event();
      break;
    case Shape::busy:
      shape_busy();
      break;
    case Shape::dead:
      shape_dead();
      break;
    case Shape::three:
      draw_targets(3);
      draw_load(capacity());
      break;
    case Shape::eight:
      draw_targets(8);
      draw_load(capacity());
      break;
    case Shape::surge:
    case Shape::story:
    case Shape::lengthy:
    case Shape::http:
    case Shape::slower:
    case Shape::storm:
    case Shape::changing:
    case Shape::restarting:
      draw_targets(2);
      if (s_.shape == Shape::slower) {
        const int factor = between(2, 4);
        s_.targets[1].service_least *= factor;
        s_.targets[1].service_most *= factor;
      }
      draw_load(capacity());
      break;
  }
  if (s_.shape == Shape::storm) shape_storm();
  if (s_.shape == Shape::changing) shape_changing();
  if (s_.shape == Shape::restarting) shape_restarting();
  if (s_.shape != Shape::lab) draw_probes();
  if (s_.shape == Shape::story) {
    s_.groups = {{{0}, 1}, {{1}, 1}};
  } else {
    s_.groups = {{{}, 1}};
    for (size_t i = 0; i < s_.targets.size(); ++i) s_.groups[0].targets.push_back(i);
  }
  return s_;
}

double Draw::capacity() const {
  double sum = 0;
  for (const TargetPlan& target : s_.targets) sum += capacity_of(target);
  return sum;
}

TargetPlan Draw::draw_target() {
  TargetPlan target;
  const bool fast = random_.chance(1, 3);
  target.workers = fast ? between(4, 8) : between(5, 20);
  if (fast) {
    target.service_least = 50ms;
    target.service_most = 200ms;
  }
  const bool may_be_http = s_.shape != Shape::surge && s_.shape != Shape::busy &&
                           s_.shape != Shape::hundred && s_.shape != Shape::thousand;
  target.https = s_.shape != Shape::http && !(may_be_http && random_.chance(1, 5));
  target.handshake = target.https ? Duration(1ms) * between(1, 5) : 0ms;
  target.keep_alive_max = one_of({1, 5, 5, 20, 100});
  target.keep_alive_timeout = one_of<Duration>({2s, 5s, 15s});
  target.backlog = one_of<size_t>({32, 64, 511});
  return target;
}

void Draw::draw_targets(int count) {
  TargetPlan target = draw_target();
  if (count > 4) target.workers = std::min(target.workers, 8);
  s_.targets.assign(static_cast<size_t>(count), target);
}

// A quarter of the capacity, ramp, surge beyond it, back.
void Draw::draw_load(double capacity) {
  const double base = capacity / 4;
  const double surge = capacity * (random_.chance(1, 2) ? 1.25 : 0.01 * between(105, 200));
  const bool lengthy = s_.shape == Shape::lengthy;
  const bool restarting = s_.shape == Shape::restarting;
  const bool event = s_.shape == Shape::event;  // what all do at once takes its time to show
  const Duration hold = Duration(1s) * (lengthy      ? between(110, 140)
                                        : restarting ? between(50, 70)
                                        : event      ? between(30, 45)
                                                     : between(15, 30));
  s_.surge_begins = 5s + Duration(1s) * between(3, 10);
  s_.surge_ends = s_.surge_begins + hold;
  const Duration down = s_.surge_ends + Duration(1s) * between(1, 5);
  s_.load.points = {
      {0s, base},   {5s, base},        {s_.surge_begins, surge}, {s_.surge_ends, surge},
      {down, base}, {down + 12s, base}};
  s_.load.posts_percent = one_of({0, 0, 10, 50});
}

void Draw::draw_probes() {
  s_.probe_interval = one_of<Duration>({5s, 5s, 10s});
  s_.probe_timeout = one_of<Duration>({2s, 4s});
  s_.healthy_threshold = between(2, 4);
  s_.unhealthy_threshold = between(2, 3);
}

void Draw::shape_lab() {
  s_.targets.assign(2, TargetPlan{});
  s_.surge_begins = 15s;
  s_.surge_ends = 75s;
  s_.load.points = {{0s, 20}, {5s, 20}, {15s, 100}, {75s, 100}, {80s, 20}, {95s, 20}};
}

// Long pages, so that many targets do not mean many requests.
void Draw::shape_many(int count, int workers, Duration least, Duration most) {
  TargetPlan target = draw_target();
  target.workers = workers;
  target.service_least = least;
  target.service_most = most;
  s_.targets.assign(static_cast<size_t>(count), target);
  draw_load(capacity());
  s_.load.patience = most + 10s;
}

void Draw::shape_event() {
  TargetPlan target = draw_target();
  target.architecture = Architecture::event;
  target.workers = between(1, 4);
  target.service_least = 20ms;
  target.service_most = 80ms;
  target.handshake = target.https ? 1ms : 0ms;
  target.keep_alive_max = 1000;
  target.keep_alive_timeout = 60s;
  target.backlog = 511;
  s_.targets.assign(static_cast<size_t>(between(2, 3)), target);
  draw_load(capacity());
}

// Places for ten times the load.
void Draw::shape_busy() {
  TargetPlan target = draw_target();
  target.workers = 200;
  target.service_least = 10ms;
  target.service_most = 50ms;
  target.keep_alive_max = one_of({5, 20, 100});
  target.backlog = 511;
  s_.targets.assign(2, target);
  draw_load(between(100, 400));
  for (TargetPlan& plan : s_.targets) {
    plan.turns.push_back({s_.surge_begins, Turn::handshakes, between(100, 400)});
    plan.turns.push_back({s_.surge_ends, Turn::handshakes, static_cast<int>(plan.handshake / 1ms)});
  }
}

void Draw::shape_dead() {
  draw_targets(between(2, 3));
  const double one = capacity_of(s_.targets[0]);
  draw_load(capacity() - one);
  const Turn how =
      one_of({Turn::stop_closing, Turn::stop_resetting, Turn::vanish, Turn::freeze, Turn::freeze});
  const Duration when = random_.chance(1, 3) ? Duration(0s) : in_surge(between(10, 60));
  s_.targets.back().turns.push_back({when, how});
}

void Draw::shape_storm() {
  s_.load.posts_percent = 0;
  s_.load.retries_max = between(2, 6);
  s_.load.retry_pause_most = one_of<Duration>({20ms, 200ms, 1s});
  s_.load.patience = s_.targets[0].service_most + Duration(1ms) * between(400, 2000);
}

void Draw::shape_changing() {
  const bool all = random_.chance(1, 2);
  const bool falls = random_.chance(1, 2);
  const bool by_workers = random_.chance(2, 3);
  const Duration when = in_surge(between(20, 50));
  const Duration back = when + (s_.surge_ends - when) * between(30, 80) / 100;
  for (TargetPlan& target : s_.targets) {
    const int before = by_workers ? target.workers : 100;
    int after = 0;
    if (by_workers) after = falls ? std::max(2, before / 2) : before * 2;
    if (!by_workers) after = falls ? 200 : 50;
    const Turn turn = by_workers ? Turn::workers : Turn::pace;
    target.turns.push_back({when, turn, after});
    if (random_.chance(1, 2)) target.turns.push_back({back, turn, before});
    if (!all) break;
  }
}

void Draw::shape_restarting() {
  const Turn how = random_.chance(1, 2) ? Turn::stop_closing : Turn::stop_resetting;
  std::vector<TargetTurn>& turns = s_.targets[1].turns;
  Duration at = 5s + Duration(1s) * between(0, 20);
  for (; at < s_.load.length() - 8s; at += 30s) {
    turns.push_back({at, how});
    turns.push_back({at + Duration(100ms) * between(5, 40), Turn::start});
  }
}

}  // namespace

std::string_view name_of(Shape shape) {
  return rows[static_cast<size_t>(shape)].name;
}

std::string_view meaning_of(Shape shape) {
  return rows[static_cast<size_t>(shape)].meaning;
}

std::optional<Shape> shape_of(std::string_view name) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].name == name) return static_cast<Shape>(i);
  }
  return std::nullopt;
}

Shape shape_for(uint64_t seed) {
  // 37 has no factor in common with 64: neighbours differ, and 64 seeds see every part.
  int part = static_cast<int>(seed * 37 % all_parts);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (part < rows[i].parts) return static_cast<Shape>(i);
    part -= rows[i].parts;
  }
  DARUMA_ASSERT(false);
}

std::string describe(const TargetTurn& turn) {
  static constexpr std::string_view names[] = {"stops (FIN)", "stops (RST)",     "vanishes",
                                               "freezes",     "starts",          "workers",
                                               "pace",        "handshakes of ms"};
  std::string text =
      fmt::format("{} at {:.1f} s", names[static_cast<size_t>(turn.turn)], seconds_of(turn.at));
  if (turn.value) text += fmt::format(" {}", turn.value);
  return text;
}

std::string describe(const Scenario& s) {
  const TargetPlan& t = s.targets.front();
  const bool event = t.architecture == Architecture::event;
  const auto ms = [](Duration d) { return d / 1ms; };
  std::string text = fmt::format(
      "{} {} targets of {} {}, {}-{} ms, {} (handshake {} ms), keep-alive {} s max {}, backlog {}; "
      "load {:.0f} -> {:.0f}/s from {:.0f} to {:.0f} s, {} % POST, patience {} ms, {} retries; "
      "probes {}/{} s {}/{}",
      s.targets.size(), event ? "event" : "prefork", t.workers, event ? "processors" : "workers",
      ms(t.service_least), ms(t.service_most), t.https ? "https" : "http", ms(t.handshake),
      t.keep_alive_timeout / 1s, t.keep_alive_max, t.backlog, s.load.points[0].rate,
      s.load.points[2].rate, seconds_of(s.surge_begins), seconds_of(s.surge_ends),
      s.load.posts_percent, ms(s.load.patience), s.load.retries_max, s.probe_interval / 1s,
      s.probe_timeout / 1s, s.healthy_threshold, s.unhealthy_threshold);
  for (size_t i = 0; i < s.targets.size(); ++i) {
    if (s.targets[i].service_least != t.service_least)
      text += fmt::format("; target {}: {}-{} ms", i, ms(s.targets[i].service_least),
                          ms(s.targets[i].service_most));
    for (const TargetTurn& turn : s.targets[i].turns)
      text += fmt::format("; target {} {}", i, describe(turn));
  }
  return text;
}

double capacity_of(const TargetPlan& target) {
  return target.workers / (seconds_of(target.service_least + target.service_most) / 2);
}

Scenario draw_scenario(Shape shape, uint64_t seed, bool guard) {
  Scenario scenario = Draw(shape, seed).scenario();
  scenario.guard = guard;
  return scenario;
}

}  // namespace daruma::sim::incident
