// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

using namespace std::string_view_literals;

TEST(Address, default_is_the_unspecified_ipv4_address) {
  EXPECT_EQ(Address().to_string(), "0.0.0.0:0");
  EXPECT_EQ(Address(), Address::v4({0, 0, 0, 0}, 0));
}

TEST(Address, parses_what_has_a_port) {
  for (const std::string text : {"127.0.0.1:80", "[::1]:65535", "10.0.0.2:0"}) {
    const auto address = Address::parse_with_port(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "::1", "::1:80", "[::1]", "[::1:80", "[127.0.0.1]:80", "name:80"}) {
    EXPECT_FALSE(Address::parse_with_port(text)) << text;
  }
}

TEST(Address, parses_and_prints_literals) {
  struct Row {
    std::string_view literal;
    std::string_view ip;
    std::string_view printed;
  };
  const Row rows[] = {
      {"127.0.0.2", "127.0.0.2", "127.0.0.2:80"},
      {"255.255.255.255", "255.255.255.255", "255.255.255.255:80"},
      {"::1", "::1", "[::1]:80"},
      {"::", "::", "[::]:80"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "[2001:db8::1]:80"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"},
      {"1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888",
       "[1111:2222:3333:4444:5555:6666:7777:8888]:80"},
  };
  for (const Row& row : rows) {
    const auto address = Address::parse(row.literal, 80);
    ASSERT_TRUE(address) << row.literal;
    EXPECT_EQ(address->ip(), row.ip);
    EXPECT_EQ(address->to_string(), row.printed);
    EXPECT_EQ(address->port(), 80);
  }
}

TEST(Address, refuses_whatever_is_not_a_literal) {
  for (const auto text :
       {""sv, "localhost"sv, "127.0.0"sv, "127.0.0.256"sv, "127.0.0.1 "sv, " 127.0.0.1"sv,
        "127.0.0.1:80"sv, "[::1]"sv, "::1%lo"sv, ":::"sv, "1:2"sv, "0x7f.1"sv, "127.0.0.1\0"sv,
        "127.0.0.1\0x"sv, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"sv}) {
    EXPECT_FALSE(Address::parse(text, 80)) << text;
  }
}

TEST(Address, knows_family_and_octets) {
  const auto v4 = Address::v4({10, 1, 2, 3}, 1);
  EXPECT_EQ(v4.family(), Address::Family::v4);
  EXPECT_EQ(v4.octets(), (std::array<uint8_t, 16>{10, 1, 2, 3}));
  const auto v6 = Address::parse("102:304::f", 1);
  EXPECT_EQ(v6->family(), Address::Family::v6);
  EXPECT_EQ(v6->octets(),
            (std::array<uint8_t, 16>{1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15}));
}

TEST(Address, knows_loopback) {
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(Address::parse(text, 80)->is_loopback()) << text;
  }
  for (const auto* text : {"0.0.0.0", "128.0.0.1", "10.127.0.1", "::", "::2", "7f00::1"}) {
    EXPECT_FALSE(Address::parse(text, 80)->is_loopback()) << text;
  }
}

TEST(Address, is_compared_with_family_and_port) {
  const auto a = Address::v4({10, 0, 0, 1}, 80);
  EXPECT_EQ(a, *Address::parse("10.0.0.1", 80));
  EXPECT_NE(a, a.with_port(81));
  EXPECT_EQ(a, a.with_port(81).with_port(80));
  // The same 16 octets as 10.0.0.1 are kept in.
  EXPECT_NE(a, *Address::parse("a00:1::", 80));
}

TEST(CidrRange, contains_what_shares_its_prefix) {
  struct Row {
    std::string_view range;
    std::string_view address;
    bool contained;
  };
  const Row rows[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/9", "10.127.0.0", true},
      {"10.0.0.0/9", "10.128.0.0", false},
      {"10.1.2.3/8", "10.9.9.9", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "::1", true},
      {"::/0", "203.0.113.9", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.0/31", "192.0.2.1", true},
      {"192.0.2.0/31", "192.0.2.2", false},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/127", "2001:db8::1", true},
      {"2001:db8::/127", "2001:db8::2", false},
      {"::1/128", "::1", true},
      {"::1/128", "::2", false},
  };
  for (const Row& row : rows) {
    const auto range = CidrRange::parse(row.range);
    ASSERT_TRUE(range) << row.range;
    EXPECT_EQ(range->contains(*Address::parse(row.address, 443)), row.contained)
        << row.range << " " << row.address;
  }
}

TEST(CidrRange, refuses_what_is_no_range) {
  for (const auto text :
       {""sv, "/8"sv, "10.0.0.0/"sv, "10.0.0.0/33"sv, "10.0.0.0/-1"sv, "10.0.0.0/ 8"sv,
        "10.0.0.0/8/8"sv, "::/129"sv, "10.0.0/8"sv, "example.com/8"sv, "10.0.0.0/4294967304"sv}) {
    EXPECT_FALSE(CidrRange::parse(text)) << text;
  }
}

TEST(CidrRange, equal_ranges_compare_equal) {
  EXPECT_EQ(CidrRange::parse("10.1.2.3/8"), CidrRange::parse("10.0.0.0/8"));
  EXPECT_EQ(CidrRange::parse("10.0.0.1"), CidrRange::parse("10.0.0.1/32"));
  EXPECT_NE(CidrRange::parse("10.0.0.0/8"), CidrRange::parse("10.0.0.0/9"));
  EXPECT_NE(CidrRange::parse("::/0"), CidrRange::parse("0.0.0.0/0"));
}

TEST(CidrRange, around_an_address) {
  const Address address = *Address::parse("10.1.2.3", 80);
  EXPECT_EQ(CidrRange::around(address, 8), CidrRange::parse("10.0.0.0/8"));
  EXPECT_EQ(CidrRange::around(address, 32).to_string(), "10.1.2.3/32");
  EXPECT_EQ(CidrRange::around(*Address::parse("2001:db8::1", 0), 32).to_string(), "2001:db8::/32");
  EXPECT_EQ(CidrRange::around(address, 12).prefix_bits(), 12);
}

}  // namespace
}  // namespace daruma
