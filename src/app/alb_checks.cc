// SPDX-License-Identifier: Apache-2.0
#include "app/alb_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace daruma::app {
namespace {

using Json = nlohmann::ordered_json;
using Status = AlbVerdict::Status;

constexpr int64_t day_seconds = 24 * 60 * 60;

class Check {
 public:
  Check(const Json& page, const AlbBounds& bounds) : page_(page), bounds_(bounds) {}

  AlbVerdict run(const std::string& load_balancer) {
    size_t seen = 0;
    for (const Json& balancer : page_["LoadBalancers"]) {
      if (!load_balancer.empty() && balancer["Name"] != load_balancer) continue;
      ++seen;
      check_targets(balancer);
      check_errors(balancer);
    }
    if (seen == 0) {
      return {Status::unknown, load_balancer.empty()
                                   ? "no figures yet: the first minute has not ended"
                                   : fmt::format("no figures of '{}'", load_balancer)};
    }
    for (const Json& certificate : page_["Certificates"]) check_certificate(certificate);
    for (const Json& problem : page_["ConfigurationProblems"])
      note(Status::warning, problem.get<std::string>());
    if (found_.empty()) return {Status::ok, summary(load_balancer)};
    return {worst_, fmt::format("{}", fmt::join(found_, "; "))};
  }

 private:
  static double figure(const Json& balancer, const std::string& name) {
    return balancer["Metrics"].value("alb." + name, 0.0);
  }

  void note(Status status, std::string text) {
    worst_ = std::max(worst_, status);
    std::ranges::replace(text, '\n', ' ');
    found_.push_back(std::move(text));
  }

  // By how much it is worth a word; a bound of 0 means that any is.
  static Status judge(double value, double warning, double critical) {
    if (value <= 0) return Status::ok;
    return value >= critical ? Status::critical : value >= warning ? Status::warning : Status::ok;
  }

  // Each target group by itself: one that is dead is not made good by another.
  void check_targets(const Json& balancer) {
    constexpr std::string_view begin = "alb.host_count.";
    constexpr std::string_view end = ".healthy";
    for (const auto& [name, value] : balancer["Metrics"].items()) {
      if (!name.starts_with(begin) || !name.ends_with(end) || name.ends_with(".unhealthy"))
        continue;
      const std::string group = name.substr(begin.size(), name.size() - begin.size() - end.size());
      const double healthy = value.get<double>();
      const double unhealthy = figure(balancer, "host_count." + group + ".unhealthy");
      if (healthy + unhealthy <= 0) continue;
      const double percent = 100 * unhealthy / (healthy + unhealthy);
      const Status status =
          judge(percent, bounds_.unhealthy_percent_warning, bounds_.unhealthy_percent_critical);
      if (status == Status::ok) continue;
      note(status,
           fmt::format("{} of {} targets of {} unhealthy", unhealthy, healthy + unhealthy, group));
    }
  }

  void check_errors(const Json& balancer) {
    const double errors = figure(balancer, "httpcode_count.alb_5xx");
    double all = errors + figure(balancer, "httpcode_count.alb_4xx");
    for (const char* of : {"target_2xx", "target_3xx", "target_4xx", "target_5xx"})
      all += figure(balancer, std::string("httpcode_count.") + of);
    if (all <= 0) return;
    const double percent = 100 * errors / all;
    const Status status = judge(percent, bounds_.server_errors_percent_warning,
                                bounds_.server_errors_percent_critical);
    if (status == Status::ok) return;
    note(status,
         fmt::format("{}: {:.1f} % of answers are 5xx of the balancer's own ({:.0f} of {:.0f})",
                     balancer["Name"].get<std::string>(), percent, errors, all));
  }

  void check_certificate(const Json& certificate) {
    const int64_t left = certificate["NotAfter"].get<int64_t>() - page_["Now"].get<int64_t>();
    const std::string name = certificate["Name"];
    if (left < 0) return note(Status::critical, fmt::format("certificate {} has expired", name));
    const Status status = left < bounds_.certificate_days_critical * day_seconds  ? Status::critical
                          : left < bounds_.certificate_days_warning * day_seconds ? Status::warning
                                                                                  : Status::ok;
    if (status == Status::ok) return;
    note(status, fmt::format("certificate {} ends in {} days", name, left / day_seconds));
  }

  std::string summary(const std::string& load_balancer) const {
    double requests = 0;
    for (const Json& balancer : page_["LoadBalancers"]) {
      if (load_balancer.empty() || balancer["Name"] == load_balancer)
        requests += figure(balancer, "request.count");
    }
    return fmt::format("{:.0f} requests in the last {} s", requests,
                       page_["IntervalSeconds"].get<int64_t>());
  }

  const Json& page_;
  const AlbBounds& bounds_;
  Status worst_ = Status::ok;
  std::vector<std::string> found_;
};

}  // namespace

std::string_view name_of(AlbVerdict::Status status) {
  switch (status) {
    case Status::ok:
      return "OK";
    case Status::warning:
      return "WARNING";
    case Status::critical:
      return "CRITICAL";
    case Status::unknown:
      break;
  }
  return "UNKNOWN";
}

AlbVerdict check_alb(const Json& page, const std::string& load_balancer, const AlbBounds& bounds) {
  return Check(page, bounds).run(load_balancer);
}

}  // namespace daruma::app
