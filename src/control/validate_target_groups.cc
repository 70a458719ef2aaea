// SPDX-License-Identifier: Apache-2.0
#include "control/validate_target_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "control/balancing.h"
#include "control/quotas.h"
#include "control/validate_values.h"
#include "model/limits.h"
#include "model/target.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

class TargetGroupCheck {
 public:
  TargetGroupCheck(const api::TargetGroup& group, const Path& path, Issues& issues)
      : group_(group), path_(path), issues_(issues) {}

  void run() {
    if (!group_.protocol) {
      issues_.error(path_.at("Protocol"), "Protocol is missing: HTTP or HTTPS");
    }
    protocol(group_.protocol, path_, "Protocol");
    if (!group_.port) issues_.error(path_.at("Port"), "Port is missing: a number from 1 to 65535");
    validate_number(group_.port, port_range, path_, "Port", issues_);
    versions();
    health_check();
    validate_attributes(AttributeScope::target_group, group_.attributes, path_, issues_);
    validate_balancing(group_, path_, issues_);
    status_path();
    targets();
  }

 private:
  void protocol(const std::optional<std::string>& value, const Path& parent, string_view member) {
    if (!value || *value == "HTTP" || *value == "HTTPS") return;
    issues_.error(parent.at(member),
                  fmt::format("{} must be HTTP or HTTPS, not '{}'", member, *value));
  }

  void versions() {
    const std::string version = group_.protocol_version.value_or("HTTP1");
    if (version != "HTTP1" && version != "HTTP2" && version != "GRPC") {
      issues_.error(path_.at("ProtocolVersion"),
                    fmt::format("ProtocolVersion must be HTTP1, HTTP2 or GRPC, not '{}'", version));
    }
    const std::string type = group_.target_type.value_or("ip");
    if (type == "instance" && !group_.identity.id.empty()) return;
    if (type == "instance") {
      issues_.error(
          path_.at("TargetType"),
          "TargetType instance is for target groups that the API makes, of instances that "
          "it was told of; declare ip");
    } else if (type == "lambda") {
      not_in_this_release(path_.at("TargetType"), "TargetType " + type, issues_);
    } else if (type != "ip") {
      issues_.error(path_.at("TargetType"), fmt::format("TargetType must be ip, not '{}'", type));
    }
  }

  void health_check() {
    if (group_.health_check_enabled == false) {
      issues_.error(path_.at("HealthCheckEnabled"),
                    "health checks of this target type cannot be disabled; HealthCheckEnabled must "
                    "be true");
    }
    protocol(group_.health_check_protocol, path_, "HealthCheckProtocol");
    const bool interval =
        validate_number(group_.health_check_interval_seconds, limits::health_check_interval_seconds,
                        path_, "HealthCheckIntervalSeconds", issues_);
    const bool timeout =
        validate_number(group_.health_check_timeout_seconds, limits::health_check_timeout_seconds,
                        path_, "HealthCheckTimeoutSeconds", issues_);
    if (interval && timeout) health_check_times();
    validate_number(group_.healthy_threshold_count, limits::healthy_threshold, path_,
                    "HealthyThresholdCount", issues_);
    validate_number(group_.unhealthy_threshold_count, limits::unhealthy_threshold, path_,
                    "UnhealthyThresholdCount", issues_);
    health_check_port();
    health_check_path();
    matcher();
  }

  void matcher() {
    const Path matcher = path_.at("Matcher");
    const bool grpc = group_.protocol_version == "GRPC";
    if (group_.http_code && grpc) {
      issues_.error(matcher.at("HttpCode"), "targets of ProtocolVersion GRPC have a GrpcCode");
    } else if (group_.http_code && !model::CodeMatcher::parse(*group_.http_code)) {
      issues_.error(matcher.at("HttpCode"),
                    fmt::format("HttpCode must be like 200 | 200-399 | 200,201 within 200-499, not "
                                "'{}'",
                                *group_.http_code));
    }
    if (group_.grpc_code && !grpc) {
      issues_.error(matcher.at("GrpcCode"),
                    "GrpcCode is for targets of ProtocolVersion GRPC; others have an HttpCode");
    } else if (group_.grpc_code && !model::CodeMatcher::parse_grpc(*group_.grpc_code)) {
      issues_.error(matcher.at("GrpcCode"),
                    fmt::format("GrpcCode must be like 0 | 0-99 | 0,12 within 0-99, not '{}'",
                                *group_.grpc_code));
    }
  }

  void health_check_times() {
    const int64_t interval = group_.health_check_interval_seconds.value_or(
        limits::health_check_interval_seconds.standard);
    const int64_t timeout =
        group_.health_check_timeout_seconds.value_or(limits::health_check_timeout_seconds.standard);
    if (timeout >= interval) {
      issues_.error(
          path_.at(group_.health_check_timeout_seconds ? "HealthCheckTimeoutSeconds"
                                                       : "HealthCheckIntervalSeconds"),
          fmt::format(
              "Health check timeout '{}' must be smaller than the interval '{}'{}", timeout,
              interval,
              group_.health_check_timeout_seconds ? "" : "; set HealthCheckTimeoutSeconds too"));
      return;
    }
    const int64_t threshold =
        group_.unhealthy_threshold_count.value_or(limits::unhealthy_threshold.standard);
    const int64_t noticed = interval * threshold + timeout;
    if (noticed < slow_detection_seconds) return;
    issues_.warning(path_.at("HealthCheckIntervalSeconds"),
                    fmt::format("a target that dies gets requests for up to {} s: interval {} x "
                                "UnhealthyThresholdCount {} + timeout {}",
                                noticed, interval, threshold, timeout));
  }

  void health_check_port() {
    if (!group_.health_check_port || *group_.health_check_port == "traffic-port") return;
    const auto port = parse_decimal(*group_.health_check_port);
    if (port && *port >= 1 && *port <= 65535) return;
    issues_.error(path_.at("HealthCheckPort"),
                  fmt::format("HealthCheckPort must be traffic-port or a number from 1 to 65535, "
                              "not '{}'",
                              *group_.health_check_port));
  }

  void health_check_path() {
    if (!group_.health_check_path) return;
    const std::string& text = *group_.health_check_path;
    const Path where = path_.at("HealthCheckPath");
    if (!text.starts_with('/')) {
      issues_.error(where, fmt::format("HealthCheckPath must begin with '/', not '{}'", text));
    } else if (text.size() > limits::health_check_path_bytes_max) {
      issues_.error(where, fmt::format("HealthCheckPath has {} bytes; the limit is {}", text.size(),
                                       limits::health_check_path_bytes_max));
    } else if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) {
      issues_.error(where,
                    "HealthCheckPath may hold only visible ASCII characters; encode others "
                    "as %XX");
    } else if (text.find('#') != std::string::npos) {
      issues_.error(where, "HealthCheckPath must not hold a '#'; fragments are not sent");
    }
  }

  // It is asked over the connection of a health check.
  void status_path() {
    constexpr string_view key = "daruma.target_status_path";
    const std::string version = group_.protocol_version.value_or("HTTP1");
    if (version == "HTTP1" || group_.attributes.count(std::string(key)) == 0) return;
    if (group_.attributes.at(std::string(key)).empty()) return;
    const Path attributes = path_.at("Attributes");
    issues_.error(
        attributes.at(key),
        fmt::format("'{}' goes with ProtocolVersion HTTP1 only, not with {}", key, version));
  }

  void targets() {
    if (const int64_t most = targets_quota(group_);
        group_.targets.size() > static_cast<size_t>(most)) {
      issues_.error(path_.at("Targets"),
                    fmt::format("a target group has at most {} targets, not {}; raise its "
                                "daruma.quota.targets for more",
                                most, group_.targets.size()));
    }
    std::set<std::pair<std::string, int64_t>> seen;
    for (size_t i = 0; i < group_.targets.size(); ++i) {
      const api::TargetDescription& target = group_.targets[i];
      const Path where = path_.at("Targets", i);
      if (group_.target_type != "instance") target_id(target.id, where);
      validate_number(target.port, port_range, where, "Port", issues_);
      validate_zone(target.availability_zone, where, issues_);
      const auto address = Address::parse(target.id, 0);
      const int64_t port = target.port.value_or(group_.port.value_or(0));
      const std::string id = address ? address->ip() : ascii_lowered(target.id);
      if (!id.empty() && !seen.emplace(id, port).second) {
        issues_.error(where, fmt::format("target {} port {} is registered twice", target.id, port));
      }
    }
  }

  void target_id(const std::string& id, const Path& target) {
    if (id.empty()) {
      issues_.error(target.at("Id"), "Id is missing: an IP address or a host name");
    } else if (const auto address = Address::parse(id, 0)) {
      if (id == "0.0.0.0" || address->ip() == "::") {
        issues_.error(target.at("Id"), fmt::format("{} is no address to connect to", id));
      }
    } else if (const std::string message = check_host_name(id); !message.empty()) {
      issues_.error(target.at("Id"), message);
    }
  }

  static constexpr int64_t slow_detection_seconds = 300;

  const api::TargetGroup& group_;
  const Path& path_;
  Issues& issues_;
};

}  // namespace

void validate_target_group(const api::TargetGroup& group, const Path& path, Issues& issues) {
  TargetGroupCheck(group, path, issues).run();
}

}  // namespace daruma::control
