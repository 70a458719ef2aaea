// SPDX-License-Identifier: Apache-2.0
//
// Stickiness: a request that shows where its client has been goes there again, and its response
// says so anew. docs/stickiness.md tells the rules.
#include <chrono>

#include "base/bytes.h"
#include "base/stable_hash.h"
#include "http/cookies.h"
#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/sticky_session.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

using model::StickinessType;

int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

uint32_t second_of(WallTime now) {
  return static_cast<uint32_t>(unix_seconds(now));
}

// A clock that another node is ahead by does not matter.
bool holds(const routing::StickyEntry& entry, Duration duration, uint32_t now) {
  return entry.issued + seconds(duration) > now;
}

StickyCookie cookie_of(StickinessType type) {
  return type == StickinessType::app_cookie ? StickyCookie::application : StickyCookie::target;
}

// Chrome and what is made of it, from version 80 on, sends to another site only cookies that say
// SameSite=None (AWS user guide).
bool is_cross_site(const http::Fields& request) {
  const http::Field* agent = request.find(http::FieldId::user_agent);
  if (agent == nullptr || request.find("Origin") == nullptr) return false;
  for (const std::string_view browser : {"Chrome/", "Chromium/"}) {
    const size_t at = agent->value.find(browser);
    if (at == std::string_view::npos) continue;
    const std::string_view version = agent->value.substr(at + browser.size());
    return parse_decimal(version.substr(0, version.find('.'))).value_or(0) >= 80;
  }
  return false;
}

// Nothing in a record is good for longer than that.
uint32_t oldest(uint32_t now) {
  return now - static_cast<uint32_t>(seconds(model::limits::sticky_cookie_age));
}

}  // namespace

StickySession& Exchange::session() {
  if (!sticky_) sticky_ = std::make_unique<StickySession>();
  return *sticky_;
}

void Exchange::read_sticky_cookie(StickyCookie which, routing::StickyRecord& record) {
  const auto read = environment_.sticky_cookies.read(which, request_.fields, record);
  if (read == StickyCookies::Read::refused)
    listener_->counters().sticky_cookies_refused_total.add();
}

// The group that the client was sent to the last time, whatever its weight is now. With failover,
// not one that has lost all its targets; one that is only full keeps its clients, and so does one
// that this node has not checked yet, as after a restart.
AdoptedGroup& Exchange::choose_sticky_group(const model::ForwardAction& forward) {
  StickySession& session = this->session();
  session.sticky_action = true;
  read_sticky_cookie(StickyCookie::group, session.groups);
  const routing::StickyEntry* newest = nullptr;  // it stands behind those issued before
  AdoptedGroup* group = nullptr;
  for (const routing::StickyEntry& entry : session.groups) {
    for (const model::WeightedGroup& each : forward.groups) {
      if (pin_->snapshot().target_groups[each.group].sticky_id != entry.group) continue;
      newest = &entry;
      group = &pin_->group(each.group);
    }
  }
  if (newest == nullptr) return choose_group(forward);
  if (!holds(*newest, forward.stickiness, second_of(environment_.loop.wall_now()))) {
    listener_->counters().sticky_cookies_refused_total.add();
    return choose_group(forward);
  }
  const bool lost = listener_->listener().forward_failover &&
                    group->set.mode() != routing::RoutingMode::healthy && !group->set.undecided();
  return lost ? choose_group(forward) : *group;
}

// What the request's cookies say of this group's targets.
void Exchange::read_session() {
  StickySession& session = this->session();
  session.targets_read = true;
  const model::Stickiness& stickiness = group_->group->stickiness;
  read_sticky_cookie(cookie_of(stickiness.type), session.targets);
  const routing::StickyEntry* entry = session.targets.find(group_->group->sticky_id);
  if (entry == nullptr) return;
  if (!holds(*entry, stickiness.duration, second_of(environment_.loop.wall_now()))) {
    listener_->counters().sticky_cookies_refused_total.add();
    return;
  }
  // A client that has lost one of the two cookies has no session (AWS user guide).
  if (stickiness.type == StickinessType::app_cookie &&
      !http::find_cookie(request_.fields, stickiness.app_cookie_name))
    return;
  session.continues = true;
  const std::optional<uint32_t> place = stickiness.find(entry->target);
  if (!place) return;
  session.place = *place;
  session.target = group_->targets[*place].get();
}

// The session's target; where there is none, or it can serve nobody, the algorithm's. Under guard,
// a target that is full is waited for: whoever is moved has lost what the target knows of him.
TargetState* Exchange::choose_sticky_target() {
  StickySession& session = this->session();
  const bool first = !session.targets_read;
  if (first) read_session();
  if (session.target && session_lost()) session.target = nullptr;
  if (first) {
    telemetry::TargetGroupCounters& counters = *group_->state->counters;
    (session.target ? counters.sticky_requests_total : counters.non_sticky_requests_total).add();
  }
  TargetState* const own = session.target;
  if (own == nullptr) return choose_target();
  if (!group_->group->saturation_guard.enabled || own->takes_requests()) return own;
  full_target_ = own;
  return nullptr;
}

// A target that this node has not checked yet, as after a restart, keeps its clients.
bool Exchange::may_stay() const {
  const routing::TargetSet& set = group_->set;
  const uint32_t place = sticky_->place;
  return set.is_candidate(place) ||
         (set.in_play(place) && set.health(place) == model::HealthState::initial);
}

// One that is only silent keeps them too.
bool Exchange::session_lost() {
  if (!may_stay()) return true;
  const bool guarded = group_->group->saturation_guard.enabled;
  return guarded && sticky_->target->failures().failing() && !sticky_->target->take_trial();
}

// The request waits for its session's target, which does not fail.
bool Exchange::stays() const {
  return sticky_ && sticky_->target == target_ && !target_->failures().failing();
}

// No connection to the session's target can be had.
void Exchange::leave_session() {
  if (sticky_) sticky_->target = nullptr;
}

// The line of the session's target, or the group's.
WaitingLine& Exchange::line_to_wait_in() {
  return sticky_ && sticky_->target ? sticky_->target->own_line() : group_->state->line;
}

// Writes the cookies that the response brings.
void Exchange::write_session() {
  StickySession& session = *sticky_;
  const WallTime wall_now = environment_.loop.wall_now();
  const uint32_t now = second_of(wall_now);
  StickyCookies& cookies = environment_.sticky_cookies;
  const model::TargetGroup& group = *group_->group;
  session.fields.clear();
  if (session.sticky_action) {
    session.groups.erase_older(oldest(now));
    session.groups.put({group.sticky_id, 0, now}, model::limits::sticky_groups_max);
    cookies.write(StickyCookie::group, session.groups, wall_now, session.fields);
  }
  const model::Stickiness& stickiness = group.stickiness;
  const bool application = stickiness.type == StickinessType::app_cookie;
  // The application begins a session; from then on each response renews it.
  const bool goes_on = !application || session.continues ||
                       http::sets_cookie(response_.fields, stickiness.app_cookie_name);
  if (stickiness.type != StickinessType::off && goes_on) {
    session.targets.erase_older(oldest(now));
    session.targets.put(
        {group.sticky_id, stable_hash(target_->label()), now},
        application ? model::limits::app_sticky_groups_max : model::limits::sticky_groups_max);
    cookies.write(cookie_of(stickiness.type), session.targets, wall_now, session.fields,
                  client_->origin().facts.secure && is_cross_site(request_.fields));
  }
}

}  // namespace daruma::proxy
