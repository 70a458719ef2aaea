// SPDX-License-Identifier: Apache-2.0
#include "control/server_status.h"

#include <fmt/format.h>

#include <string_view>

namespace daruma::control {
namespace {

using Json = nlohmann::ordered_json;
using model::Scoreboard;
using model::WorkerState;

// As a worker in this state is told of behind its number; "" where it is neither busy nor free.
std::string_view doing(WorkerState state) {
  switch (state) {
    case WorkerState::idle:
    case WorkerState::no_process:
      return "";
    case WorkerState::starting:
      return "starting";
    case WorkerState::reading:
      return "reading a request";
    case WorkerState::sending:
      return "sending";
    case WorkerState::keep_alive:
      return "in keep-alive";
    case WorkerState::lookup:
      return "looking up a name";
    case WorkerState::closing:
      return "closing";
    case WorkerState::logging:
      return "logging";
    case WorkerState::finishing:
      return "finishing";
    case WorkerState::cleanup:
      return "being cleaned up";
  }
  return "";
}

std::string states_text(const Scoreboard& board) {
  std::string text;
  for (size_t i = 0; i < model::worker_state_count; ++i) {
    const std::string_view what = doing(static_cast<WorkerState>(i));
    if (what.empty() || board.slots[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", board.slots[i], what);
  }
  return text;
}

double seconds_ago(Instant then, Instant now) {
  return then < now ? seconds_of(now - then) : 0;
}

Json json_of(const Scoreboard& board, Instant at, Instant now) {
  Json states = Json::object();
  for (size_t i = 0; i < model::worker_state_count; ++i) {
    if (board.slots[i] > 0)
      states[std::string(name_of(static_cast<WorkerState>(i)))] = board.slots[i];
  }
  return {{"SecondsAgo", seconds_ago(at, now)},
          {"BusyWorkers", board.busy_workers},
          {"IdleWorkers", board.idle_workers},
          {"Slots", board.slots_all()},
          {"States", std::move(states)}};
}

}  // namespace

std::string text_of(const Scoreboard& board) {
  const uint32_t workers = board.workers();
  if (board.full()) return fmt::format("all {} workers busy: {}", workers, states_text(board));
  const std::string states = states_text(board);
  return fmt::format("{} of {} workers busy{}{}, {} idle", board.busy_workers, workers,
                     states.empty() ? "" : ": ", states, board.idle_workers);
}

std::string text_of(const ServerNote& note) {
  const model::ServerStatus& status = note.status;
  std::string text =
      fmt::format("The server of {} (target group {})", note.target, note.target_group);
  const std::string problem = status.problem.empty() ? "" : ": " + status.problem;
  if (!status.known()) {
    return text + (problem.empty() ? " has not been asked for its status page yet" : problem) +
           ".\n";
  }
  text +=
      fmt::format(", {:.1f} s ago: {}", seconds_ago(status.at, note.now), text_of(status.latest));
  if (status.workers_most > 0)
    text += fmt::format("; more than {} it never has (MaxRequestWorkers {})", status.workers_most,
                        status.workers_most);
  if (status.full_at != Instant{} && status.full_at != status.at)
    text += fmt::format("; when it was full last, {:.0f} s ago: {}",
                        seconds_ago(status.full_at, note.now), text_of(status.fullest));
  if (!problem.empty()) text += "; since then" + problem;
  return text + ".\n";
}

Json json_of(const model::ServerStatus& status, Instant now) {
  Json json;
  json["Latest"] = status.known() ? json_of(status.latest, status.at, now) : Json(nullptr);
  json["LastFull"] =
      status.full_at != Instant{} ? json_of(status.fullest, status.full_at, now) : Json(nullptr);
  json["MaxRequestWorkers"] = status.workers_most > 0 ? Json(status.workers_most) : Json(nullptr);
  json["Problem"] = status.problem.empty() ? Json(nullptr) : Json(status.problem);
  return json;
}

}  // namespace daruma::control
