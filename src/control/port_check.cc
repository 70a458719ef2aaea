// SPDX-License-Identifier: Apache-2.0
#include "control/port_check.h"

#include <algorithm>
#include <iterator>

#include "io/tcp.h"

namespace daruma::control {
namespace {

namespace api = model::api;

void add_addresses(const api::Node& node, uint16_t port, std::vector<Address>& addresses) {
  if (node.addresses.empty()) {
    addresses.push_back(Address::v4({}, port));
    addresses.push_back(Address::v6({}, port));
  }
  for (const std::string& text : node.addresses) {
    if (const auto address = Address::parse(text, port)) addresses.push_back(*address);
  }
}

bool is_every_address(const Address& address) {
  return std::ranges::all_of(address.octets(), [](uint8_t octet) { return octet == 0; });
}

bool overlap(const Address& one, const Address& other) {
  if (one == other) return true;
  return one.family() == other.family() && one.port() == other.port() &&
         (is_every_address(one) || is_every_address(other));
}

}  // namespace

std::vector<Address> listening_addresses(const api::Resources& resources) {
  std::vector<Address> addresses;
  for (const api::LoadBalancer& load_balancer : resources.load_balancers) {
    for (const api::Listener& listener : load_balancer.listeners) {
      add_addresses(resources.node, static_cast<uint16_t>(listener.port.value_or(0)), addresses);
    }
  }
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

std::vector<Address> new_addresses(const std::vector<Address>& wanted,
                                   const std::vector<Address>& ours) {
  std::vector<Address> fresh;
  std::ranges::copy_if(wanted, std::back_inserter(fresh), [&](const Address& address) {
    return std::ranges::none_of(ours, [&](const Address& own) { return overlap(address, own); });
  });
  return fresh;
}

std::string listening_problem(const Address& address) {
  // A machine without IPv6 still has "every address".
  if (is_every_address(address) && !io::tcp::has_family(address.family())) return "";
  const auto probe = io::tcp::open_listening(address, {.share_port = false});
  return probe ? "" : probe.error().message;
}

}  // namespace daruma::control
