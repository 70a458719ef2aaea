// SPDX-License-Identifier: Apache-2.0
//
// Reserved capacity (LCUs) and address pools. A node neither grows nor shrinks with its load, so a
// reservation has nothing to wait for: it is kept, counted against its quota and shown as
// provisioned. What serves is the same with it and without.
#include <fmt/format.h>

#include "api/elbv2.h"
#include "api/network.h"
#include "model/limits.h"

namespace daruma::api::elbv2 {
namespace {

namespace limits = model::limits;

// AWS has two a day; nothing here has to shrink, so there are always as many left.
constexpr int64_t decreases_left = 2;

void write(Call& call, const shapes::LoadBalancer& balancer) {
  XmlWriter& out = call.out;
  const auto& reserved = balancer.capacity_units;
  out.text("LastModifiedTime", balancer.capacity_modified);
  out.number("DecreaseRequestsRemaining", decreases_left);
  if (!reserved) return out.within("CapacityReservationState", [] {});
  out.within("MinimumLoadBalancerCapacity", [&] { out.number("CapacityUnits", reserved); });
  out.each("CapacityReservationState", std::vector{zone_of(call.catalog.node())},
           [&](const std::string& zone) {
             out.within("State", [&] { out.element("Code", "provisioned"); });
             out.element("AvailabilityZone", zone);
             out.element("EffectiveCapacityUnits", fmt::format("{}.0", *reserved));
           });
}

Expected<void> check_units(int64_t units) {
  if (units < limits::reserved_units.least) {
    return invalid(fmt::format("CapacityUnits '{}' is less than the minimum of {}", units,
                               limits::reserved_units.least));
  }
  if (units <= limits::reserved_units.most) return {};
  return refuse("CapacityUnitsLimitExceeded",
                fmt::format("A load balancer can reserve at most {} capacity units, not {}",
                            limits::reserved_units.most, units));
}

}  // namespace

Expected<void> describe_capacity_reservation(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  write(call, **balancer);
  return {};
}

Expected<void> modify_capacity_reservation(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  std::optional<int64_t> units;
  std::optional<bool> reset;
  call.in.within("MinimumLoadBalancerCapacity",
                 [&](QueryReader& in) { in.number("CapacityUnits", units); });
  call.in.flag("ResetCapacityReservation", reset);
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  if (units.has_value() == reset.value_or(false)) {
    return invalid(
        "You must specify either MinimumLoadBalancerCapacity or ResetCapacityReservation");
  }
  if (units) {
    if (const auto good = check_units(*units); !good) return good;
  }
  (*balancer)->capacity_units = units;
  (*balancer)->capacity_modified = call.node.now();
  write(call, **balancer);
  return {};
}

// A node's addresses are Node.Addresses: there is no pool to take away, and none to give.
Expected<void> modify_ip_pools(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  std::vector<std::string> removed;
  call.in.texts("RemoveIpamPools", removed);
  call.in.foreign("IpamPools", "InvalidConfigurationRequest");
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  if (removed.empty()) return invalid("You must specify either IpamPools or RemoveIpamPools");
  for (const std::string& pool : removed) {
    if (pool == "ipv4") continue;
    return invalid(fmt::format("RemoveIpamPools must be ipv4, not '{}'", pool));
  }
  call.out.within("IpamPools", [] {});
  return {};
}

}  // namespace daruma::api::elbv2
