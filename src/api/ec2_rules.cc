// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/ec2_change.h"
#include "api/ec2_input.h"
#include "api/ec2_permissions.h"
#include "api/network.h"
#include "base/utf8.h"
#include "model/limits.h"

namespace daruma::api::ec2 {
namespace {

namespace limits = model::limits;

Rules& rules_in(shapes::SecurityGroup& group, Direction direction) {
  return direction == Direction::ingress ? group.ingress : group.egress;
}

tl::unexpected<ServiceError> no_group(const std::string& id) {
  return refuse("InvalidGroup.NotFound", fmt::format("The security group '{}' does not exist", id));
}

tl::unexpected<ServiceError> no_rule() {
  return refuse("InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.");
}

tl::unexpected<ServiceError> no_rule(const std::string& id) {
  return refuse("InvalidSecurityGroupRuleId.NotFound",
                fmt::format("The security group rule ID '{}' does not exist", id));
}

std::string text_of(const Rule& rule) {
  std::string protocol = rule.protocol == "-1" ? "all" : rule.protocol;
  for (char& c : protocol) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  std::string text = fmt::format("peer: {}, {}", rule.peer, protocol);
  if (rule.from_port && rule.to_port) {
    text += fmt::format(", from port: {}, to port: {}", *rule.from_port, *rule.to_port);
  }
  return text + ", ALLOW";
}

auto find_same(Rules& rules, const Rule& wanted) {
  return std::ranges::find_if(rules, [&](const Rule& there) { return is_same(there, wanted); });
}

// What the request says of the group and its rules; all of them by security groups' ids.
struct Request {
  std::string group_id;
  std::string group_name;
  std::vector<GivenRule> given{};
};

Request read_request(Input& in, Direction direction) {
  Request request{in.text("GroupId"), direction == Direction::ingress ? in.text("GroupName") : ""};
  request.given = read_rules(in, direction);
  return request;
}

Expected<void> resolve(const shapes::Inventory& all, const shapes::SecurityGroup& group,
                       GivenRule& given) {
  if (!given.peer_name.empty()) {
    const auto is_it = [&](const shapes::SecurityGroup& each) {
      return each.vpc == group.vpc && each.name == given.peer_name;
    };
    const auto found = std::ranges::find_if(all.security_groups, is_it);
    const bool is_own = group.vpc == default_vpc && given.peer_name == "default";
    if (!is_own && found == all.security_groups.end()) return no_group(given.peer_name);
    given.rule.peer = is_own ? default_security_group : found->identity.id;
  }
  if (!is_group(given.rule.peer)) return {};
  const auto vpc = vpc_of_security_group(all, given.rule.peer);
  if (!vpc) return no_group(given.rule.peer);
  if (*vpc == group.vpc) return {};
  return refuse("InvalidParameterValue",
                "You have specified two resources that belong to different networks.");
}

Expected<Rules> resolve_all(const shapes::Inventory& all, const shapes::SecurityGroup& group,
                            std::vector<GivenRule> given) {
  Rules rules;
  for (GivenRule& each : given) {
    if (const auto known = resolve(all, group, each); !known) {
      return tl::unexpected(known.error());
    }
    if (find_same(rules, each.rule) != rules.end()) {
      return refuse("InvalidParameterValue", "The same permission must not appear multiple times");
    }
    rules.push_back(std::move(each.rule));
  }
  return rules;
}

// As AWS counts them: IPv4 and IPv6 apart, and for both what a security group may.
bool are_too_many(const Rules& rules, const Rules& more) {
  const auto count = [&](auto counts) {
    return std::ranges::count_if(rules, counts) + std::ranges::count_if(more, counts);
  };
  const auto is_of_ipv4 = [](const Rule& rule) { return !is_ipv6(rule.peer); };
  const auto is_of_ipv6 = [](const Rule& rule) {
    return is_group(rule.peer) || is_ipv6(rule.peer);
  };
  constexpr auto most = static_cast<ptrdiff_t>(limits::security_group_rules_max);
  return count(is_of_ipv4) > most || count(is_of_ipv6) > most;
}

Expected<void> authorize(InventoryCall& call, Direction direction) {
  Input in(call.parameters);
  Request request = read_request(in, direction);
  const shapes::Tags tags = in.tags("security-group-rule");
  if (const auto read = in.finish(); !read) return read;
  const auto group = find_group(call, request.group_id, request.group_name);
  if (!group) return tl::unexpected(group.error());
  if (request.given.empty()) {
    return refuse("MissingParameter", "The request must contain the parameter IpPermissions");
  }
  auto wanted = resolve_all(inventory(call), **group, std::move(request.given));
  if (!wanted) return tl::unexpected(wanted.error());
  Rules& rules = rules_in(**group, direction);
  for (const Rule& rule : *wanted) {
    if (find_same(rules, rule) == rules.end()) continue;
    return refuse("InvalidPermission.Duplicate",
                  fmt::format("the specified rule \"{}\" already exists", text_of(rule)));
  }
  if (are_too_many(rules, *wanted)) return tl::unexpected(too_many_rules());
  const auto room =
      check_rules_room(inventory(call), wanted->size(), "RulesPerSecurityGroupLimitExceeded");
  if (!room) return room;
  done(call);
  call.out.within("securityGroupRuleSet", [&] {
    for (Rule& rule : *wanted) {
      rule.identity = identity_of(call, "sgr", tags);
      call.out.within("item", [&] { write_rule(call.out, **group, direction, rule); });
    }
  });
  std::ranges::move(*wanted, std::back_inserter(rules));
  return {};
}

struct Revoked {
  Rules rules{};
  Rules unknown{};  // those that were not there
};

Expected<Revoked> revoke_by_id(Rules& rules, const std::vector<std::string>& ids) {
  Revoked revoked;
  for (const std::string& id : ids) {
    const Rule* there = find_by_id(rules, id);
    if (there == nullptr) return no_rule(id);
    revoked.rules.push_back(*there);
    erase_id(rules, id);
  }
  return revoked;
}

Revoked revoke_by_value(Rules& rules, const Rules& unwanted) {
  Revoked revoked;
  for (const Rule& rule : unwanted) {
    const auto there = find_same(rules, rule);
    if (there == rules.end()) {
      revoked.unknown.push_back(rule);
    } else {
      revoked.rules.push_back(std::move(*there));
      rules.erase(there);
    }
  }
  return revoked;
}

Expected<Revoked> revoke(const shapes::Inventory& all, shapes::SecurityGroup& group,
                         Direction direction, std::vector<GivenRule> given) {
  const auto unwanted = resolve_all(all, group, std::move(given));
  if (!unwanted) return tl::unexpected(unwanted.error());
  Revoked revoked = revoke_by_value(rules_in(group, direction), *unwanted);
  // As AWS has it: in the default VPC they are told of, and that is no error.
  if (!revoked.unknown.empty() && group.vpc != default_vpc) return no_rule();
  return revoked;
}

Expected<void> revoke(InventoryCall& call, Direction direction) {
  Input in(call.parameters);
  Request request = read_request(in, direction);
  const std::vector<std::string> ids = in.texts("SecurityGroupRuleId");
  if (const auto read = in.finish(); !read) return read;
  const auto group = find_group(call, request.group_id, request.group_name);
  if (!group) return tl::unexpected(group.error());
  if (request.given.empty() == ids.empty()) {
    return refuse(ids.empty() ? "MissingParameter" : "InvalidParameterCombination",
                  "Either IpPermissions or SecurityGroupRuleIds must be given");
  }
  const auto revoked = ids.empty()
                           ? revoke(inventory(call), **group, direction, std::move(request.given))
                           : revoke_by_id(rules_in(**group, direction), ids);
  if (!revoked) return tl::unexpected(revoked.error());
  done(call);
  call.out.within("revokedSecurityGroupRuleSet", [&] {
    for (const Rule& rule : revoked->rules) {
      call.out.within("item", [&] { write_revoked_rule(call.out, **group, direction, rule); });
    }
  });
  if (!revoked->unknown.empty()) {
    write_permissions(call.out, "unknownIpPermissionSet", revoked->unknown);
  }
  return {};
}

struct NewDescription {
  std::string id;
  std::string text;
};

std::vector<NewDescription> read_descriptions(Input& in) {
  std::vector<NewDescription> wanted;
  in.each("SecurityGroupRuleDescription", [&](Input& each) {
    wanted.push_back({each.required("SecurityGroupRuleId"), each.text("Description")});
    if (utf8_count(wanted.back().text) <= limits::inventory_text_max) return;
    each.fail({"InvalidParameterValue",
               fmt::format("Invalid rule description: it has at most {} characters",
                           limits::inventory_text_max)});
  });
  return wanted;
}

Expected<void> describe_anew(InventoryCall& call, Direction direction) {
  Input in(call.parameters);
  Request request = read_request(in, direction);
  const std::vector<NewDescription> descriptions = read_descriptions(in);
  if (const auto read = in.finish(); !read) return read;
  const auto group = find_group(call, request.group_id, request.group_name);
  if (!group) return tl::unexpected(group.error());
  if (request.given.empty() && descriptions.empty()) {
    return refuse("MissingParameter",
                  "Either IpPermissions or SecurityGroupRuleDescriptions must be given");
  }
  Rules& rules = rules_in(**group, direction);
  const auto wanted = resolve_all(inventory(call), **group, std::move(request.given));
  if (!wanted) return tl::unexpected(wanted.error());
  for (const Rule& rule : *wanted) {
    const auto there = find_same(rules, rule);
    if (there == rules.end()) return no_rule();
    there->description = rule.description;
  }
  for (const auto& [id, text] : descriptions) {
    Rule* there = find_by_id(rules, id);
    if (there == nullptr) return no_rule(id);
    there->description = text;
  }
  done(call);
  return {};
}

}  // namespace

Expected<shapes::SecurityGroup*> find_group(InventoryCall& call, const std::string& id,
                                            const std::string& name) {
  if (id.empty() && name.empty()) {
    return refuse("MissingParameter",
                  "The request must contain the parameter groupName or groupId");
  }
  if (id == default_security_group || (id.empty() && name == "default")) {
    return refuse("OperationNotPermitted",
                  fmt::format("{} is the node's own", default_security_group));
  }
  auto& groups = inventory(call).security_groups;
  if (auto* found = find_by_id(groups, id)) return found;
  const auto is_it = [&name](const shapes::SecurityGroup& each) {
    return each.vpc == default_vpc && each.name == name;
  };
  const auto named = id.empty() ? std::ranges::find_if(groups, is_it) : groups.end();
  if (named == groups.end()) return no_group(id.empty() ? name : id);
  return &*named;
}

Expected<void> check_rules_room(const shapes::Inventory& all, size_t more, const char* code) {
  size_t count = 0;
  for (const shapes::SecurityGroup& group : all.security_groups) {
    count += group.ingress.size() + group.egress.size();
  }
  if (count + more <= rules_max) return {};
  return refuse(code, fmt::format("All security groups together have {} rules, and {} at most",
                                  count, rules_max));
}

Expected<void> authorize_ingress(InventoryCall& call) {
  return authorize(call, Direction::ingress);
}
Expected<void> authorize_egress(InventoryCall& call) {
  return authorize(call, Direction::egress);
}
Expected<void> revoke_ingress(InventoryCall& call) {
  return revoke(call, Direction::ingress);
}
Expected<void> revoke_egress(InventoryCall& call) {
  return revoke(call, Direction::egress);
}
Expected<void> describe_ingress_anew(InventoryCall& call) {
  return describe_anew(call, Direction::ingress);
}
Expected<void> describe_egress_anew(InventoryCall& call) {
  return describe_anew(call, Direction::egress);
}

}  // namespace daruma::api::ec2
