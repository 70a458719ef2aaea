// SPDX-License-Identifier: Apache-2.0
#include "routing/sticky_record.h"

#include <gtest/gtest.h>

namespace daruma::routing {
namespace {

TEST(StickyRecord, reads_back_what_it_wrote) {
  StickyRecord record;
  record.put({0xffff'ffff'ffff'ffff, 0x0123'4567'89ab'cdef, 0xffff'fffe}, 9);
  record.put({1, 0, 0}, 9);
  const std::string bytes = record.encode();
  EXPECT_EQ(bytes.size(), 1 + 2 * StickyRecord::entry_bytes);
  StickyRecord back;
  ASSERT_TRUE(back.decode(bytes));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(*back.begin(), *record.begin());
  EXPECT_EQ(*back.find(1), (StickyEntry{1, 0, 0}));
  EXPECT_EQ(back.find(2), nullptr);
  ASSERT_TRUE(back.decode(StickyRecord().encode()));
  EXPECT_TRUE(back.empty());
}

TEST(StickyRecord, reads_nothing_else) {
  StickyRecord record;
  record.put({1, 2, 3}, 9);
  const std::string good = record.encode();
  for (const std::string& bytes : {std::string(), good.substr(1), good.substr(0, good.size() - 1),
                                   good + "x", "\x02" + good.substr(1)}) {
    EXPECT_FALSE(record.decode(bytes));
    EXPECT_TRUE(record.empty());
  }
}

TEST(StickyRecord, keeps_one_entry_of_a_group_and_the_newest_of_too_many) {
  StickyRecord record;
  record.put({1, 10, 100}, 3);
  record.put({2, 20, 50}, 3);
  record.put({1, 11, 101}, 3);
  EXPECT_EQ(record.size(), 2u);
  EXPECT_EQ(record.find(1)->target, 11u);
  record.put({3, 30, 60}, 3);
  record.put({4, 40, 70}, 3);
  EXPECT_EQ(record.size(), 3u);
  EXPECT_EQ(record.find(2), nullptr);
  record.erase_older(70);
  EXPECT_EQ(record.find(3), nullptr);
  EXPECT_NE(record.find(4), nullptr);
  record.erase(4);
  EXPECT_EQ(record.size(), 1u);
}

}  // namespace
}  // namespace daruma::routing
