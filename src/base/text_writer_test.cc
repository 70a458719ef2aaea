// SPDX-License-Identifier: Apache-2.0
#include "base/text_writer.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

TEST(TextWriter, writes_text_and_numbers_one_after_another) {
  char room[64];
  TextWriter writer(room);
  writer.put("a=");
  writer.put(uint64_t{18446744073709551615u});
  writer.put(' ');
  writer.put_padded(7, 3);
  writer.put(' ');
  writer.put_hex(0xbeef, 6);
  writer.put(std::string_view());
  EXPECT_EQ(std::string_view(room, writer.size()), "a=18446744073709551615 007 00beef");
}

TEST(TextWriterDeath, more_than_there_is_room_for) {
  EXPECT_DEATH(
      {
        char room[8];
        TextWriter writer(std::span(room, 2));
        writer.put("abc");
      },
      "at_ <= end_");
}

}  // namespace
}  // namespace daruma
