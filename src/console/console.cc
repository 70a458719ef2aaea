// SPDX-License-Identifier: Apache-2.0
#include "console/console.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/json_codec.h"
#include "base/bytes.h"
#include "console/page_files.h"
#include "console/trial.h"
#include "control/explain_request.h"
#include "control/query_parameters.h"
#include "control/shift_request.h"
#include "control/story_text.h"

namespace daruma::console {
namespace {

using api::Json;

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Json json_of(const control::HealthHistory::Change& change) {
  const model::TargetHealth& health = change.health;
  const bool has_reason = health.reason != model::HealthReason::none;
  return {{"time", seconds_of(change.at)},
          {"state", name_of(health.state)},
          {"reason", has_reason ? name_of(health.reason) : ""},
          {"description", health.description},
          {"saturated", health.saturated}};
}

// As AWS's API for zonal shifts has them.
std::string_view action_of(control::Controller::ShiftRequest what) {
  switch (what) {
    case control::Controller::ShiftRequest::start:
      return "StartZonalShift";
    case control::Controller::ShiftRequest::extend:
      return "UpdateZonalShift";
    case control::Controller::ShiftRequest::cancel:
      return "CancelZonalShift";
  }
  return "";
}

std::string_view shift_error_of(int status) {
  if (status == 400) return "ValidationException";
  if (status == 404) return "ResourceNotFoundException";
  if (status == 409) return "ConflictException";
  return "InternalServerException";
}

}  // namespace

Console::Console(const ConsoleContext& context)
    : context_(context),
      started_(context.loop.wall_now()),
      accounts_(context.controller, context.created, context.data_directory),
      sessions_(context.loop, accounts_),
      gate_(sessions_, context.controller.settings().admin.port()),
      passwords_(context.loop),
      login_({context.loop, accounts_, sessions_, gate_, passwords_, context.audit,
              context.failure_delay, context.created != nullptr}),
      live_({context.loop, context.controller, context.backend, context.registry, context.alarms,
             sessions_, context.version}) {
  add_pages();
}

void Console::add_pages() {
  using http::Method;
  add_page_files(gate_, assets());
  live_.add_page(gate_);
  gate_.add(Method::post, "/console/api", Access::change,
            [this](const Visit& visit, control::AdminResponder responder) {
              context_.api.handle_for({visit.session->name, visit.session->may_change},
                                      visit.request, std::move(responder));
            });
  gate_.add(Method::post, "/console/reload", Access::admin,
            [this](const Visit& visit, control::AdminResponder responder) {
              reload(visit, std::move(responder));
            });
  const auto add_shift = [this](std::string name, control::Controller::ShiftRequest what) {
    gate_.add(Method::post, "/console/zonal-shifts/" + name, Access::admin,
              [this, what](const Visit& visit, control::AdminResponder responder) {
                shift(what, visit, std::move(responder));
              });
  };
  using enum control::Controller::ShiftRequest;
  add_shift("start", start);
  add_shift("extend", extend);
  add_shift("cancel", cancel);
  gate_.add(Method::get, "/console/explain", Access::session,
            [this](const Visit& visit, control::AdminResponder responder) {
              explain(visit, std::move(responder));
            });
  gate_.add(Method::get, "/console/changes", Access::session,
            [this](const Visit& visit, control::AdminResponder responder) {
              responder.send(changes(visit.request.query));
            });
  gate_.add(Method::get, "/console/health", Access::session,
            [this](const Visit& visit, control::AdminResponder responder) {
              responder.send(health(visit.request.query));
            });
  gate_.add(Method::get, "/console/trial", Access::session,
            [this](const Visit& visit, control::AdminResponder responder) {
              responder.send(trial(visit.request.query));
            });
}

void Console::reload(const Visit& visit, control::AdminResponder responder) {
  using Outcome = control::AdminBackend::ReloadAnswer::Outcome;
  const std::string name = visit.session->name;
  const std::string client = visit.request.client.to_string();
  // A std::function has to be copyable, a responder must not be.
  auto kept = std::make_shared<control::AdminResponder>(std::move(responder));
  context_.backend.reload([this, kept, name, client](control::AdminBackend::ReloadAnswer answer) {
    const bool applied = answer.outcome != Outcome::refused;
    context_.audit.write({.at = context_.loop.wall_now(),
                          .caller = name,
                          .from = client,
                          .action = "Reload",
                          .outcome = applied ? "done" : "refused",
                          .id = api::make_uuid()});
    const Json json{{"applied", applied}, {"text", answer.text}};
    control::AdminResponse response = json_response(api::json_text(json));
    if (answer.outcome == Outcome::incomplete) response.status = 500;
    if (answer.outcome == Outcome::refused) response.status = 400;
    kept->send(std::move(response));
  });
}

// As /zonal-shifts, in the name of whoever is logged in.
void Console::shift(control::Controller::ShiftRequest what, const Visit& visit,
                    control::AdminResponder responder) {
  const auto request = control::parse_shift_request(visit.request.query);
  if (!request)
    return responder.send(error_response(400, shift_error_of(400), request.error().message));
  api::AuditEntry entry{.caller = visit.session->name,
                        .from = visit.request.client.to_string(),
                        .action = std::string(action_of(what)),
                        .resource = request->load_balancer,
                        .id = api::make_uuid()};
  auto kept = std::make_shared<control::AdminResponder>(std::move(responder));
  context_.backend.shift(
      what, *request,
      [this, kept, entry](const control::AdminBackend::ShiftAnswer& answer) mutable {
        const bool done = answer.status == 200;
        entry.at = context_.loop.wall_now();
        entry.outcome = done ? "done" : shift_error_of(answer.status);
        context_.audit.write(entry);
        kept->send(done
                       ? json_response(api::json_text(Json{{"text", answer.text}}))
                       : error_response(answer.status, shift_error_of(answer.status), answer.text));
      });
}

// As /explain, for programs.
void Console::explain(const Visit& visit, control::AdminResponder responder) {
  Result<control::ExplainRequest> asked = control::parse_explain_request(visit.request.query);
  if (!asked) return responder.send(error_response(400, "InvalidParameter", asked.error().message));
  auto kept = std::make_shared<control::AdminResponder>(std::move(responder));
  context_.backend.explain(std::move(asked->query), [kept](const control::Findings& findings) {
    control::AdminResponse response = json_response(control::json_of(findings));
    if (findings.stories.empty() && findings.query.by == model::StoryQuery::By::trace_id)
      response.status = 404;
    kept->send(std::move(response));
  });
}

control::AdminResponse Console::health(std::string_view query) const {
  std::string wanted;
  for (auto& [name, value] : control::query_parameters(query)) {
    if (name != "target_group")
      return error_response(400, "InvalidParameter", "there is target_group, and no other");
    wanted = std::move(value);
  }
  Json groups = Json::object();
  for (const auto& group : context_.controller.snapshot()->target_groups) {
    if (wanted.empty() || group.name == wanted) groups[group.name] = Json::object();
  }
  if (!wanted.empty() && groups.empty())
    return error_response(404, "TargetGroupNotFound", "There is no such target group");
  for (const auto& [target, changes] : context_.controller.health_history().changes()) {
    const auto group = groups.find(target.group);
    if (group == groups.end()) continue;
    Json& list = (*group)[target.to_string()] = Json::array();
    for (const control::HealthHistory::Change& change : changes) list.push_back(json_of(change));
  }
  Json json{{"now", seconds_of(context_.loop.wall_now())}, {"since", seconds_of(started_)}};
  if (wanted.empty()) {
    json["target_groups"] = std::move(groups);
  } else {
    json["targets"] = std::move(groups[wanted]);
  }
  return json_response(api::json_text(json));
}

control::AdminResponse Console::trial(std::string_view query) const {
  const auto request = parse_trial(query);
  if (!request) return error_response(400, "InvalidParameter", request.error().message);
  const auto& health = context_.controller.target_health();
  const control::HealthOf health_of = [&health](const model::TargetKey& key) {
    const auto known = health.find(key);
    return known == health.end() ? model::HealthState::unused : known->second.state;
  };
  auto json = trial_json(
      {*context_.controller.snapshot(), context_.controller.resources(), health_of}, *request);
  if (!json) return error_response(400, "InvalidParameter", json.error().message);
  return json_response(std::move(*json));
}

control::AdminResponse Console::changes(std::string_view query) const {
  size_t limit = 100;
  for (const auto& [name, value] : control::query_parameters(query)) {
    const auto number = parse_decimal(value);
    if (name != "limit" || !number || *number == 0 || *number > api::AuditTrail::kept_max) {
      return error_response(400, "InvalidParameter",
                            "limit must be 1 to 1000, and is all there is");
    }
    limit = *number;
  }
  Json changes = Json::array();
  const auto& all = context_.audit.newest_last();
  for (auto entry = all.rbegin(); entry != all.rend() && changes.size() < limit; ++entry) {
    changes.push_back({{"time", seconds_of(entry->at)},
                       {"caller", entry->caller},
                       {"from", entry->from},
                       {"action", entry->action},
                       {"resource", entry->resource},
                       {"outcome", entry->outcome},
                       {"request_id", entry->id}});
  }
  return json_response(api::json_text(Json{{"changes", std::move(changes)}}));
}

}  // namespace daruma::console
