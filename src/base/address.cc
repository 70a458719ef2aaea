// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text_writer.h"

namespace daruma {
namespace {

constexpr uint8_t bits_of(Address::Family family) {
  return family == Address::Family::v4 ? 32 : 128;
}

// The first `bits` bits as they are, the rest zero.
std::array<uint8_t, 16> prefix_of(std::array<uint8_t, 16> octets, size_t bits) {
  for (size_t i = 0; i < octets.size(); ++i) {
    const size_t kept = std::min<size_t>(8, bits - std::min(bits, i * 8));
    octets[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return octets;
}

Address of_family(Address::Family family, const std::array<uint8_t, 16>& octets) {
  if (family == Address::Family::v6) return Address::v6(octets, 0);
  return Address::v4({octets[0], octets[1], octets[2], octets[3]}, 0);
}

}  // namespace

Address Address::v4(std::array<uint8_t, 4> octets, uint16_t port) {
  Address address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  address.port_ = port;
  return address;
}

Address Address::v6(std::array<uint8_t, 16> octets, uint16_t port) {
  Address address;
  address.octets_ = octets;
  address.port_ = port;
  address.family_ = Family::v6;
  return address;
}

std::optional<Address> Address::parse(std::string_view literal, uint16_t port) {
  // inet_pton would take what stands before a NUL for the whole.
  if (literal.find('\0') != std::string_view::npos) return std::nullopt;
  if (literal.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string text(literal);
  std::array<uint8_t, 16> octets{};
  if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) {
    return of_family(Family::v4, octets).with_port(port);
  }
  if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) return v6(octets, port);
  return std::nullopt;
}

std::optional<Address> Address::parse_with_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view ip = text.substr(0, colon);
  const bool bracketed = ip.size() > 1 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  const auto address = parse(ip, static_cast<uint16_t>(*port));
  // "::1:80" is an address without a port.
  if (!address || bracketed != (address->family() == Family::v6)) return std::nullopt;
  return address;
}

Address Address::with_port(uint16_t port) const {
  Address other = *this;
  other.port_ = port;
  return other;
}

bool Address::is_loopback() const {
  if (family_ == Family::v4) return octets_[0] == 127;
  constexpr std::array<uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return octets_ == one;
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN];
  if (family_ == Family::v4) {  // each access log line has one: inet_ntop would go through printf
    TextWriter writer(text);
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0) writer.put('.');
      writer.put(uint64_t{octets_[i]});
    }
    return {text, writer.size()};
  }
  inet_ntop(AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  const std::string port = std::to_string(port_);
  return family_ == Family::v4 ? ip() + ":" + port : "[" + ip() + "]:" + port;
}

std::optional<CidrRange> CidrRange::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash), 0);
  if (!address) return std::nullopt;
  uint64_t bits = bits_of(address->family());
  if (slash != std::string_view::npos) {
    const auto written = parse_decimal(text.substr(slash + 1));
    if (!written || *written > bits) return std::nullopt;
    bits = *written;
  }
  return around(*address, static_cast<uint8_t>(bits));
}

CidrRange CidrRange::around(const Address& address, uint8_t prefix_bits) {
  CidrRange range;
  range.base_ = of_family(address.family(), prefix_of(address.octets(), prefix_bits));
  range.prefix_bits_ = prefix_bits;
  return range;
}

std::string CidrRange::to_string() const {
  return base_.ip() + "/" + std::to_string(prefix_bits_);
}

bool CidrRange::contains(const Address& address) const {
  return address.family() == base_.family() &&
         prefix_of(address.octets(), prefix_bits_) == base_.octets();
}

}  // namespace daruma
