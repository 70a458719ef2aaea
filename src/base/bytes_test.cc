// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma {
namespace {

using namespace std::string_view_literals;

TEST(Bytes, lowers_ascii_letters_and_nothing_else) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool upper = c >= 'A' && c <= 'Z';
    EXPECT_EQ(ascii_lower(c), upper ? static_cast<char>(c - 'A' + 'a') : c) << i;
  }
  EXPECT_EQ(ascii_lowered("Content-LENGTH: \xc3\x84"), "content-length: \xc3\x84");
}

TEST(Bytes, compares_without_case) {
  EXPECT_TRUE(ascii_iequals("", ""));
  EXPECT_TRUE(ascii_iequals("Transfer-Encoding", "tRANSFER-eNCODING"));
  EXPECT_FALSE(ascii_iequals("chunked", "chunke"));
  EXPECT_FALSE(ascii_iequals("chunke", "chunked"));
  // Differ only in the bit that separates the cases of letters.
  EXPECT_FALSE(ascii_iequals("[", "{"));
  EXPECT_FALSE(ascii_iequals("@", "`"));
}

TEST(Bytes, parses_decimal_strictly) {
  struct Row {
    std::string_view text;
    std::optional<uint64_t> value;
  };
  const Row rows[] = {
      {"0", 0},
      {"007", 7},
      {"18446744073709551615", 18446744073709551615u},
      {"18446744073709551616", std::nullopt},
      {"99999999999999999999999", std::nullopt},
      {"", std::nullopt},
      {"+1", std::nullopt},
      {"-1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"1,1", std::nullopt},
      {"0x10", std::nullopt},
      {"1\0"sv, std::nullopt},
      {"1e3", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_decimal(row.text), row.value) << row.text;
}

TEST(Bytes, parses_hexadecimal_strictly) {
  struct Row {
    std::string_view text;
    std::optional<uint64_t> value;
  };
  const Row rows[] = {
      {"0", 0},
      {"fF", 255},
      {"ffffffffffffffff", 0xffffffffffffffff},
      {"10000000000000000", std::nullopt},
      {"", std::nullopt},
      {"0x1", std::nullopt},
      {"-1", std::nullopt},
      {"g", std::nullopt},
      {"1;", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_hex(row.text), row.value) << row.text;
}

TEST(Bytes, trims_spaces_and_tabs_only) {
  EXPECT_EQ(trim_ows(" \t a b \t"), "a b");
  EXPECT_EQ(trim_ows(" \t "), "");
  EXPECT_EQ(trim_ows(""), "");
  EXPECT_EQ(trim_ows("\r\na\v"), "\r\na\v");
}

TEST(Bytes, walks_list_elements_and_skips_empty_ones) {
  struct Row {
    std::string_view list;
    std::vector<std::string_view> elements;
  };
  const Row rows[] = {
      {"", {}},
      {" , ,\t", {}},
      {"close", {"close"}},
      {"a,b", {"a", "b"}},
      {" a ,, b c ,", {"a", "b c"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string_view> seen;
    for_each_list_element(row.list, [&](std::string_view element) { seen.push_back(element); });
    EXPECT_EQ(seen, row.elements) << row.list;
  }
}

}  // namespace
}  // namespace daruma
