// SPDX-License-Identifier: Apache-2.0
#include "app/port_check.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace daruma::app {
namespace {

sockaddr_storage system_address(const Address& address, socklen_t& size) {
  sockaddr_storage storage{};
  if (address.family() == Address::Family::v4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port());
    std::memcpy(&v4.sin_addr, address.octets().data(), sizeof v4.sin_addr);
    size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port());
    std::memcpy(&v6.sin6_addr, address.octets().data(), sizeof v6.sin6_addr);
    size = sizeof v6;
  }
  return storage;
}

// 0, or why not.
int try_to_bind(const Address& address) {
  socklen_t size = 0;
  const sockaddr_storage storage = system_address(address, size);
  const int probe = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  const int on = 1;
  // As the workers' own sockets, but for SO_REUSEPORT.
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (storage.ss_family == AF_INET6) {
    ::setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  const int error =
      ::bind(probe, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
  ::close(probe);
  return error;
}

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

std::string binding_problem(const Address& address) {
  const int error = try_to_bind(address);
  // A machine without IPv6 still has "every address".
  if (error == 0 || (error == EAFNOSUPPORT && address.family() == Address::Family::v6)) return "";
  std::string text = address.to_string() + ": " + std::strerror(error);
  if (error == EADDRINUSE) text += "; another process listens there";
  if (error == EACCES) text += "; ports below 1024 take CAP_NET_BIND_SERVICE";
  return text;
}

}  // namespace daruma::app
