// SPDX-License-Identifier: Apache-2.0
#include "model/scoreboard.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/bytes.h"

namespace daruma::model {
namespace {

// In the order of WorkerState.
constexpr std::string_view letters = "_SRWKDCLGI.";
static_assert(letters.size() == worker_state_count);

constexpr uint64_t workers_max = 1'000'000;

// Of a line "name: value" that has its end; nullopt if there is none. One that is cut off tells
// less than the server did.
std::optional<std::string_view> value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return trim_ows(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

Result<uint32_t> count_of(std::string_view text, std::string_view name) {
  const std::optional<std::string_view> value = value_of(text, name);
  if (!value) return fail("has no line " + std::string(name));
  const std::optional<uint64_t> number = parse_decimal(*value);
  if (!number || *number > workers_max) return fail(std::string(name) + " is no number of workers");
  return static_cast<uint32_t>(*number);
}

}  // namespace

std::string_view name_of(WorkerState state) {
  switch (state) {
    case WorkerState::idle:
      return "idle";
    case WorkerState::starting:
      return "starting";
    case WorkerState::reading:
      return "reading";
    case WorkerState::sending:
      return "sending";
    case WorkerState::keep_alive:
      return "keep_alive";
    case WorkerState::lookup:
      return "lookup";
    case WorkerState::closing:
      return "closing";
    case WorkerState::logging:
      return "logging";
    case WorkerState::finishing:
      return "finishing";
    case WorkerState::cleanup:
      return "cleanup";
    case WorkerState::no_process:
      return "no_process";
  }
  return "";
}

uint32_t Scoreboard::slots_all() const {
  return std::accumulate(slots.begin(), slots.end(), uint32_t{0});
}

bool Scoreboard::settled() const {
  return in(WorkerState::starting) + in(WorkerState::finishing) + in(WorkerState::cleanup) == 0;
}

Result<Scoreboard> parse_scoreboard(std::string_view text) {
  Scoreboard board;
  const Result<uint32_t> busy = count_of(text, "BusyWorkers");
  if (!busy) return fail(busy.error().message);
  const Result<uint32_t> idle = count_of(text, "IdleWorkers");
  if (!idle) return fail(idle.error().message);
  board.busy_workers = *busy;
  board.idle_workers = *idle;
  const std::optional<std::string_view> slots = value_of(text, "Scoreboard");
  if (!slots || slots->empty()) return fail("has no Scoreboard, or not all of it");
  for (const char letter : *slots) {
    const size_t state = letters.find(letter);
    if (state == std::string_view::npos) return fail("has an unknown letter in its Scoreboard");
    ++board.slots[state];
  }
  if (uint64_t{*busy} + *idle > slots->size())
    return fail("has more BusyWorkers and IdleWorkers than its Scoreboard has slots");
  return board;
}

}  // namespace daruma::model
