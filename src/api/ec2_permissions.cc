// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_permissions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "api/ec2_items.h"
#include "base/address.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "control/arns.h"
#include "model/limits.h"

namespace daruma::api::ec2 {
namespace {

using std::string_view;

constexpr string_view everything = "-1";

struct NamedProtocol {
  string_view name;
  uint64_t number;
};
constexpr NamedProtocol named_protocols[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmpv6", 58}};

// By its name if it has one.
std::optional<std::string> protocol_of(const std::string& text) {
  const std::string lower = ascii_lowered(text);
  if (lower == everything || lower == "all") return std::string(everything);
  const auto number = parse_decimal(lower);
  for (const NamedProtocol& each : named_protocols) {
    if (lower == each.name || number == each.number) return std::string(each.name);
  }
  if (number && *number <= 255) return std::to_string(*number);
  return std::nullopt;
}

void refuse_value(Input& in, std::string message) {
  in.fail({"InvalidParameterValue", std::move(message)});
}

void check_ports(Input& in, const Rule& rule) {
  if (!rule.from_port || !rule.to_port) {
    return refuse_value(
        in, "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  }
  for (const int64_t port : {*rule.from_port, *rule.to_port}) {
    if (port < 0 || port > 65535) {
      return refuse_value(in, fmt::format("TCP/UDP port ({}) out of range", port));
    }
  }
  if (*rule.from_port > *rule.to_port) {
    refuse_value(in,
                 fmt::format("Invalid TCP/UDP port range ({}:{})", *rule.from_port, *rule.to_port));
  }
}

void check_type_and_code(Input& in, Rule& rule) {
  for (auto* number : {&rule.from_port, &rule.to_port}) {
    *number = number->value_or(-1);
    if (**number < -1 || **number > 255) {
      return refuse_value(in, fmt::format("ICMP type or code ({}) out of range", **number));
    }
  }
}

// Protocol and ports, which rules share.
Rule read_traffic(Input& in) {
  Rule rule;
  const std::string written = in.required("IpProtocol");
  rule.from_port = in.number("FromPort");
  rule.to_port = in.number("ToPort");
  const auto protocol = protocol_of(written);
  if (!protocol) {
    refuse_value(in, fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", written));
  }
  rule.protocol = protocol.value_or("");
  if (rule.protocol == "tcp" || rule.protocol == "udp") {
    check_ports(in, rule);
  } else if (rule.protocol.starts_with("icmp")) {
    check_type_and_code(in, rule);
  } else {
    rule.from_port.reset();
    rule.to_port.reset();
  }
  return rule;
}

// In the network's own notation.
std::string read_cidr(Input& in, string_view name, Address::Family family) {
  const std::string text = in.required(name);
  const auto range = CidrRange::parse(text);
  if (range && range->base().family() == family && text.find('/') != std::string::npos) {
    return range->to_string();
  }
  refuse_value(in, fmt::format("CIDR block {} is malformed", text));
  return "";
}

std::string read_description(Input& in) {
  std::string text = in.text("Description");
  if (utf8_count(text) > model::limits::inventory_text_max) {
    refuse_value(in, fmt::format("Invalid rule description: it has at most {} characters",
                                 model::limits::inventory_text_max));
  }
  return text;
}

GivenRule read_group(Input& in, GivenRule given) {
  given.rule.peer = in.text("GroupId");
  given.peer_name = in.text("GroupName");
  const std::string account = in.text("UserId");
  static_cast<void>(in.text("VpcId"));  // the peer must be in its group's VPC
  if (given.rule.peer.empty() == given.peer_name.empty()) {
    in.fail({"MissingParameter", "Of a pair of Groups, GroupId or GroupName must be given"});
  }
  if (!given.rule.peer.empty() && !is_group(given.rule.peer)) {
    in.fail({"InvalidGroupId.Malformed",
             fmt::format("Invalid id: \"{}\" (expecting \"sg-...\")", given.rule.peer)});
  }
  if (!account.empty() && account != control::account_id) {
    in.fail({"InvalidGroup.NotFound",
             fmt::format("There is no account {}, so that nothing is shared", account)});
  }
  return given;
}

void read_permission(Input& in, std::vector<GivenRule>& rules) {
  const GivenRule shared{read_traffic(in)};
  const size_t before = rules.size();
  const auto add = [&](Input& from, auto read_peer) {
    if (rules.size() == rules_per_call_max) return in.fail(too_many_rules());
    GivenRule& given = rules.emplace_back(shared);
    read_peer(given);
    given.rule.description = read_description(from);
  };
  in.each("IpRanges", [&](Input& range) {
    add(range, [&](GivenRule& given) {
      given.rule.peer = read_cidr(range, "CidrIp", Address::Family::v4);
    });
  });
  in.each("Ipv6Ranges", [&](Input& range) {
    add(range, [&](GivenRule& given) {
      given.rule.peer = read_cidr(range, "CidrIpv6", Address::Family::v6);
    });
  });
  in.each("Groups", [&](Input& pair) {
    add(pair, [&](GivenRule& given) { given = read_group(pair, std::move(given)); });
  });
  in.each("PrefixListIds", [&](Input& list) {
    in.fail({"InvalidPrefixListID.NotFound",
             fmt::format("The prefix list ID '{}' does not exist", list.required("PrefixListId"))});
    static_cast<void>(read_description(list));
  });
  if (rules.size() == before) {
    in.fail({"MissingParameter",
             "A permission must have a peer: IpRanges, Ipv6Ranges or Groups (UserIdGroupPairs)"});
  }
}

using Peers = std::vector<const Rule*>;

template <class IsOfKind, class F>
void write_peers(XmlWriter& out, string_view name, const Peers& rules, IsOfKind is_of_kind, F f) {
  out.within(name, [&] {
    for (const Rule* rule : rules) {
      if (!is_of_kind(rule->peer)) continue;
      out.within("item", [&] {
        f(*rule);
        out.text("description", rule->description);
      });
    }
  });
}

void write_permission(XmlWriter& out, const Peers& rules) {
  const Rule& first = *rules.front();
  out.element("ipProtocol", first.protocol);
  out.number("fromPort", first.from_port);
  out.number("toPort", first.to_port);
  write_peers(out, "groups", rules, is_group, [&out](const Rule& rule) {
    out.element("userId", control::account_id);
    out.element("groupId", rule.peer);
  });
  write_peers(
      out, "ipRanges", rules, [](string_view peer) { return !is_group(peer) && !is_ipv6(peer); },
      [&out](const Rule& rule) { out.element("cidrIp", rule.peer); });
  write_peers(out, "ipv6Ranges", rules, is_ipv6,
              [&out](const Rule& rule) { out.element("cidrIpv6", rule.peer); });
  out.within("prefixListIds", [] {});
}

void write_traffic(XmlWriter& out, const model::api::SecurityGroup& group, Direction direction,
                   const Rule& rule) {
  out.element("securityGroupRuleId", rule.identity.id);
  out.element("groupId", group.identity.id);
  out.element("isEgress", direction == Direction::egress ? "true" : "false");
  out.element("ipProtocol", rule.protocol);
  out.number("fromPort", rule.from_port.value_or(-1));
  out.number("toPort", rule.to_port.value_or(-1));
  out.text("description", rule.description);
  if (!is_group(rule.peer)) out.element(is_ipv6(rule.peer) ? "cidrIpv6" : "cidrIpv4", rule.peer);
}

}  // namespace

ServiceError too_many_rules() {
  return {"RulesPerSecurityGroupLimitExceeded",
          "The maximum number of rules per security group has been reached."};
}

std::vector<GivenRule> read_rules(Input& in, Direction direction) {
  std::vector<GivenRule> rules;
  in.each("IpPermissions", [&](Input& permission) { read_permission(permission, rules); });
  if (direction == Direction::egress || !in.has("IpProtocol")) return rules;
  if (!rules.empty()) {
    in.fail({"InvalidParameterCombination",
             "The parameters IpPermissions and IpProtocol cannot both be given"});
  }
  GivenRule& given = rules.emplace_back();
  given.rule = read_traffic(in);
  given.rule.peer = read_cidr(in, "CidrIp", Address::Family::v4);
  return rules;
}

bool is_same(const Rule& one, const Rule& other) {
  return std::tie(one.protocol, one.from_port, one.to_port, one.peer) ==
         std::tie(other.protocol, other.from_port, other.to_port, other.peer);
}

void write_permissions(XmlWriter& out, string_view name, const Rules& rules) {
  using Traffic = std::tuple<string_view, std::optional<int64_t>, std::optional<int64_t>>;
  std::map<Traffic, Peers> permissions;
  for (const Rule& rule : rules) {
    permissions[{rule.protocol, rule.from_port, rule.to_port}].push_back(&rule);
  }
  out.within(name, [&] {
    for (const auto& [traffic, peers] : permissions) {
      out.within("item", [&, &same = peers] { write_permission(out, same); });
    }
  });
}

void write_rule(XmlWriter& out, const model::api::SecurityGroup& group, Direction direction,
                const Rule& rule) {
  write_traffic(out, group, direction, rule);
  out.element("groupOwnerId", control::account_id);
  if (is_group(rule.peer)) {
    out.within("referencedGroupInfo", [&] {
      out.element("groupId", rule.peer);
      out.element("userId", control::account_id);
    });
  }
  out.element("securityGroupRuleArn",
              fmt::format("arn:aws:ec2:{}:{}:security-group-rule/{}", control::region,
                          control::account_id, rule.identity.id));
  write_tag_set(out, rule.identity.tags);
}

void write_revoked_rule(XmlWriter& out, const model::api::SecurityGroup& group, Direction direction,
                        const Rule& rule) {
  write_traffic(out, group, direction, rule);
  if (is_group(rule.peer)) out.element("referencedGroupId", rule.peer);
}

}  // namespace daruma::api::ec2
