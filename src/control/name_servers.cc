// SPDX-License-Identifier: Apache-2.0
#include "control/name_servers.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "model/limits.h"

namespace daruma::control {
namespace {

constexpr uint16_t dns_port = 53;

std::optional<Address> parse(const std::string& text) {
  const auto address = Address::parse(text, dns_port);
  return address ? address : Address::parse_with_port(text);
}

}  // namespace

void validate_resolvers(const std::vector<std::string>& resolvers, const Path& node,
                        Issues& issues) {
  if (resolvers.size() > model::limits::name_servers_max) {
    issues.error(node.at("Resolvers"),
                 fmt::format("Resolvers has {} name servers, the limit is {}", resolvers.size(),
                             model::limits::name_servers_max));
  }
  std::set<Address> seen;
  for (size_t i = 0; i < resolvers.size(); ++i) {
    const Path where = node.at("Resolvers", i);
    const auto address = parse(resolvers[i]);
    if (!address || address->port() == 0) {
      issues.error(where, fmt::format("'{}' is not a name server's IP address, alone or with a "
                                      "port: 10.0.0.2, 10.0.0.2:5353, [2001:db8::2]:5353",
                                      resolvers[i]));
    } else if (!seen.insert(*address).second) {
      issues.error(where, fmt::format("name server {} is given twice", address->to_string()));
    }
  }
}

std::vector<Address> name_servers(const std::vector<std::string>& resolvers) {
  std::vector<Address> servers;
  for (const std::string& text : resolvers) {
    if (const auto address = parse(text)) servers.push_back(*address);
  }
  return servers;
}

}  // namespace daruma::control
