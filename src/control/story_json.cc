// SPDX-License-Identifier: Apache-2.0
//
// docs/explain.md describes these members; names stay once released.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "control/story_text.h"
#include "control/verdict.h"

namespace daruma::control {
namespace {

using Json = nlohmann::ordered_json;
using model::Reason;

// Null: not reached.
Json seconds(Duration duration) {
  return duration < Duration{} ? Json(nullptr) : Json(seconds_of(duration));
}

Json reason(Reason reason) {
  return reason == Reason::none ? Json(nullptr) : Json(model::name_of(reason));
}

Json load(const model::TargetLoad& load) {
  return {{"connections", load.connections},
          {"in_flight", load.in_flight},
          {"learned_limit", load.learned_limit},
          {"full", load.full}};
}

Json probes(const std::vector<model::ProbeNote>& probes) {
  Json list = Json::array();
  for (const model::ProbeNote& each : probes)
    list.push_back({{"outcome", name_of(each.outcome)}, {"seconds_before", seconds(each.ago)}});
  return list;
}

Json candidate(const model::Candidate& candidate) {
  return {{"target", candidate.target},
          {"health", name_of(candidate.health)},
          {"standing", name_of(candidate.standing)},
          {"failures_in_a_row", candidate.failures_in_a_row},
          {"load", load(candidate.load)},
          {"probes", probes(candidate.probes)}};
}

Json attempt(const model::Attempt& attempt) {
  return {{"target", attempt.target},
          {"reason", reason(attempt.reason)},
          {"connection", name_of(attempt.connection)},
          {"connect_seconds", seconds(attempt.connect)},
          {"handshake_seconds", seconds(attempt.handshake)},
          {"tls_error", attempt.tls_error},
          {"age_seconds", seconds(attempt.age)},
          {"idle_seconds", seconds(attempt.idle)},
          {"requests", attempt.requests},
          {"sent_bytes", attempt.sent_bytes},
          {"received_bytes", attempt.received_bytes},
          {"load", load(attempt.load)},
          {"probes", probes(attempt.probes)}};
}

Json json(const model::Story& story) {
  Json candidates = Json::array();
  for (const model::Candidate& each : story.candidates) candidates.push_back(candidate(each));
  Json attempts = Json::array();
  for (const model::Attempt& each : story.attempts) attempts.push_back(attempt(each));
  return {{"time", date_and_time(story.time)},
          {"trace_id", story.trace_id},
          {"client", story.client},
          {"load_balancer", story.load_balancer},
          {"listener", story.listener},
          {"method", story.method},
          {"host", story.host},
          {"path", story.path},
          {"rule_priority", story.rule_priority < 0 ? Json(nullptr) : Json(story.rule_priority)},
          {"target_group", story.target_group},
          {"fail_open", story.fail_open},
          {"candidates", std::move(candidates)},
          {"waited_seconds", seconds(story.waited)},
          {"waiting", story.waiting},
          {"attempts", std::move(attempts)},
          {"status", story.status},
          {"target_status", story.target_status},
          {"reason", reason(story.reason)},
          {"total_seconds", seconds(story.total)},
          {"request_seconds", seconds(story.request)},
          {"target_seconds", seconds(story.target)},
          {"response_seconds", seconds(story.response)},
          {"received_bytes", story.received_bytes},
          {"sent_bytes", story.sent_bytes},
          {"verdict", verdict_of(story)}};
}

Json scoreboard(const model::Scoreboard& board, Instant at, Instant now) {
  if (at == Instant{}) return nullptr;
  Json states = Json::object();
  for (size_t i = 0; i < model::worker_state_count; ++i) {
    if (board.slots[i] > 0)
      states[std::string(name_of(static_cast<model::WorkerState>(i)))] = board.slots[i];
  }
  return {{"seconds_ago", seconds_of(std::max(now - at, Duration{}))},
          {"busy_workers", board.busy_workers},
          {"idle_workers", board.idle_workers},
          {"slots", board.slots_all()},
          {"states", std::move(states)}};
}

Json server(const ServerNote& note) {
  const model::ServerStatus& status = note.status;
  return {
      {"target", note.target},
      {"target_group", note.target_group},
      {"latest", scoreboard(status.latest, status.at, note.now)},
      {"last_full", scoreboard(status.fullest, status.full_at, note.now)},
      {"max_request_workers", status.workers_most > 0 ? Json(status.workers_most) : Json(nullptr)},
      {"problem", status.problem.empty() ? Json(nullptr) : Json(status.problem)}};
}

Json kept(const model::StoriesKept::Kind& kind) {
  return {{"kept", kind.kept},
          {"most", kind.most},
          {"oldest", kind.kept > 0 ? Json(date_and_time(kind.oldest)) : Json(nullptr)}};
}

}  // namespace

std::string json_of(const Findings& findings) {
  Json stories = Json::array();
  for (const model::Story& story : findings.stories) stories.push_back(json(story));
  Json servers = Json::array();
  for (const ServerNote& note : findings.servers) servers.push_back(server(note));
  const Json answer{{"stories", std::move(stories)},
                    {"servers", std::move(servers)},
                    {"kept",
                     {{"errors", kept(findings.kept.errors)},
                      {"detours", kept(findings.kept.detours)},
                      {"others", kept(findings.kept.others)}}},
                    {"workers", findings.workers},
                    {"workers_answered", findings.workers_answered}};
  // Paths hold whatever bytes the client sent.
  return answer.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace daruma::control
