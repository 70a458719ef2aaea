// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "api/elbv2.h"
#include "api/network.h"
#include "base/address.h"
#include "base/bytes.h"
#include "control/arns.h"
#include "control/quotas.h"
#include "model/limits.h"

namespace daruma::api::elbv2 {
namespace {

namespace limits = model::limits;
using control::arn_of;
using notify::Ec2Kind;

void read_matcher(QueryReader& in, shapes::TargetGroup& group) {
  in.within("Matcher", [&](QueryReader& matcher) {
    matcher.text("HttpCode", group.http_code);
    matcher.text("GrpcCode", group.grpc_code);
  });
}

// What an operation leaves out, as AWS fills it in; daruma.yaml has defaults of its own where it
// says nothing (HealthCheckProtocol is the group's there).
void fill_in(shapes::TargetGroup& group) {
  const auto set = [](auto& member, auto standard) { member = member.value_or(standard); };
  set(group.protocol_version, "HTTP1");
  set(group.health_check_enabled, true);
  set(group.health_check_protocol, "HTTP");
  set(group.health_check_port, "traffic-port");
  const bool grpc = group.protocol_version == "GRPC";
  set(group.health_check_path, grpc ? "/AWS.ALB/healthcheck" : "/");
  set(group.health_check_interval_seconds, limits::health_check_interval_seconds.standard);
  set(group.health_check_timeout_seconds, limits::health_check_timeout_seconds.standard);
  set(group.healthy_threshold_count, limits::healthy_threshold.standard);
  set(group.unhealthy_threshold_count, limits::unhealthy_threshold.standard);
  if (grpc) {
    set(group.grpc_code, "12");
  } else {
    set(group.http_code, "200");
  }
}

shapes::TargetGroup shown(shapes::TargetGroup group) {
  if (!group.health_check_protocol) group.health_check_protocol = group.protocol;
  fill_in(group);
  return group;
}

void write(Call& call, const shapes::TargetGroup& original, const std::vector<std::string>& users) {
  shapes::TargetGroup group = shown(original);
  XmlWriter& out = call.out;
  out.element("TargetGroupArn", arn_of(original));
  out.element("TargetGroupName", group.name);
  out.text("Protocol", group.protocol);
  out.number("Port", group.port);
  out.element("VpcId", group.vpc.empty() ? default_vpc : std::string_view(group.vpc));
  describe_health_check(out, group);
  out.within("Matcher", [&] {
    out.text("HttpCode", group.http_code);
    out.text("GrpcCode", group.grpc_code);
  });
  out.texts("LoadBalancerArns", users);
  out.element("TargetType", group.target_type.value_or("ip"));
  out.text("ProtocolVersion", group.protocol_version);
  out.element("IpAddressType", "ipv4");
}

void write_one(Call& call, const shapes::TargetGroup& group) {
  call.out.each("TargetGroups", std::vector{&group}, [&](const shapes::TargetGroup* one) {
    write(call, *one, call.catalog.users_of(one->name));
  });
}

Expected<shapes::TargetGroup> read_new(Call& call) {
  shapes::TargetGroup wanted;
  QueryReader& in = call.in;
  std::string vpc(default_vpc);
  std::string addresses = "ipv4";
  in.need("Name");
  in.text("Name", wanted.name);
  in.text("Protocol", wanted.protocol);
  in.text("ProtocolVersion", wanted.protocol_version);
  in.text("TargetType", wanted.target_type);
  in.number("Port", wanted.port);
  in.text("VpcId", vpc);
  in.text("IpAddressType", addresses);
  in.foreign("TargetControlPort", "InvalidConfigurationRequest");
  describe_health_check(in, wanted);
  read_matcher(in, wanted);
  read_tags(in, wanted.identity.tags);
  if (const auto read = call.finish_input(); !read) return tl::unexpected(read.error());
  const auto vpcs = call.outside.find(Ec2Kind::vpc, {vpc});
  if (!vpcs) return tl::unexpected(vpcs.error());
  if (!vpcs->contains(vpc)) {
    return invalid(fmt::format("The VPC ID '{}' is not found; this node has {}, and needs none",
                               vpc, default_vpc));
  }
  if (vpc != default_vpc) wanted.vpc = vpc;
  if (addresses != "ipv4") {
    return invalid(
        fmt::format("IpAddressType '{}': a target group takes IPv4, IPv6 and named "
                    "targets alike; leave it out",
                    addresses));
  }
  wanted.target_type = wanted.target_type.value_or("instance");
  fill_in(wanted);
  return wanted;
}

bool same_settings(const shapes::TargetGroup& there, shapes::TargetGroup wanted) {
  const shapes::Tags tags = wanted.identity.tags;
  wanted.identity = there.identity;
  wanted.attributes = there.attributes;
  wanted.targets = there.targets;
  return there == wanted && there.identity.tags == tags;
}

// As two registrations are told apart: "::1" is "0:0::1".
std::string canonical_id(const std::string& id) {
  const auto address = Address::parse(id, 0);
  return address ? address->ip() : ascii_lowered(id);
}

// Equal for the same target.
using SameTarget = std::pair<std::string, int64_t>;

SameTarget key_of(const shapes::TargetDescription& target, const shapes::TargetGroup& group) {
  return {canonical_id(target.id), target.port.value_or(group.port.value_or(80))};
}

bool is_instance_id(const std::string& id) {
  if (!id.starts_with("i-") || id.size() < 10) return false;
  return parse_hex(id.substr(2, 16)).has_value() && id.find('.') == std::string::npos;
}

std::vector<shapes::TargetDescription> read_targets(QueryReader& in) {
  std::vector<shapes::TargetDescription> targets;
  in.objects("Targets", targets);
  return targets;
}

Expected<void> check_targets(const std::vector<shapes::TargetDescription>& targets,
                             const shapes::TargetGroup& group) {
  const bool instances = group.target_type == "instance";
  if (targets.empty()) return invalid("At least one target must be specified");
  for (const auto& target : targets) {
    if (target.id.empty()) return invalid("A target's Id must be specified");
    if (target.port && (*target.port < 1 || *target.port > 65535)) {
      return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'targets.port' failed "
                      "to satisfy constraint: Member must have value between 1 and 65535",
                      *target.port));
    }
    if (is_instance_id(target.id) == instances) continue;
    return refuse("InvalidTarget",
                  instances ? fmt::format("The target ID '{}' is no instance's, and the target "
                                          "group's TargetType is instance; make one of type ip",
                                          target.id)
                            : fmt::format("The target ID '{}' is an instance's, and the target "
                                          "group's TargetType is ip: register its address",
                                          target.id));
  }
  return {};
}

std::string who_knows_instances(const Call& call) {
  const std::string endpoint = call.outside.endpoint();
  return endpoint.empty() ? "tell of a machine with EC2's RunInstances and its PrivateIpAddress"
                          : "the EC2 endpoint " + endpoint + " does not know it";
}

// Instances are where they were registered to be; that does not change.
Expected<void> find_instances(const Call& call, const shapes::TargetGroup& group,
                              std::vector<shapes::TargetDescription>& targets) {
  std::vector<std::string> ids;
  for (const auto& target : targets) ids.push_back(target.id);
  const auto known = call.outside.find(Ec2Kind::instance, ids);
  if (!known) return tl::unexpected(known.error());
  for (auto& target : targets) {
    const auto instance = known->find(target.id);
    if (instance == known->end()) {
      return refuse("InvalidTarget", fmt::format("The instance '{}' does not exist; {}", target.id,
                                                 who_knows_instances(call)));
    }
    const auto address = Address::parse(instance->second.address, 0);
    if (instance->second.state != "running" || !address) {
      return refuse("InvalidTarget",
                    fmt::format("The following targets are not in a running state and cannot be "
                                "registered: '{}'",
                                target.id));
    }
    if (!group.vpc.empty() && instance->second.vpc != group.vpc) {
      return refuse("InvalidTarget",
                    fmt::format("The following targets are not in the target group VPC '{}': '{}'",
                                group.vpc, target.id));
    }
    target.address = address->ip();
    if (target.availability_zone.empty()) target.availability_zone = instance->second.zone;
  }
  return {};
}

// One target with its health, if it is registered or draining.
struct Row {
  shapes::TargetDescription target;
  std::optional<model::TargetHealth> health;  // nullopt: not registered
  model::AnomalyLetter anomaly = {};
  bool shifted_away = false;
};

std::vector<Row> rows_of(const Call& call, const shapes::TargetGroup& group) {
  std::vector<Row> rows;
  const auto& health = call.node.target_health();
  for (shapes::TargetDescription target : group.targets) {
    target.port = target.port.value_or(group.port.value_or(80));
    const model::TargetKey key{group.name, target.id, static_cast<uint16_t>(*target.port)};
    const auto known = health.find(key);
    rows.push_back({target, known == health.end() ? model::TargetHealth() : known->second,
                    call.node.anomaly(key), call.node.shifted_away(key)});
  }
  for (const auto& [key, draining] : call.node.draining_targets()) {
    if (key.group != group.name) continue;
    rows.push_back(
        {{key.id, key.port, draining.target.zone}, control::Controller::draining_health()});
  }
  return rows;
}

// Those that were asked for, each; or all.
std::vector<Row> asked_for(std::vector<Row> rows, const shapes::TargetGroup& group,
                           const std::vector<shapes::TargetDescription>& asked) {
  if (asked.empty()) return rows;
  std::map<SameTarget, const Row*> known;
  for (const Row& row : rows) known.emplace(key_of(row.target, group), &row);
  std::vector<Row> found;
  for (shapes::TargetDescription target : asked) {
    target.port = target.port.value_or(group.port.value_or(80));
    const auto row = known.find(key_of(target, group));
    found.push_back(row == known.end() ? Row{target, std::nullopt} : *row->second);
  }
  return found;
}

void write_health(Call& call, const shapes::TargetGroup& group, const Row& row, bool anomalies) {
  const model::TargetHealth health = row.health.value_or(
      model::TargetHealth{model::HealthState::unused, model::HealthReason::not_registered,
                          "Target is not registered to the target group"});
  XmlWriter& out = call.out;
  out.within("Target", [&] { describe(out, row.target); });
  const std::string port = group.health_check_port.value_or("traffic-port");
  if (row.health) {
    out.element("HealthCheckPort",
                port == "traffic-port" ? std::to_string(row.target.port.value_or(80)) : port);
  }
  out.within("TargetHealth", [&] {
    out.element("State", name_of(health.state));
    if (health.reason != model::HealthReason::none) out.element("Reason", name_of(health.reason));
    out.text("Description", health.description);
  });
  if (row.shifted_away) {
    out.within("AdministrativeOverride", [&] {
      out.element("State", "zonal_shift_active");
      out.element("Reason", "AdministrativeOverride.ZonalShiftActive");
      out.element("Description", "Traffic is shifted away from the zone of this target");
    });
  }
  if (!anomalies) return;
  out.within("AnomalyDetection", [&] {
    out.element("Result", row.anomaly.anomalous ? "anomalous" : "normal");
    out.element("MitigationInEffect", row.anomaly.mitigated ? "yes" : "no");
  });
}

}  // namespace

Expected<void> create_target_group(Call& call) {
  auto wanted = read_new(call);
  if (!wanted) return tl::unexpected(wanted.error());
  if (const shapes::TargetGroup* there = call.catalog.group_named(wanted->name)) {
    if (there->identity.id.empty()) return call.catalog.not_permitted("Target group", there->name);
    if (!same_settings(*there, *wanted)) {
      return refuse("DuplicateTargetGroupName",
                    fmt::format("A target group with the same name '{}' exists, but with different "
                                "settings",
                                wanted->name));
    }
    write_one(call, *there);
    return {};
  }
  auto& groups = call.catalog.created().target_groups;
  const shapes::Tags tags = std::move(wanted->identity.tags);
  wanted->identity = make_identity(call);
  wanted->identity.tags = tags;
  groups.push_back(std::move(*wanted));
  write_one(call, groups.back());
  return {};
}

Expected<void> describe_target_groups(Call& call) {
  std::string balancer_arn;
  std::vector<std::string> arns;
  std::vector<std::string> names;
  call.in.text("LoadBalancerArn", balancer_arn);
  call.in.texts("TargetGroupArns", arns);
  call.in.texts("Names", names);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (int(!balancer_arn.empty()) + int(!arns.empty()) + int(!names.empty()) > 1) {
    return invalid(
        "Target group names, target group ARNs and a load balancer ARN cannot be "
        "specified at the same time");
  }
  Keyed<const shapes::TargetGroup*> found;
  for (const std::string& arn : arns) {
    const auto group = call.catalog.group(arn);
    if (!group) return tl::unexpected(group.error());
    found.emplace_back(arn, *group);
  }
  for (const std::string& name : names) {
    const shapes::TargetGroup* group = call.catalog.group_named(name);
    if (!group) return refuse("TargetGroupNotFound", "One or more target groups not found");
    found.emplace_back(arn_of(*group), group);
  }
  if (!balancer_arn.empty()) {
    const auto balancer = call.catalog.balancer(balancer_arn);
    if (!balancer) return tl::unexpected(balancer.error());
  }
  const Catalog::UsersByGroup all_users = call.catalog.users_by_group();
  const auto users_of = [&](const shapes::TargetGroup& group) -> const std::vector<std::string>& {
    static const std::vector<std::string> nobody;
    const auto users = all_users.find(group.name);
    return users == all_users.end() ? nobody : users->second;
  };
  if (arns.empty() && names.empty()) {
    call.catalog.each_group([&](const shapes::TargetGroup& group) {
      const auto& users = users_of(group);
      if (!balancer_arn.empty() && std::ranges::find(users, balancer_arn) == users.end()) return;
      found.emplace_back(arn_of(group), &group);
    });
  }
  write_page(call.out, "TargetGroups", std::move(found), *paging,
             [&](const shapes::TargetGroup* group) { write(call, *group, users_of(*group)); });
  return {};
}

Expected<void> modify_target_group(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  shapes::TargetGroup given;
  describe_health_check(call.in, given);
  read_matcher(call.in, given);
  if (const auto read = call.finish_input(); !read) return read;
  const auto group = call.catalog.edit_group(arn);
  if (!group) return tl::unexpected(group.error());
  const auto take = [](auto& to, auto& from) {
    if (from) to = from;
  };
  shapes::TargetGroup& to = **group;
  take(to.health_check_protocol, given.health_check_protocol);
  take(to.health_check_port, given.health_check_port);
  take(to.health_check_enabled, given.health_check_enabled);
  take(to.health_check_path, given.health_check_path);
  take(to.health_check_interval_seconds, given.health_check_interval_seconds);
  take(to.health_check_timeout_seconds, given.health_check_timeout_seconds);
  take(to.healthy_threshold_count, given.healthy_threshold_count);
  take(to.unhealthy_threshold_count, given.unhealthy_threshold_count);
  take(to.http_code, given.http_code);
  take(to.grpc_code, given.grpc_code);
  write_one(call, to);
  return {};
}

Expected<void> delete_target_group(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto group = call.catalog.edit_group(arn);
  if (!group) {
    if (group.error().code == "TargetGroupNotFound") return {};
    return tl::unexpected(group.error());
  }
  if (!call.catalog.users_of((*group)->name).empty()) {
    return refuse(
        "ResourceInUse",
        fmt::format("Target group '{}' is currently in use by a listener or a rule", arn));
  }
  const std::string id = (*group)->identity.id;
  std::erase_if(call.catalog.created().target_groups,
                [&](const auto& each) { return each.identity.id == id; });
  return {};
}

Expected<void> register_targets(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  auto targets = read_targets(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  const auto found = call.catalog.edit_group(arn);
  if (!found) return tl::unexpected(found.error());
  shapes::TargetGroup& group = **found;
  if (const auto good = check_targets(targets, group); !good) return good;
  if (group.target_type == "instance") {
    if (const auto known = find_instances(call, group, targets); !known) return known;
  }
  std::map<SameTarget, size_t> places;
  for (size_t i = 0; i < group.targets.size(); ++i) places[key_of(group.targets[i], group)] = i;
  for (const auto& target : targets) {
    const auto [place, fresh] = places.emplace(key_of(target, group), group.targets.size());
    if (fresh) {
      group.targets.push_back(target);
    } else {
      group.targets[place->second].availability_zone = target.availability_zone;
    }
  }
  const int64_t most = control::targets_quota(group);
  if (group.targets.size() <= static_cast<size_t>(most)) return {};
  return refuse("TooManyTargets", fmt::format("A target group has at most {} targets", most));
}

Expected<void> deregister_targets(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  const auto targets = read_targets(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  const auto found = call.catalog.edit_group(arn);
  if (!found) return tl::unexpected(found.error());
  shapes::TargetGroup& group = **found;
  if (const auto good = check_targets(targets, group); !good) return good;
  std::set<SameTarget> leaving;
  for (const auto& target : targets) leaving.insert(key_of(target, group));
  std::erase_if(group.targets,
                [&](const auto& there) { return leaving.contains(key_of(there, group)); });
  return {};
}

Expected<void> describe_target_health(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  const auto targets = read_targets(call.in);
  std::vector<std::string> include;
  call.in.texts("Include", include);
  if (const auto read = call.finish_input(); !read) return read;
  for (const std::string& each : include) {
    if (each == "AnomalyDetection" || each == "All") continue;
    return invalid(fmt::format("Include must be AnomalyDetection or All, not '{}'", each));
  }
  const auto group = call.catalog.group(arn);
  if (!group) return tl::unexpected(group.error());
  if (!targets.empty()) {
    if (const auto good = check_targets(targets, **group); !good) return good;
  }
  const auto rows = asked_for(rows_of(call, **group), **group, targets);
  call.out.each("TargetHealthDescriptions", rows,
                [&](const Row& row) { write_health(call, **group, row, !include.empty()); });
  return {};
}

}  // namespace daruma::api::elbv2
