// SPDX-License-Identifier: Apache-2.0
#include "control/zonal_shift_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "control/attributes.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using Refusal = ZonalShiftDesk::Refusal;
using std::string_view;

constexpr string_view enabled_key = "zonal_shift.config.enabled";
// The wall clock may be set meanwhile.
constexpr Duration look_at_least = 1min;

tl::unexpected<Refusal> refuse(int status, std::string message) {
  return tl::unexpected<Refusal>(Refusal{status, std::move(message)});
}

const api::LoadBalancer* find(const api::Resources& resources, const std::string& name) {
  const auto found = std::ranges::find(resources.load_balancers, name, &api::LoadBalancer::name);
  return found == resources.load_balancers.end() ? nullptr : &*found;
}

std::string near(string_view name, const api::Resources& resources) {
  std::vector<string_view> names;
  for (const api::LoadBalancer& each : resources.load_balancers) names.push_back(each.name);
  return did_you_mean(name, names);
}

bool may_be_shifted(const api::LoadBalancer& balancer) {
  return attribute_flag(AttributeScope::load_balancer, balancer.attributes, enabled_key);
}

// Of the node and all targets: a zone that is misspelt is none of them.
std::set<std::string> zones_of(const api::Resources& resources) {
  std::set<std::string> zones = {resources.node.availability_zone};
  for (const api::TargetGroup& group : resources.target_groups) {
    for (const api::TargetDescription& target : group.targets)
      zones.insert(target.availability_zone);
  }
  zones.erase("");
  zones.erase("all");
  return zones;
}

WallTime after(WallTime now, Duration lasts) {
  return now + std::chrono::duration_cast<WallTime::duration>(lasts);
}

tl::unexpected<Refusal> no_shift(const std::string& load_balancer) {
  return refuse(404, fmt::format("no traffic of load balancer '{}' is shifted", load_balancer));
}

}  // namespace

ZonalShiftDesk::ZonalShiftDesk(io::Loop& loop, const Log& log, std::string directory, Owner& owner)
    : loop_(loop),
      log_(log),
      directory_(std::move(directory)),
      owner_(owner),
      expiry_(loop.timers(), *this) {}

void ZonalShiftDesk::restore() {
  if (directory_.empty()) return;
  Result<ZonalShifts> kept = load_zonal_shifts(directory_);
  if (!kept) {
    const Result<std::string> aside = set_zonal_shifts_aside(directory_);
    return log_.write(
        LogLevel::error, "control", "no zonal shift goes on",
        {{"problem", kept.error().message}, {"kept_as", aside ? *aside : aside.error().message}});
  }
  shifts_ = std::move(*kept);
  for (const ZonalShift& shift : shifts_.take_expired(loop_.wall_now())) note("expired", shift);
  for (const auto& [name, shift] : shifts_.all()) note("goes on", shift);
  await_expiry();
}

ZonalShiftDesk::Answer<ZonalShift> ZonalShiftDesk::start(const Request& request,
                                                         const api::Resources& resources) {
  const api::LoadBalancer* balancer = find(resources, request.load_balancer);
  if (balancer == nullptr)
    return refuse(404, fmt::format("there is no load balancer '{}'{}", request.load_balancer,
                                   near(request.load_balancer, resources)));
  if (!may_be_shifted(*balancer)) {
    return refuse(400, fmt::format("'{}' of load balancer '{}' is not true", enabled_key,
                                   request.load_balancer));
  }
  if (const auto zones = zones_of(resources); !zones.contains(request.zone)) {
    return refuse(400, fmt::format("zone '{}' is none of the node's or a target's: {}",
                                   request.zone, fmt::join(zones, ", ")));
  }
  const Result<Duration> lasts = parse_shift_duration(request.expires);
  if (!lasts) return refuse(400, lasts.error().message);
  if (request.comment.size() > model::limits::zonal_shift_comment_bytes_max)
    return refuse(400, fmt::format("a comment has at most {} bytes",
                                   model::limits::zonal_shift_comment_bytes_max));
  if (const std::string zone = shifts_.zone_of(request.load_balancer); !zone.empty()) {
    return refuse(409, fmt::format("traffic of load balancer '{}' is shifted away from {} already; "
                                   "cancel that, or extend it",
                                   request.load_balancer, zone));
  }
  const WallTime now = loop_.wall_now();
  const ZonalShift shift{request.load_balancer, request.zone, now, after(now, *lasts),
                         request.comment};
  ZonalShifts next = shifts_;
  next.put(shift);
  if (auto kept = keep(next); !kept) return tl::unexpected(kept.error());
  note("started", shift);
  return shift;
}

ZonalShiftDesk::Answer<ZonalShift> ZonalShiftDesk::extend(const Request& request) {
  const auto found = shifts_.all().find(request.load_balancer);
  if (found == shifts_.all().end()) return no_shift(request.load_balancer);
  const Result<Duration> lasts = parse_shift_duration(request.expires);
  if (!lasts) return refuse(400, lasts.error().message);
  ZonalShift shift = found->second;
  shift.expires = after(loop_.wall_now(), *lasts);
  ZonalShifts next = shifts_;
  next.put(shift);
  if (auto kept = keep(next); !kept) return tl::unexpected(kept.error());
  note("extended", shift);
  return shift;
}

ZonalShiftDesk::Answer<ZonalShift> ZonalShiftDesk::cancel(const Request& request) {
  const auto found = shifts_.all().find(request.load_balancer);
  if (found == shifts_.all().end()) return no_shift(request.load_balancer);
  const ZonalShift shift = found->second;
  ZonalShifts next = shifts_;
  next.remove(request.load_balancer);
  if (auto kept = keep(next); !kept) return tl::unexpected(kept.error());
  note("cancelled", shift);
  return shift;
}

void ZonalShiftDesk::keep_those_of(const api::Resources& resources) {
  ZonalShifts next = shifts_;
  for (const auto& [name, shift] : shifts_.all()) {
    const api::LoadBalancer* balancer = find(resources, name);
    if (balancer != nullptr && may_be_shifted(*balancer)) continue;
    note("ended: its load balancer is gone, or may not be shifted any more", shift);
    next.remove(name);
  }
  if (next.all().size() < shifts_.all().size()) (void)keep(next);  // it has been logged
}

// Nothing changes that could not be kept.
ZonalShiftDesk::Answer<void> ZonalShiftDesk::keep(const ZonalShifts& shifts) {
  if (!directory_.empty()) {
    if (const Result<void> saved = save_zonal_shifts(directory_, shifts); !saved) {
      log_.write(LogLevel::error, "control", "cannot keep the zonal shifts",
                 {{"problem", saved.error().message}});
      return refuse(500, saved.error().message);
    }
  }
  shifts_ = shifts;
  await_expiry();
  return {};
}

void ZonalShiftDesk::on_timer(io::Timer&) {
  ZonalShifts next = shifts_;
  const auto expired = next.take_expired(loop_.wall_now());
  if (expired.empty()) return await_expiry();
  for (const ZonalShift& shift : expired) note("expired", shift);
  // It ends in any case: one that could not be forgotten has expired at the next start, too.
  if (!keep(next)) shifts_ = next;
  await_expiry();
  owner_.on_zonal_shift_expired();
}

void ZonalShiftDesk::await_expiry() {
  expiry_.clear();
  const std::optional<WallTime> next = shifts_.next_expiry();
  if (!next) return;
  const auto left = std::max<WallTime::duration>(*next - loop_.wall_now(), {});
  expiry_.set(loop_.now() + std::min<Duration>(left, look_at_least));
}

void ZonalShiftDesk::note(const char* what, const ZonalShift& shift) const {
  log_.write(LogLevel::warning, "control", std::string("zonal shift ") + what,
             {{"load_balancer", shift.load_balancer},
              {"away_from", shift.zone},
              {"comment", shift.comment}});
}

}  // namespace daruma::control
