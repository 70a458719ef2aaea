// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/elbv2.h"
#include "model/limits.h"
#include "tls/security_policy.h"

namespace daruma::api::elbv2 {
namespace {

namespace limits = model::limits;

struct Limit {
  std::string_view name;
  int64_t most;
};
// A load balancer has no limit of its own for targets: what its target groups may have.
constexpr int64_t targets_per_balancer =
    limits::target_groups_quota.standard * limits::targets_quota.standard;
// As they stand without daruma.quota.* attributes.
constexpr std::array all_limits{
    Limit{"application-load-balancers", limits::load_balancers_max},
    Limit{"certificates-per-application-load-balancer", limits::certificates_quota.standard - 1},
    Limit{"condition-values-per-alb-rule", limits::condition_values_quota.standard},
    Limit{"condition-wildcards-per-alb-rule", limits::condition_wildcards_quota.standard},
    Limit{"listeners-per-application-load-balancer", limits::listeners_quota.standard},
    Limit{"rules-per-application-load-balancer", limits::rules_quota.standard},
    Limit{"target-groups", limits::target_groups_max},
    Limit{"target-groups-per-action-on-application-load-balancer",
          limits::action_target_groups_quota.standard},
    Limit{"target-groups-per-application-load-balancer", limits::target_groups_quota.standard},
    Limit{"target-id-registrations-per-application-load-balancer", targets_per_balancer},
    Limit{"targets-per-application-load-balancer", targets_per_balancer},
    Limit{"targets-per-target-group", limits::targets_quota.standard},
};

std::string_view protocol_name(tls::TlsVersion version) {
  switch (version) {
    case tls::TlsVersion::v1_0:
      return "TLSv1";
    case tls::TlsVersion::v1_1:
      return "TLSv1.1";
    case tls::TlsVersion::v1_2:
      return "TLSv1.2";
    case tls::TlsVersion::v1_3:
      return "TLSv1.3";
  }
  return "";
}

void write(XmlWriter& out, const tls::SecurityPolicy& policy) {
  std::vector<std::string> protocols;
  for (const auto version : {tls::TlsVersion::v1_0, tls::TlsVersion::v1_1, tls::TlsVersion::v1_2,
                             tls::TlsVersion::v1_3}) {
    if (version >= policy.least && version <= policy.most) {
      protocols.emplace_back(protocol_name(version));
    }
  }
  std::vector<std::string_view> ciphers = policy.tls13_cipher_names();
  for (const auto cipher : policy.cipher_names()) ciphers.push_back(cipher);
  out.texts("SslProtocols", protocols);
  int64_t priority = 0;
  out.each("Ciphers", ciphers, [&](std::string_view cipher) {
    out.element("Name", cipher);
    out.number("Priority", ++priority);
  });
  out.element("Name", policy.name);
  out.texts("SupportedLoadBalancerTypes", std::vector<std::string>{"application"});
}

}  // namespace

Expected<void> describe_account_limits(Call& call) {
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  Keyed<Limit> items;
  for (const Limit& limit : all_limits) items.emplace_back(limit.name, limit);
  write_page(call.out, "Limits", std::move(items), *paging, [&](const Limit& limit) {
    call.out.element("Name", limit.name);
    call.out.element("Max", std::to_string(limit.most));
  });
  return {};
}

// Those that can be served with the library that is linked.
Expected<void> describe_ssl_policies(Call& call) {
  std::vector<std::string> names;
  std::string type = "application";
  call.in.texts("Names", names);
  call.in.text("LoadBalancerType", type);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (type != "application") {
    return invalid(fmt::format("LoadBalancerType must be application, not '{}'", type));
  }
  Keyed<const tls::SecurityPolicy*> items;
  for (const std::string& name : names) {
    const tls::SecurityPolicy* policy = tls::find_policy(name);
    if (policy == nullptr || !tls::check_policy(name)) {
      return refuse("SSLPolicyNotFound", fmt::format("SSL policy '{}' not found", name));
    }
    items.emplace_back(name, policy);
  }
  if (names.empty()) {
    for (const tls::SecurityPolicy& policy : tls::security_policies()) {
      if (tls::check_policy(policy.name)) items.emplace_back(policy.name, &policy);
    }
  }
  write_page(call.out, "SslPolicies", std::move(items), *paging,
             [&](const tls::SecurityPolicy* policy) { write(call.out, *policy); });
  return {};
}

}  // namespace daruma::api::elbv2
