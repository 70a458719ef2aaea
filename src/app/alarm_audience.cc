// SPDX-License-Identifier: Apache-2.0
#include "app/alarm_audience.h"

#include <algorithm>
#include <set>
#include <utility>

#include "alarm/defaults.h"
#include "alarm/rule.h"
#include "app/clocks.h"
#include "app/notice_command.h"
#include "control/group_health.h"
#include "control/last_good.h"
#include "http/percent_encoding.h"
#include "metrics/series_key.h"

namespace daruma::app {
namespace {

constexpr size_t advice_max = 3;  // texts; more are not read

std::string dimension_of(const alarm::Alarm& alarm, std::string_view name) {
  if (!alarm.metric) return "";
  std::vector<const metrics::SeriesKey*> watched{&alarm.metric->series};
  for (const metrics::Query& query : alarm.metric->queries) watched.push_back(&query.key);
  for (const metrics::SeriesKey* series : watched) {
    for (const metrics::Dimension& dimension : series->dimensions) {
      if (dimension.name == name) return dimension.value;
    }
  }
  return "";
}

const char* status_of(alarm::State state) {
  switch (state) {
    case alarm::State::ok:
      return "OK";
    case alarm::State::alarm:
      return "CRITICAL";
    case alarm::State::insufficient_data:
      break;
  }
  return "UNKNOWN";
}

bool is_mackerel(const std::string& way) {
  return way == alarm::everybody || way == "mackerel";
}

// As a file of the data directory.
std::string file_name(const std::string& way) {
  return "/notices-" + way + ".db";
}

}  // namespace

Audience::Audience(Context context) : context_(std::move(context)), started_(system_wall_now()) {
  const model::api::Alarms& alarms = context_.controller.settings().alarms;
  for (const auto& webhook : alarms.webhooks)
    add(notify::make_webhook(webhook.name, webhook.url.value_or("")));
  for (const auto& mail : alarms.mail) {
    add(notify::make_mail({mail.name, mail.server, mail.from, mail.to, mail.user.value_or(""),
                           mail.password.value_or("")}));
  }
  for (const auto& command : alarms.commands)
    add(make_notice_command(command.name, command.command));
}

void Audience::add(std::unique_ptr<notify::Way> way) {
  const std::string& folder = context_.data_directory;
  const std::string file = folder.empty() ? "" : folder + file_name(way->name());
  ways_.push_back(std::make_unique<notify::NoticeThread>(
      std::move(way), file, notify::Clocks{system_now, system_wall_now}, context_.log));
}

void Audience::stop() {
  for (const auto& way : ways_) way->stop();
}

bool Audience::tell(const std::string& way, const alarm::Alarm& alarm,
                    const alarm::Notice& notice) {
  const bool all = way == alarm::everybody;
  bool told = false;
  for (const auto& each : ways_) {
    if (!all && each->name() != way) continue;
    each->post(notice);
    told = true;
  }
  if (context_.mackerel == nullptr || !is_mackerel(way)) return told;
  context_.mackerel->report({dns_name_of(alarm), alarm.name, status_of(notice.state),
                             alarm::text_of(std::span(&notice, 1)), notice.at});
  return true;
}

void Audience::keep() {
  for (const auto& way : ways_) way->keep();
}

// Once, of what a former process has seen: a report that its crash has lost is told so, and one
// that Mackerel has already changes nothing there.
void Audience::report_standing(const notify::AlarmBook& book) {
  if (std::exchange(standing_reported_, true)) return;
  for (const auto& [name, entry] : book.entries()) {
    const alarm::Standing& standing = entry.standing;
    const bool told =
        std::ranges::any_of(entry.alarm.actions(standing.state),
                            [](const auto& action) { return is_mackerel(notify::way_of(action)); });
    const bool known =
        standing.state != alarm::State::insufficient_data && standing.transitioned < started_;
    if (!told || !known || !entry.alarm.actions_enabled) continue;
    context_.mackerel->report({dns_name_of(entry.alarm), name, status_of(standing.state),
                               standing.reason, standing.transitioned});
  }
}

void Audience::on_defined(const notify::AlarmBook& book) {
  if (context_.mackerel == nullptr) return;
  report_standing(book);
  std::vector<notify::MackerelClient::Check> checks;
  for (const auto& [name, entry] : book.entries())
    checks.push_back({dns_name_of(entry.alarm), name, entry.alarm.description});
  context_.mackerel->set_checks(std::move(checks));
}

std::string Audience::dns_name_of(const alarm::Alarm& alarm) const {
  const std::string id = dimension_of(alarm, metrics::load_balancer_dimension);
  for (const auto& balancer : context_.controller.snapshot()->load_balancers) {
    if (balancer.resource_id == id) return balancer.dns_name;
  }
  return "";
}

// Of the target group that it is about, or of all that its load balancer sends to.
std::string Audience::advice_on(const alarm::Alarm& alarm) {
  const std::string group_id = dimension_of(alarm, metrics::target_group_dimension);
  const std::string balancer_id = dimension_of(alarm, metrics::load_balancer_dimension);
  if (group_id.empty() && balancer_id.empty()) return "";
  const model::Snapshot& snapshot = *context_.controller.snapshot();
  std::set<std::string> groups;
  for (uint32_t i = 0; i < snapshot.target_groups.size(); ++i) {
    const model::TargetGroup& group = snapshot.target_groups[i];
    const bool its =
        group.resource_id == group_id ||
        (group_id.empty() &&
         std::ranges::any_of(snapshot.load_balancers, [&](const auto& balancer) {
           return balancer.resource_id == balancer_id && control::forwards_to(balancer, i);
         }));
    if (its) groups.insert(group.name);
  }
  std::string text;
  size_t told = 0;
  for (const control::Advice& advice : context_.backend.advice()) {
    if (!groups.contains(advice.target_group) || told == advice_max) continue;
    text += (told++ == 0 ? "" : "\n") + advice.text;
  }
  return text;
}

std::string Audience::link_to(const alarm::Alarm& alarm) {
  const control::Settings& settings = context_.controller.settings();
  const std::string base =
      settings.alarms.console_url.value_or("http://" + settings.admin.to_string());
  return base + "/console/#/alarms/" + http::percent_encoded(alarm.name);
}

}  // namespace daruma::app
