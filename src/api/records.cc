// SPDX-License-Identifier: Apache-2.0
#include "api/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "api/json_codec.h"
#include "api/network.h"
#include "base/base64.h"
#include "control/mutual_tls.h"

namespace daruma::api {
namespace {

namespace shapes = model::api;
using std::string_view;

constexpr string_view balancer_kind = "load-balancer";
constexpr string_view listener_kind = "listener";
constexpr string_view rule_kind = "rule";
constexpr string_view group_kind = "target-group";
constexpr string_view certificate_kind = "certificate";
constexpr string_view authority_kind = "authority";
constexpr string_view trust_store_kind = "trust-store";
constexpr string_view revocation_kind = "revocation";
constexpr string_view vpc_kind = "vpc";
constexpr string_view subnet_kind = "subnet";
constexpr string_view security_group_kind = "security-group";
constexpr string_view instance_kind = "instance";
constexpr string_view internet_gateway_kind = "internet-gateway";
constexpr string_view route_table_kind = "route-table";

// ---- what each row holds: without what has rows of its own ----

template <class V, class T>
void describe_identity(V& v, T& identity) {
  v.text("CreatedTime", identity.created);
  v.map("Tags", identity.tags);
}

template <class V, Is<shapes::LoadBalancer> T>
void describe_row(V& v, T& balancer) {
  v.text("Name", balancer.name);
  v.text("Scheme", balancer.scheme);
  v.text("Type", balancer.type);
  v.text("IpAddressType", balancer.ip_address_type);
  v.texts("Subnets", balancer.subnets);
  v.texts("SecurityGroups", balancer.security_groups);
  v.text("Vpc", balancer.vpc);
  v.map("Zones", balancer.zones);
  v.number("CapacityUnits", balancer.capacity_units);
  v.text("CapacityModified", balancer.capacity_modified);
  v.map("Attributes", balancer.attributes);
  describe_identity(v, balancer.identity);
}

template <class V, Is<shapes::Listener> T>
void describe_row(V& v, T& listener) {
  v.number("Port", listener.port);
  v.text("Protocol", listener.protocol);
  v.texts("Certificates", listener.certificates);
  v.text("SslPolicy", listener.ssl_policy);
  v.object("MutualAuthentication", listener.mutual_authentication);
  v.map("Attributes", listener.attributes);
  v.objects("DefaultActions", listener.default_actions);
  describe_identity(v, listener.identity);
}

template <class V, Is<shapes::Rule> T>
void describe_row(V& v, T& rule) {
  v.number("Priority", rule.priority);
  v.objects("Conditions", rule.conditions);
  v.objects("Actions", rule.actions);
  v.objects("Transforms", rule.transforms);
  describe_identity(v, rule.identity);
}

template <class V, Is<shapes::TargetGroup> T>
void describe_row(V& v, T& group) {
  v.text("Name", group.name);
  v.text("Protocol", group.protocol);
  v.text("ProtocolVersion", group.protocol_version);
  v.text("TargetType", group.target_type);
  v.number("Port", group.port);
  describe_health_check(v, group);
  v.text("HttpCode", group.http_code);
  v.text("GrpcCode", group.grpc_code);
  v.map("Attributes", group.attributes);
  v.objects("Targets", group.targets);
  v.text("Vpc", group.vpc);
  describe_identity(v, group.identity);
}

template <class V, Is<shapes::Certificate> T>
void describe_row(V& v, T& certificate) {
  v.text("Name", certificate.name);
  v.text("Chain", certificate.chain_pem);
  v.text("Fingerprint", certificate.fingerprint);
  v.text("Path", certificate.path);
  v.text("ValidationMethod", certificate.request.validation_method);
  v.text("TransparencyLogging", certificate.request.transparency_logging);
  v.text("Token", certificate.request.token);
  v.text("Issued", certificate.request.issued);
  describe_identity(v, certificate.identity);
}

template <class V, Is<shapes::Authority> T>
void describe_row(V& v, T& authority) {
  v.text("Chain", authority.chain_pem);
  describe_identity(v, authority.identity);
}

template <class V, Is<shapes::TrustStore> T>
void describe_row(V& v, T& store) {
  v.text("Name", store.name);
  v.text("CaCertificates", store.ca_pem);
  v.number("RevocationsMade", store.revocations_made);
  describe_identity(v, store.identity);
}

// Its content is not text.
template <class V, Is<shapes::Revocation> T>
void describe_row(V& v, T& revocation) {
  std::optional<int64_t> id = revocation.id;
  std::string content;
  if (revocation.content) append_base64url(*revocation.content, content);
  v.number("Id", id);
  v.text("Content", content);
}

template <class V, Is<shapes::Vpc> T>
void describe_row(V& v, T& vpc) {
  v.text("Cidr", vpc.cidr);
  v.map("Attributes", vpc.attributes);
  describe_identity(v, vpc.identity);
}

template <class V, Is<shapes::Subnet> T>
void describe_row(V& v, T& subnet) {
  v.text("Vpc", subnet.vpc);
  v.text("Cidr", subnet.cidr);
  v.text("AvailabilityZone", subnet.availability_zone);
  v.flag("MapPublicIpOnLaunch", subnet.map_public_ip_on_launch);
  describe_identity(v, subnet.identity);
}

template <class V, Is<shapes::SecurityGroup> T>
void describe_row(V& v, T& group) {
  v.text("Name", group.name);
  v.text("Description", group.description);
  v.text("Vpc", group.vpc);
  v.objects("Ingress", group.ingress);
  v.objects("Egress", group.egress);
  describe_identity(v, group.identity);
}

template <class V, Is<shapes::Instance> T>
void describe_row(V& v, T& instance) {
  v.text("Address", instance.address);
  v.text("Subnet", instance.subnet);
  v.texts("SecurityGroups", instance.security_groups);
  v.text("Image", instance.image);
  v.text("Type", instance.type);
  v.text("ClientToken", instance.client_token);
  describe_identity(v, instance.identity);
}

template <class V, Is<shapes::InternetGateway> T>
void describe_row(V& v, T& gateway) {
  v.text("Vpc", gateway.vpc);
  describe_identity(v, gateway.identity);
}

template <class V, Is<shapes::RouteTable> T>
void describe_row(V& v, T& table) {
  v.text("Vpc", table.vpc);
  v.map("Routes", table.routes);
  v.map("Associations", table.associations);
  describe_identity(v, table.identity);
}

template <class T>
std::string text_of(const T& resource, string_view owner_member, const std::string& owner,
                    const KeyVault& vault) {
  Json json;
  JsonWriter writer(json);
  describe_row(writer, resource);
  writer.text(owner_member, owner);
  if constexpr (requires { resource.key_pem; }) {
    writer.text("PrivateKey", vault.seal(resource.key_pem));
  }
  return json_text(json);
}

// ---- writing ----

// Every resource by kind and id, so that two trees can be compared.
struct Flat {
  template <class T>
  struct Entry {
    const T* resource;
    string_view owner_member = "Owner";
    std::string owner;
    bool operator==(const Entry& other) const {
      return owner == other.owner && *resource == *other.resource;
    }
  };
  std::map<string_view, Entry<shapes::LoadBalancer>> balancers;
  std::map<string_view, Entry<shapes::Listener>> listeners;
  std::map<string_view, Entry<shapes::Rule>> rules;
  std::map<string_view, Entry<shapes::TargetGroup>> groups;
  std::map<string_view, Entry<shapes::Certificate>> certificates;
  std::map<string_view, Entry<shapes::Authority>> authorities;
  std::map<string_view, Entry<shapes::TrustStore>> trust_stores;
  std::map<std::string, Entry<shapes::Revocation>> revocations;
  std::map<string_view, Entry<shapes::Vpc>> vpcs;
  std::map<string_view, Entry<shapes::Subnet>> subnets;
  std::map<string_view, Entry<shapes::SecurityGroup>> security_groups;
  std::map<string_view, Entry<shapes::Instance>> instances;
  std::map<string_view, Entry<shapes::InternetGateway>> internet_gateways;
  std::map<string_view, Entry<shapes::RouteTable>> route_tables;

  explicit Flat(const shapes::Resources& resources) {
    for (const auto& balancer : resources.load_balancers) {
      balancers[balancer.identity.id] = {&balancer, "Owner", ""};
      for (const auto& listener : balancer.listeners) {
        listeners[listener.identity.id] = {&listener, "LoadBalancer", balancer.identity.id};
        for (const auto& rule : listener.rules) {
          rules[rule.identity.id] = {&rule, "Listener", listener.identity.id};
        }
      }
    }
    add(groups, resources.target_groups);
    add(certificates, resources.certificates);
    add(authorities, resources.authorities);
    add(trust_stores, resources.trust_stores);
    for (const auto& store : resources.trust_stores) {
      for (const auto& revocation : store.revocations) {
        revocations[fmt::format("{}/{}", store.identity.id, revocation.id)] = {
            &revocation, "TrustStore", store.identity.id};
      }
    }
    add(vpcs, resources.inventory.vpcs);
    add(subnets, resources.inventory.subnets);
    add(security_groups, resources.inventory.security_groups);
    add(instances, resources.inventory.instances);
    add(internet_gateways, resources.inventory.internet_gateways);
    add(route_tables, resources.inventory.route_tables);
  }
  // Those that belong to nothing else.
  template <class Map, class T>
  static void add(Map& map, const std::vector<T>& list) {
    for (const T& each : list) map[each.identity.id] = {&each, "", ""};
  }
};

template <class Map>
void compare(string_view kind, const Map& before, const Map& after, const KeyVault& vault,
             std::vector<store::Change>& changes) {
  for (const auto& [id, entry] : before) {
    if (!after.contains(id)) changes.push_back({std::string(kind), std::string(id), std::nullopt});
  }
  for (const auto& [id, entry] : after) {
    const auto known = before.find(id);
    if (known != before.end() && known->second == entry) continue;
    const auto text = [&vault](const auto& e) {
      return text_of(*e.resource, e.owner_member, e.owner, vault);
    };
    std::string now = text(entry);
    // What differs may lie in what has rows of its own.
    if (known != before.end() && text(known->second) == now) continue;
    changes.push_back({std::string(kind), std::string(id), std::move(now)});
  }
}

// ---- reading ----

template <class T>
T read(const store::Row& row, const Json& json) {
  T resource;
  JsonReader reader(json);
  describe_row(reader, resource);
  resource.identity.id = row.key;
  return resource;
}

class RowReader {
 public:
  explicit RowReader(const KeyVault& vault) : vault_(vault) {}

  Result<shapes::Resources> run(std::span<const store::Row> rows) {
    for (const store::Row& row : rows) {
      const Json json = Json::parse(row.value, nullptr, false);
      if (!json.is_object())
        return fail(fmt::format("the store's {} {} is no JSON", row.kind, row.key));
      if (const Result<void> taken = take(row, json); !taken) return fail(taken.error().message);
    }
    if (const Result<void> joined = join(); !joined) return fail(joined.error().message);
    return std::move(resources_);
  }

 private:
  Result<void> take(const store::Row& row, const Json& json) {
    if (row.kind == balancer_kind) {
      resources_.load_balancers.push_back(read<shapes::LoadBalancer>(row, json));
    } else if (row.kind == listener_kind) {
      listeners_.emplace_back(member_of(json, "LoadBalancer"), read<shapes::Listener>(row, json));
    } else if (row.kind == rule_kind) {
      rules_.emplace_back(member_of(json, "Listener"), read<shapes::Rule>(row, json));
    } else if (row.kind == group_kind) {
      resources_.target_groups.push_back(read<shapes::TargetGroup>(row, json));
    } else if (row.kind == certificate_kind) {
      return take_sealed(row, json, resources_.certificates);
    } else if (row.kind == authority_kind) {
      return take_sealed(row, json, resources_.authorities);
    } else if (row.kind == trust_store_kind) {
      return take_trust_store(row, json);
    } else if (row.kind == revocation_kind) {
      return take_revocation(row, json);
    } else if (row.kind == vpc_kind) {
      resources_.inventory.vpcs.push_back(read<shapes::Vpc>(row, json));
    } else if (row.kind == subnet_kind) {
      resources_.inventory.subnets.push_back(read<shapes::Subnet>(row, json));
    } else if (row.kind == security_group_kind) {
      take_security_group(row, json);
    } else if (row.kind == instance_kind) {
      resources_.inventory.instances.push_back(read<shapes::Instance>(row, json));
    } else if (row.kind == internet_gateway_kind) {
      resources_.inventory.internet_gateways.push_back(read<shapes::InternetGateway>(row, json));
    } else if (row.kind == route_table_kind) {
      resources_.inventory.route_tables.push_back(read<shapes::RouteTable>(row, json));
    } else {
      return fail(fmt::format("the store has an unknown kind '{}'", row.kind));
    }
    return {};
  }

  template <class T>
  Result<void> take_sealed(const store::Row& row, const Json& json, std::vector<T>& to) {
    T& taken = to.emplace_back(read<T>(row, json));
    Result<std::string> key = vault_.unseal(member_of(json, "PrivateKey"));
    if (!key) return fail(key.error().message);
    taken.key_pem = std::move(*key);
    return {};
  }

  // An earlier release kept no rules: they are as AWS makes them.
  void take_security_group(const store::Row& row, const Json& json) {
    auto& group = resources_.inventory.security_groups.emplace_back();
    group = read<shapes::SecurityGroup>(row, json);
    if (!json.contains("Egress")) group.egress = {everything_goes_out(group.identity)};
  }

  Result<void> take_trust_store(const store::Row& row, const Json& json) {
    shapes::TrustStore& taken = resources_.trust_stores.emplace_back();
    taken = read<shapes::TrustStore>(row, json);
    std::string pem = std::move(taken.ca_pem);
    const Result<void> set = control::set_bundle(taken, std::move(pem));
    if (set) return {};
    return fail(fmt::format("the store's trust store {}: {}", row.key, set.error().message));
  }

  Result<void> take_revocation(const store::Row& row, const Json& json) {
    auto& [owner, taken] = revocations_.emplace_back();
    owner = member_of(json, "TrustStore");
    std::optional<int64_t> id;
    JsonReader(json).number("Id", id);
    taken.id = id.value_or(0);
    std::string content;
    if (!append_from_base64url(member_of(json, "Content"), content))
      return fail(fmt::format("the store's revocation {} is damaged", row.key));
    const Result<void> set = control::set_content(taken, std::move(content));
    if (set) return {};
    return fail(fmt::format("the store's revocation {}: {}", row.key, set.error().message));
  }

  static std::string member_of(const Json& json, string_view member) {
    std::string text;
    JsonReader(json).text(member, text);
    return text;
  }

  Result<void> join() {
    std::map<std::string, shapes::LoadBalancer*> balancers;
    for (auto& balancer : resources_.load_balancers) balancers[balancer.identity.id] = &balancer;
    std::map<std::string, std::pair<std::string, size_t>> places;  // listener → its balancer, index
    for (auto& [owner, listener] : listeners_) {
      const auto found = balancers.find(owner);
      if (found == balancers.end()) return orphan(listener_kind, listener.identity.id);
      auto& siblings = found->second->listeners;
      places[listener.identity.id] = {owner, siblings.size()};
      siblings.push_back(std::move(listener));
    }
    for (auto& [owner, rule] : rules_) {
      const auto found = places.find(owner);
      if (found == places.end()) return orphan(rule_kind, rule.identity.id);
      const auto& [balancer, index] = found->second;
      balancers[balancer]->listeners[index].rules.push_back(std::move(rule));
    }
    return join_revocations();
  }

  Result<void> join_revocations() {
    for (auto& [owner, revocation] : revocations_) {
      const auto found = std::ranges::find_if(
          resources_.trust_stores,
          [&key = owner](const auto& store) { return store.identity.id == key; });
      if (found == resources_.trust_stores.end()) return orphan(revocation_kind, owner);
      found->revocations.push_back(std::move(revocation));
    }
    for (auto& store : resources_.trust_stores) {
      std::ranges::sort(store.revocations, {}, &shapes::Revocation::id);
      if (const Result<void> good = control::check_lists(store); !good) {
        return fail(
            fmt::format("the store's trust store {}: {}", store.identity.id, good.error().message));
      }
    }
    return {};
  }

  static Result<void> orphan(string_view kind, const std::string& id) {
    return fail(fmt::format("the store's {} {} belongs to something that is not there", kind, id));
  }

  const KeyVault& vault_;
  shapes::Resources resources_;
  std::vector<std::pair<std::string, shapes::Listener>> listeners_;
  std::vector<std::pair<std::string, shapes::Rule>> rules_;
  std::vector<std::pair<std::string, shapes::Revocation>> revocations_;
};

}  // namespace

std::vector<store::Change> changes_between(const shapes::Resources& before,
                                           const shapes::Resources& after, const KeyVault& vault) {
  const Flat was(before);
  const Flat is(after);
  std::vector<store::Change> changes;
  compare(balancer_kind, was.balancers, is.balancers, vault, changes);
  compare(listener_kind, was.listeners, is.listeners, vault, changes);
  compare(rule_kind, was.rules, is.rules, vault, changes);
  compare(group_kind, was.groups, is.groups, vault, changes);
  compare(certificate_kind, was.certificates, is.certificates, vault, changes);
  compare(authority_kind, was.authorities, is.authorities, vault, changes);
  compare(trust_store_kind, was.trust_stores, is.trust_stores, vault, changes);
  compare(revocation_kind, was.revocations, is.revocations, vault, changes);
  compare(vpc_kind, was.vpcs, is.vpcs, vault, changes);
  compare(subnet_kind, was.subnets, is.subnets, vault, changes);
  compare(security_group_kind, was.security_groups, is.security_groups, vault, changes);
  compare(instance_kind, was.instances, is.instances, vault, changes);
  compare(internet_gateway_kind, was.internet_gateways, is.internet_gateways, vault, changes);
  compare(route_table_kind, was.route_tables, is.route_tables, vault, changes);
  return changes;
}

Result<shapes::Resources> resources_of(std::span<const store::Row> rows, const KeyVault& vault) {
  return RowReader(vault).run(rows);
}

bool has_secrets(std::span<const store::Row> rows) {
  return std::ranges::any_of(rows, [](const store::Row& row) {
    return row.kind == certificate_kind || row.kind == authority_kind;
  });
}

}  // namespace daruma::api
