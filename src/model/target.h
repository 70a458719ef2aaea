// SPDX-License-Identifier: Apache-2.0
//
// Targets, their groups and their health, as configuration and letters speak of them. Values.
#pragma once

#include <bitset>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "model/balancing.h"
#include "model/stickiness.h"
#include "model/target_tls.h"

namespace daruma::model {

enum class Protocol : uint8_t { http, https };
std::string_view name_of(Protocol protocol);  // "HTTP"

// What a target group's targets speak (ProtocolVersion).
enum class ProtocolVersion : uint8_t { http1, http2, grpc };

// What a target's runtime state (pool, health, counts) is filed under. Survives every snapshot.
struct TargetKey {
  std::string group;  // name of the target group
  std::string id;     // IP address or host name, as registered
  uint16_t port = 0;

  auto operator<=>(const TargetKey&) const = default;
  std::string to_string() const;  // "127.0.0.2:8443"
};

struct Target {
  TargetKey key;
  std::string zone;  // "" if none was given
  std::vector<Address>
      addresses;  // an IP target has one; a named one what its name resolved to, perhaps none
};

// AWS's states (TargetHealth.State).
enum class HealthState : uint8_t { initial, healthy, unhealthy, unused, draining, unavailable };
std::string_view name_of(HealthState state);

// AWS's reasons (TargetHealth.Reason).
enum class HealthReason : uint8_t {
  none,
  registration_in_progress,    // Elb.RegistrationInProgress
  initial_health_checking,     // Elb.InitialHealthChecking
  response_code_mismatch,      // Target.ResponseCodeMismatch
  timeout,                     // Target.Timeout
  failed_health_checks,        // Target.FailedHealthChecks
  not_registered,              // Target.NotRegistered
  not_in_use,                  // Target.NotInUse
  deregistration_in_progress,  // Target.DeregistrationInProgress
  health_check_disabled,       // Target.HealthCheckDisabled
  internal_error,              // Elb.InternalError
};
std::string_view name_of(HealthReason reason);

struct TargetHealth {
  HealthState state = HealthState::initial;
  HealthReason reason = HealthReason::registration_in_progress;
  std::string description;  // "Health checks failed with these codes: [502]"
  bool saturated = false;   // healthy, and new connections wait while requests are answered
  bool operator==(const TargetHealth&) const = default;
};

// Status codes that count as healthy: "200", "200,202", "200-299"; of gRPC "0", "12", "0-99".
class CodeMatcher {
 public:
  // Nullopt unless every part is a code or an ascending range within 200–499.
  static std::optional<CodeMatcher> parse(std::string_view text);
  // The same of gRPC, within 0–99.
  static std::optional<CodeMatcher> parse_grpc(std::string_view text);
  bool matches(int status) const;
  const std::string& text() const { return text_; }
  bool operator==(const CodeMatcher& other) const { return text_ == other.text_; }

 private:
  struct Range {
    uint64_t first;
    uint64_t last;
    size_t digits_least;
    size_t digits_most;
  };
  static std::optional<CodeMatcher> parse(std::string_view text, const Range& range);

  std::string text_ = "200";
  int first_ = 200;
  std::bitset<300> codes_ = std::bitset<300>(1);  // index 0 is first_
};

struct HealthCheck {
  bool enabled = true;
  Protocol protocol = Protocol::http;
  ProtocolVersion version = ProtocolVersion::http1;
  std::optional<uint16_t> port;  // nullopt: the target's own ("traffic-port")
  std::string path = "/";
  Duration interval = 30s;
  Duration timeout = 5s;
  int healthy_threshold = 5;
  int unhealthy_threshold = 2;
  CodeMatcher matcher;
  std::string body;  // a text that the response must hold; "": any will do
  bool operator==(const HealthCheck&) const = default;
};

// What Daruma does where targets can take no more: learns each target's limit, holds requests back
// for a moment instead of queueing them at the target, and takes a target that is busy for busy,
// not for dead. Disabled: as an ALB, which does none of it.
struct SaturationGuard {
  bool enabled = true;
  Duration queue_timeout = 250ms;  // how long a request waits for a target that is full
  bool operator==(const SaturationGuard&) const = default;
};

struct TargetGroup {
  std::string name;
  std::string arn;
  std::string resource_id;  // "targetgroup/{name}/{id}", as logs and metrics spell it
  Protocol protocol = Protocol::http;
  ProtocolVersion version = ProtocolVersion::http1;
  uint16_t port = 80;
  HealthCheck health_check;
  Duration deregistration_delay = 300s;
  SaturationGuard saturation_guard;
  std::string status_path;  // of the targets' mod_status; "": not asked
  Balancing balancing;
  Stickiness stickiness;
  uint64_t sticky_id = 0;                // of the group, in cookies
  std::shared_ptr<const TargetTls> tls;  // null: as an ALB's
  std::vector<Target> targets;
  bool in_use = false;  // some listener's action names it; others are not probed (Target.NotInUse)
};

}  // namespace daruma::model
