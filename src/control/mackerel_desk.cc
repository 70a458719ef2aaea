// SPDX-License-Identifier: Apache-2.0
#include "control/mackerel_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/configuration_change.h"
#include "control/group_health.h"

namespace daruma::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration look_every = 1s;

}  // namespace

MackerelDesk::MackerelDesk(io::Loop& loop, const Controller& controller,
                           const telemetry::Registry& registry, NodeChecks& checks,
                           Duration interval, telemetry::MackerelSink* sink)
    : loop_(loop),
      controller_(controller),
      registry_(registry),
      checks_(checks),
      interval_(interval),
      sink_(sink),
      seen_(controller.snapshot()),
      taken_(loop.now()),
      timer_(loop.timers(), *this) {
  sampler_.take(registry_, {});
  next_ = loop_.now() + until_next();
  timer_.set(std::min(next_, loop_.now() + look_every));
}

// Wall clocks may be set; an interval is never much shorter or longer because of that.
Duration MackerelDesk::until_next() const {
  const Duration past = loop_.wall_now().time_since_epoch() % interval_;
  const Duration left = interval_ - past;
  const Duration since_last = loop_.now() - taken_;
  return since_last + left < interval_ / 2 ? left + interval_ : left;
}

void MackerelDesk::on_timer(io::Timer&) {
  note_change();
  if (loop_.now() >= next_) take();
  timer_.set(std::min(next_, loop_.now() + look_every));
}

void MackerelDesk::note_change() {
  const model::SnapshotRef now = controller_.snapshot();
  if (now == seen_) return;
  const model::SnapshotRef before = std::exchange(seen_, now);
  std::string text = change_between(*before, *now);
  if (text.empty() || sink_ == nullptr) return;
  sink_->on_change({loop_.wall_now(), now->revision, std::move(text)});
}

void MackerelDesk::take() {
  latest_ = {loop_.wall_now(), sampler_.take(registry_, views())};
  taken_ = loop_.now();
  next_ = loop_.now() + until_next();
  if (sink_ != nullptr) sink_->on_minute(latest_);
}

std::vector<telemetry::MackerelView> MackerelDesk::views() const {
  std::vector<telemetry::MackerelView> views;
  for (const model::LoadBalancer& balancer : controller_.snapshot()->load_balancers)
    views.push_back(view_of(balancer));
  return views;
}

telemetry::MackerelView MackerelDesk::view_of(const model::LoadBalancer& balancer) const {
  const model::Snapshot& snapshot = *controller_.snapshot();
  telemetry::MackerelView view{balancer.name, balancer.dns_name, {}};
  for (uint32_t i = 0; i < snapshot.target_groups.size(); ++i) {
    if (!forwards_to(balancer, i)) continue;
    telemetry::MackerelView::Group& group = view.groups.emplace_back();
    group.name = snapshot.target_groups[i].name;
    for (const model::Target& target : snapshot.target_groups[i].targets) {
      const auto known = controller_.target_health().find(target.key);
      if (known == controller_.target_health().end()) continue;
      ++group.targets;
      if (known->second.state == model::HealthState::healthy) ++group.healthy;
      if (known->second.state == model::HealthState::unhealthy) ++group.unhealthy;
    }
  }
  return view;
}

void MackerelDesk::handle(const AdminRequest&, AdminResponder responder) {
  Json balancers = Json::array();
  for (const telemetry::MackerelSample& sample : latest_.load_balancers) {
    Json metrics = Json::object();
    for (const auto& point : sample.points) metrics[point.name] = point.value;
    balancers.push_back({{"Name", sample.load_balancer},
                         {"DNSName", sample.dns_name},
                         {"Metrics", std::move(metrics)}});
  }
  Json certificates = Json::array();
  for (const telemetry::CertificateStatus& each : checks_.certificates())
    certificates.push_back({{"Name", each.name}, {"NotAfter", unix_seconds(each.not_after)}});
  const Json page{{"Now", unix_seconds(loop_.wall_now())},
                  {"Time", unix_seconds(latest_.at)},
                  {"IntervalSeconds", interval_ / 1s},
                  {"LoadBalancers", std::move(balancers)},
                  {"Certificates", std::move(certificates)},
                  {"ConfigurationProblems", checks_.configuration_problems()}};
  responder.send({.content_type = "application/json",
                  .body = page.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"});
}

}  // namespace daruma::control
