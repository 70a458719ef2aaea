// SPDX-License-Identifier: Apache-2.0
#include "console/standing.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::console {
namespace {

constexpr double shown_least = 0.05;  // by second: less is shown as 0.0
constexpr double warning_share = 0.05;
constexpr double critical_share = 0.5;
// By second: one that fails in an idle second is half of its requests, and no outage.
constexpr double critical_least = 1.5;

// "0.3/s", "12/s"
std::string rate_text(double rate) {
  return rate < 10 ? fmt::format("{:.1f}/s", rate) : fmt::format("{:.0f}/s", rate);
}

void add(std::string& sentence, std::string_view separator, const std::string& part) {
  if (!sentence.empty()) sentence += separator;
  sentence += part;
}

std::string health_text(const GroupStanding& group) {
  const uint64_t unchecked =
      group.targets - std::min(group.targets, group.healthy + group.unhealthy);
  std::string text;
  if (group.saturated > 0) {
    text = fmt::format("{} of {} busy", group.saturated, group.targets);
    add(text, ", ",
        group.unhealthy > 0 ? fmt::format("{} unhealthy", group.unhealthy)
                            : std::string("none dead"));
  } else if (group.healthy == group.targets) {
    text = group.targets == 1 ? "the only target is healthy"
                              : fmt::format("all {} targets healthy", group.targets);
  } else {
    text = fmt::format("{} of {} healthy", group.healthy, group.targets);
  }
  if (unchecked > 0) add(text, ", ", fmt::format("{} not checked yet", unchecked));
  if (group.anomalous > 0) add(text, ", ", fmt::format("{} anomalous", group.anomalous));
  return text;
}

// `failed` of `requests`, both by second; what fails may have begun earlier.
Standing standing_of_share(double failed, double requests) {
  if (failed < shown_least) return Standing::ok;
  const double share = failed / std::max(requests, failed);
  if (share >= critical_share && failed >= critical_least) return Standing::critical;
  return share >= warning_share ? Standing::warning : Standing::ok;
}

Standing standing_of(const GroupStanding& group) {
  if (!group.in_use) return Standing::unused;
  const bool dead = group.healthy == 0 && group.unhealthy > 0;
  // What another target answered in the end was not lost.
  const double lost = group.target_errors + std::max(0.0, group.failures - group.retries);
  const Standing of_lost = standing_of_share(lost, group.requests);
  if (group.targets == 0 || dead || group.turned_away >= shown_least ||
      of_lost == Standing::critical)
    return Standing::critical;
  const bool troubled = group.healthy == 0 || group.unhealthy > 0 || group.saturated > 0 ||
                        group.waiting > 0 || group.anomalous > 0 ||
                        group.fail_open >= shown_least || of_lost == Standing::warning ||
                        standing_of_share(group.failures, group.requests) != Standing::ok;
  return troubled ? Standing::warning : Standing::ok;
}

// What the client did, or sent.
bool is_of_client(model::Reason reason) {
  if (reason == model::Reason::request_transform_failed) return false;  // a rule did it
  const std::string_view name = model::name_of(reason);
  return name.starts_with("client_") || name.starts_with("request_") ||
         name.starts_with("http2_") || reason == model::Reason::plain_http_on_https;
}

}  // namespace

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::unused:
      return "unused";
    case Standing::ok:
      return "ok";
    case Standing::warning:
      return "warning";
    case Standing::critical:
      return "critical";
  }
  return "";
}

Verdict judge(const GroupStanding& group) {
  Verdict verdict{standing_of(group), ""};
  if (!group.in_use) {
    verdict.sentence = "no rule forwards to it";
    return verdict;
  }
  if (group.targets == 0) {
    verdict.sentence = "no target is registered: every request is answered 503";
    return verdict;
  }
  std::string text = health_text(group);
  if (group.fail_open >= shown_least) add(text, "; ", "too few are healthy, so all are asked");
  if (group.waiting > 0) add(text, "; ", fmt::format("{} wait", group.waiting));
  if (group.turned_away >= shown_least)
    add(text, "; ", rate_text(group.turned_away) + " turned away");
  if (group.target_errors >= shown_least)
    add(text, "; ", rate_text(group.target_errors) + " answered 5xx by targets");
  if (group.failures >= shown_least)
    add(text, "; ", rate_text(group.failures) + " failed by targets");
  if (group.requests < shown_least) add(text, "; ", "no requests");
  if (group.advised) add(text, "; ", "there is advice");
  verdict.sentence = std::move(text);
  return verdict;
}

// Its groups in need first; of those that are well, no more than that they are.
Verdict judge(std::span<const BalancerGroup> groups,
              const std::array<double, model::reason_count>& reasons, double requests) {
  Verdict verdict{groups.empty() ? Standing::unused : Standing::ok, ""};
  size_t well = 0;
  for (const Standing standing : {Standing::critical, Standing::warning}) {
    for (const BalancerGroup& group : groups) {
      if (group.verdict->standing != standing) continue;
      verdict.standing = std::max(verdict.standing, standing);
      add(verdict.sentence, "; ", fmt::format("{}: {}", group.name, group.verdict->sentence));
    }
  }
  for (const BalancerGroup& group : groups) well += group.verdict->standing == Standing::ok ? 1 : 0;
  if (groups.size() == 1 && well == 1) {
    verdict.sentence = fmt::format("{}: {}", groups[0].name, groups[0].verdict->sentence);
  } else if (well > 0 && well == groups.size()) {
    verdict.sentence = fmt::format("all {} target groups are well", well);
  } else if (groups.empty()) {
    verdict.sentence = "no rule forwards to targets";
  }
  model::Reason worst = model::Reason::none;
  double of_worst = 0;
  double failed = 0;
  for (size_t i = 1; i < reasons.size(); ++i) {
    const auto reason = static_cast<model::Reason>(i);
    if (is_of_client(reason)) continue;
    failed += reasons[i];
    if (reasons[i] <= of_worst) continue;
    worst = reason;
    of_worst = reasons[i];
  }
  const Standing of_share = standing_of_share(failed, requests);
  if (of_share != Standing::ok) verdict.standing = std::max(verdict.standing, of_share);
  if (of_worst >= shown_least)
    add(verdict.sentence, "; ", fmt::format("{} {}", rate_text(of_worst), model::name_of(worst)));
  return verdict;
}

}  // namespace daruma::console
