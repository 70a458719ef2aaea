// SPDX-License-Identifier: Apache-2.0
//
// Rules of security groups as EC2's wire has them: IpPermissions, each of which is all the rules
// with one protocol and its ports, and SecurityGroupRules, one by one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/ec2_input.h"
#include "api/xml_writer.h"
#include "model/limits.h"
#include "model/resources.h"

namespace daruma::api::ec2 {

enum class Direction : uint8_t { ingress, egress };

using Rule = model::api::SecurityGroupRule;
using Rules = std::vector<Rule>;

inline const Rules& rules_of(const model::api::SecurityGroup& group, Direction direction) {
  return direction == Direction::ingress ? group.ingress : group.egress;
}

// A rule that a request names; it has no id. A security group may be named instead of its id.
struct GivenRule {
  Rule rule;
  std::string peer_name{};
};
// IpPermissions.N, or for ingress the one rule that stands in the request itself. More than a
// group can have of a direction, IPv4's and IPv6's, are refused before anything looks at them all.
inline constexpr size_t rules_per_call_max = 2 * model::limits::security_group_rules_max;
ServiceError too_many_rules();
std::vector<GivenRule> read_rules(Input& in, Direction direction);

// A peer that is no CIDR.
inline bool is_group(std::string_view peer) {
  return peer.starts_with("sg-");
}

inline bool is_ipv6(std::string_view peer) {
  return !is_group(peer) && peer.find(':') != std::string_view::npos;
}

// Whether they let the same through: then they are one.
bool is_same(const Rule& one, const Rule& other);

void write_permissions(XmlWriter& out, std::string_view name, const Rules& rules);
// Within the element that the answer has for it.
void write_rule(XmlWriter& out, const model::api::SecurityGroup& group, Direction direction,
                const Rule& rule);
// One that was revoked, which AWS shows otherwise.
void write_revoked_rule(XmlWriter& out, const model::api::SecurityGroup& group, Direction direction,
                        const Rule& rule);

}  // namespace daruma::api::ec2
