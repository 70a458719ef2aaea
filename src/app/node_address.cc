// SPDX-License-Identifier: Apache-2.0
#include "app/node_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>

namespace daruma::app {
namespace {

bool is_every(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

std::string address_of(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr || entry.ifa_addr->sa_family != AF_INET) return "";
  if ((entry.ifa_flags & IFF_LOOPBACK) != 0 || (entry.ifa_flags & IFF_UP) == 0) return "";
  std::array<char, INET_ADDRSTRLEN> text{};
  const auto* in = reinterpret_cast<const sockaddr_in*>(entry.ifa_addr);
  ::inet_ntop(AF_INET, &in->sin_addr, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string node_address(const model::api::Node& node) {
  if (!node.addresses.empty() && !is_every(node.addresses.front())) return node.addresses.front();
  ifaddrs* list = nullptr;
  std::string found;
  if (::getifaddrs(&list) != 0) return "127.0.0.1";
  for (const ifaddrs* entry = list; entry != nullptr && found.empty(); entry = entry->ifa_next)
    found = address_of(*entry);
  ::freeifaddrs(list);
  return found.empty() ? "127.0.0.1" : found;
}

}  // namespace daruma::app
