// SPDX-License-Identifier: Apache-2.0
#include "transport/piece_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daruma::transport {
namespace {

TEST(PieceReader, cuts_pieces_into_as_few_records_as_possible) {
  const struct {
    std::vector<std::string_view> pieces;
    std::vector<std::string_view> records;
  } rows[] = {
      {{}, {}},
      {{""}, {}},
      {{"abc"}, {"abc"}},
      {{"ab", "c"}, {"abc"}},
      {{"", "ab", "", "c", ""}, {"abc"}},
      {{"abcdefgh"}, {"abcdefgh"}},
      {{"abcdefghi"}, {"abcdefgh", "i"}},
      {{"abcdef", "ghijk"}, {"abcdefgh", "ijk"}},
      {{"abcdefghij", "klm"}, {"abcdefgh", "ijklm"}},
      {{"a", "b", "c", "d", "e", "f", "g", "h", "i"}, {"abcdefgh", "i"}},
  };
  for (const auto& row : rows) {
    std::string gather(8, '\0');
    PieceReader reader(row.pieces, gather);
    std::vector<std::string> records;
    while (reader.left() > 0) {
      records.emplace_back(reader.record());
      EXPECT_EQ(records.back().size(), reader.record_size());
      reader.advance(records.back().size());
    }
    EXPECT_EQ(records, std::vector<std::string>(row.records.begin(), row.records.end()));
  }
}

TEST(PieceReader, may_advance_by_less_than_a_record) {
  const std::vector<std::string_view> pieces = {"abc", "def"};
  std::string gather(4, '\0');
  PieceReader reader(pieces, gather);
  EXPECT_EQ(reader.record(), "abcd");
  reader.advance(1);
  EXPECT_EQ(reader.record(), "bcde");
  reader.advance(2);
  EXPECT_EQ(reader.record(), "def");
  EXPECT_EQ(reader.left(), 3u);
}

TEST(PieceReader, copies_nothing_that_lies_within_one_piece) {
  const std::string_view piece = "abcdefgh";
  std::string gather(4, '\0');
  PieceReader reader(std::span(&piece, 1), gather);
  EXPECT_EQ(reader.record().data(), piece.data());
}

}  // namespace
}  // namespace daruma::transport
