// SPDX-License-Identifier: Apache-2.0
#include "console/standing.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::console {
namespace {

constexpr double shown_least = 0.05;  // by second: less is shown as 0.0

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

Standing standing_of(const GroupStanding& group) {
  if (!group.in_use) return Standing::unused;
  const bool dead = group.healthy == 0 && group.unhealthy > 0;
  if (group.targets == 0 || dead || group.turned_away >= shown_least) return Standing::critical;
  const bool troubled = group.unhealthy > 0 || group.saturated > 0 || group.waiting > 0 ||
                        group.anomalous > 0 || group.fail_open >= shown_least ||
                        group.target_errors >= shown_least;
  return troubled ? Standing::warning : Standing::ok;
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
  if (group.requests < shown_least) add(text, "; ", "no requests");
  if (group.advised) add(text, "; ", "there is advice");
  verdict.sentence = std::move(text);
  return verdict;
}

// Its groups in need first; of those that are well, no more than that they are.
Verdict judge(std::span<const BalancerGroup> groups,
              const std::array<double, model::reason_count>& reasons) {
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
  const auto worst = std::ranges::max_element(reasons.begin() + 1, reasons.end());
  if (*worst >= shown_least) {
    const auto reason = static_cast<model::Reason>(worst - reasons.begin());
    verdict.standing = std::max(verdict.standing, Standing::warning);
    add(verdict.sentence, "; ", fmt::format("{} {}", rate_text(*worst), model::name_of(reason)));
  }
  return verdict;
}

}  // namespace daruma::console
