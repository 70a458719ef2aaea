// SPDX-License-Identifier: Apache-2.0
#include "control/arns.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/stable_hash.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using std::string_view;

constexpr string_view arn_prefix = "arn:aws:elasticloadbalancing:us-east-1:000000000000";
constexpr string_view certificate_arn_prefix = "arn:aws:acm:us-east-1:000000000000:certificate";

// Equal names give equal ids, today and tomorrow.
uint64_t stable_hash(string_view kind, string_view name) {
  return daruma::stable_hash(fmt::format("{}/{}", kind, name));
}

std::string hash_id(string_view kind, string_view name) {
  return fmt::format("{:016x}", stable_hash(kind, name));
}

std::string id_or(const api::Identity& identity, string_view kind, string_view name) {
  return identity.id.empty() ? hash_id(kind, name) : identity.id;
}

std::string place_of(const api::LoadBalancer& balancer, const api::Listener& listener) {
  return fmt::format("{}:{}", balancer.name, listener.port.value_or(0));
}

std::string rule_arn(const api::LoadBalancer& balancer, const api::Listener& listener,
                     string_view id) {
  return fmt::format("{}:listener-rule/{}/{}/{}", arn_prefix, resource_id(balancer),
                     id_of(balancer, listener), id);
}

// A certificate's ARN ends in a UUID.
std::string uuid_of(string_view name) {
  const uint64_t high = stable_hash("certificate", name);
  const uint64_t low = stable_hash("certificate-low", name);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffff);
}

}  // namespace

std::string id_of(const api::LoadBalancer& balancer) {
  return id_or(balancer.identity, "balancer", balancer.name);
}

std::string id_of(const api::TargetGroup& group) {
  return id_or(group.identity, "group", group.name);
}

std::string id_of(const api::LoadBalancer& balancer, const api::Listener& listener) {
  return id_or(listener.identity, "listener", place_of(balancer, listener));
}

std::string id_of(const api::LoadBalancer& balancer, const api::Listener& listener,
                  const api::Rule& rule) {
  return id_or(rule.identity, "rule",
               fmt::format("{}:{}", place_of(balancer, listener), rule.priority.value_or(0)));
}

std::string default_rule_id(const api::LoadBalancer& balancer, const api::Listener& listener) {
  return hash_id("default-rule", id_of(balancer, listener));
}

std::string resource_id(const api::LoadBalancer& balancer) {
  return fmt::format("app/{}/{}", balancer.name, id_of(balancer));
}

std::string resource_id(const api::TargetGroup& group) {
  return fmt::format("targetgroup/{}/{}", group.name, id_of(group));
}

std::string arn_of(const api::LoadBalancer& balancer) {
  return fmt::format("{}:loadbalancer/{}", arn_prefix, resource_id(balancer));
}

std::string arn_of(const api::TargetGroup& group) {
  return fmt::format("{}:{}", arn_prefix, resource_id(group));
}

std::string arn_of(const api::LoadBalancer& balancer, const api::Listener& listener) {
  return fmt::format("{}:listener/{}/{}", arn_prefix, resource_id(balancer),
                     id_of(balancer, listener));
}

std::string arn_of(const api::LoadBalancer& balancer, const api::Listener& listener,
                   const api::Rule& rule) {
  return rule_arn(balancer, listener, id_of(balancer, listener, rule));
}

std::string default_rule_arn(const api::LoadBalancer& balancer, const api::Listener& listener) {
  return rule_arn(balancer, listener, default_rule_id(balancer, listener));
}

std::string arn_of(const api::TrustStore& store) {
  return fmt::format("{}:truststore/{}/{}", arn_prefix, store.name,
                     id_or(store.identity, "trust-store", store.name));
}

bool is_server_certificate(const api::Certificate& certificate) {
  return certificate.identity.id.starts_with(server_certificate_prefix);
}

std::string arn_of(const api::Certificate& certificate) {
  const std::string& given = certificate.identity.id;
  if (is_server_certificate(certificate)) {
    return fmt::format("arn:aws:iam::{}:server-certificate{}{}", account_id,
                       certificate.path.empty() ? "/" : certificate.path, certificate.name);
  }
  return fmt::format("{}/{}", certificate_arn_prefix,
                     given.empty() ? uuid_of(certificate.name) : given);
}

std::string dns_name_of(const api::LoadBalancer& balancer) {
  if (balancer.identity.id.empty()) return balancer.name + ".daruma.internal";
  const bool internal = balancer.scheme == "internal";
  const uint64_t number = stable_hash("dns", balancer.identity.id) % 10'000'000'000;
  return fmt::format("{}{}-{}.{}.elb.daruma.internal", internal ? "internal-" : "", balancer.name,
                     number, region);
}

}  // namespace daruma::control
