// SPDX-License-Identifier: Apache-2.0
//
// The configuration of a simulated node: drawn, changed while traffic runs, compiled to snapshots.
// And the second opinion on it: which rule of a snapshot a request matches, by plain comparison.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "model/snapshot.h"

namespace daruma::sim {

inline constexpr uint16_t main_port = 8080;    // is always there
inline constexpr uint16_t second_port = 8081;  // comes and goes
inline constexpr uint16_t secure_port = 8443;  // HTTPS; where HTTP/2 is simulated
inline constexpr const char* node_address = "10.1.0.1";

// Paths that clients ask for: "/p0" … "/p4" have rules, or may have; "/other" has none.
const std::vector<std::string>& path_prefixes();

class SimConfiguration {
 public:
  // `seed`: for what is drawn apart, so that the other draws of each seed stay what they were.
  SimConfiguration(Random& random, std::vector<Address> targets, uint64_t seed);

  // From now on there is an HTTPS listener, and groups speak what is drawn; `own` as above.
  void add_http2(Random own);

  // One change an operator might make.
  void change();
  // Every group has a target again.
  void settle();
  // The next revision.
  model::SnapshotRef compile();

  Duration idle_timeout_least() const { return idle_timeout_least_; }
  Duration idle_timeout_most() const { return 2 * idle_timeout_least_; }
  Duration deregistration_delay() const { return deregistration_delay_; }
  bool second_listener() const { return second_listener_; }

 private:
  struct Group {
    std::vector<bool> members;  // by target
    bool guarded = true;        // daruma.saturation_guard.enabled
    model::Balancing balancing;
    bool sticky = false;  // stickiness.enabled
    model::ProtocolVersion version = model::ProtocolVersion::http1;
  };
  struct PathRule {
    int prefix;  // index into path_prefixes()
    bool with_host = false;
    model::Action action;
  };
  model::Action draw_action();
  model::Action action_of(const PathRule& rule) const;
  void draw_rules();
  void change_membership();
  void draw_balancing(Group& group);
  model::TargetGroup compile_group(size_t index) const;
  model::Listener compile_listener(uint16_t port) const;
  Duration draw_idle_timeout();

  Random& random_;
  Random own_;
  const std::vector<Address> targets_;
  std::vector<Group> groups_;
  std::vector<PathRule> rules_;
  uint32_t default_group_ = 0;
  bool second_listener_ = false;
  bool http2_ = false;
  Duration client_keep_alive_ = 60s;
  uint64_t revision_ = 0;
  Duration idle_timeout_least_;
  Duration idle_timeout_;
  Duration deregistration_delay_;
  int unhealthy_threshold_ = 2;
};

// The rule of the snapshot's listener that a request matches; nullptr if it has no such listener.
const model::Rule* expected_rule(const model::Snapshot& snapshot, uint16_t port,
                                 std::string_view host, std::string_view path);

}  // namespace daruma::sim
