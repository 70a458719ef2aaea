// SPDX-License-Identifier: Apache-2.0
//
// IP address and port as one small value, IPv4 and IPv6; CIDR ranges. No sockets, no name look-ups.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daruma {

class Address {
 public:
  enum class Family : uint8_t { v4, v6 };

  Address() = default;  // 0.0.0.0:0
  static Address v4(std::array<uint8_t, 4> octets, uint16_t port);
  static Address v6(std::array<uint8_t, 16> octets, uint16_t port);
  // A literal without brackets: "127.0.0.2", "::1". Nullopt for names and anything else.
  static std::optional<Address> parse(std::string_view literal, uint16_t port);

  // "127.0.0.1:80", "[::1]:80".
  static std::optional<Address> parse_with_port(std::string_view text);

  Family family() const { return family_; }
  uint16_t port() const { return port_; }
  // 16 octets; an IPv4 address stands in the first four.
  const std::array<uint8_t, 16>& octets() const { return octets_; }
  Address with_port(uint16_t port) const;
  bool is_loopback() const;  // 127.0.0.0/8, ::1: only this host reaches it

  std::string ip() const;         // "127.0.0.2", "::1"
  std::string to_string() const;  // "127.0.0.2:80", "[::1]:80"

  auto operator<=>(const Address&) const = default;

 private:
  std::array<uint8_t, 16> octets_{};
  uint16_t port_ = 0;
  Family family_ = Family::v4;
};

// "10.0.0.0/8", "2001:db8::/32"; a bare address is a range of one. Bits behind the prefix are
// dropped: 10.1.2.3/8 equals 10.0.0.0/8.
class CidrRange {
 public:
  static std::optional<CidrRange> parse(std::string_view text);
  // REQUIRES: as many bits as the family has, at most.
  static CidrRange around(const Address& address, uint8_t prefix_bits);
  // The port plays no part. An IPv4 range never contains an IPv6 address.
  bool contains(const Address& address) const;
  const Address& base() const { return base_; }
  uint8_t prefix_bits() const { return prefix_bits_; }
  std::string to_string() const;  // "10.0.0.0/8"
  auto operator<=>(const CidrRange&) const = default;

 private:
  Address base_;
  uint8_t prefix_bits_ = 0;
};

}  // namespace daruma
