// SPDX-License-Identifier: Apache-2.0
#include "app/port_check.h"

#include <algorithm>

#include "io/tcp.h"

namespace daruma::app {
namespace {

void add_addresses(const model::Node& node, uint16_t port, std::vector<Address>& addresses) {
  if (node.addresses.empty()) {
    addresses.push_back(Address::v4({}, port));
    addresses.push_back(Address::v6({}, port));
  }
  for (const std::string& text : node.addresses) {
    if (const auto address = Address::parse(text, port)) addresses.push_back(*address);
  }
}

}  // namespace

std::vector<Address> listening_addresses(const model::Snapshot& snapshot) {
  std::vector<Address> addresses;
  for (const model::LoadBalancer& load_balancer : snapshot.load_balancers) {
    for (const model::Listener& listener : load_balancer.listeners) {
      add_addresses(snapshot.node, listener.port, addresses);
    }
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

std::string listening_problem(const Address& address) {
  // A machine without IPv6 still has "every address".
  if (address.family() == Address::Family::v6 &&
      !io::tcp::open_stream(address.family()).is_open()) {
    return "";
  }
  const auto probe = io::tcp::open_listening(address, {.share_port = false});
  return probe ? "" : probe.error().message;
}

}  // namespace daruma::app
