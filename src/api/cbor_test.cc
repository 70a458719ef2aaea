// SPDX-License-Identifier: Apache-2.0
#include "api/cbor.h"

#include <gtest/gtest.h>

namespace daruma::api::cloudwatch {
namespace {

using std::string_literals::operator""s;

TEST(Cbor, reads_what_it_writes) {
  const Json json{{"Namespace", "Shop"},
                  {"Values", {1.5, 2, -3, 0}},
                  {"Flag", true},
                  {"None", nullptr},
                  {"Deep", {{"Inner", Json::array()}}}};
  EXPECT_EQ(from_cbor(to_cbor(json)), json);
}

// RFC 8949 3.4.2.
TEST(Cbor, writes_times_with_their_tag) {
  const std::string bytes = to_cbor({{"T", json_of(WallTime(1'500'000us))}});
  EXPECT_EQ(bytes, "\xa1\x61T\xc1\xfb\x3f\xf8\0\0\0\0\0\0"s);
  EXPECT_EQ(from_cbor(bytes)->at("T"), 1.5);
}

TEST(Cbor, reads_indefinite_lengths) {
  // RFC 8949 appendix A: {_ "a": 1, "b": [_ 2, 3]}, with a text in two pieces for "a".
  const auto json = from_cbor("\xbf\x7f\x61\x61\x60\xff\x01\x61\x62\x9f\x02\x03\xff\xff"s);
  EXPECT_EQ(json, (Json{{"a", 1}, {"b", {2, 3}}}));
}

TEST(Cbor, refuses_what_is_not_one_whole_item) {
  for (const std::string& bytes :
       {""s, "\xa1\x61"s, "\x01\x01"s, "\xa1\x01\x02"s, "\xff"s, "\x41\x00"s, "\x1c"s,
        "\x9b\x00\x00\x00\x00\x7f\xff\xff\xff"s, "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x00"s}) {
    EXPECT_FALSE(from_cbor(bytes).has_value()) << testing::PrintToString(bytes);
  }
}

TEST(Cbor, refuses_what_is_nested_too_deeply) {
  EXPECT_TRUE(from_cbor(std::string(15, '\x81') + '\x01').has_value());
  EXPECT_FALSE(from_cbor(std::string(16, '\x81') + '\x01').has_value());
  EXPECT_FALSE(from_cbor(std::string(1'000'000, '\x81') + '\x01').has_value());
  EXPECT_FALSE(from_cbor(std::string(1'000'000, '\xc1') + '\x01').has_value());
}

}  // namespace
}  // namespace daruma::api::cloudwatch
