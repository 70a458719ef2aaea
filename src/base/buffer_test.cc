// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace daruma {
namespace {

TEST(SlabPool, gives_the_smallest_class_that_fits) {
  struct Row {
    size_t asked;
    size_t given;
  };
  const Row rows[] = {{0, 4096},      {1, 4096},      {4096, 4096},  {4097, 16384},
                      {16384, 16384}, {16385, 69632}, {69632, 69632}};
  SlabPool pool;
  for (const Row& row : rows) {
    const std::span<char> slab = pool.take(row.asked);
    EXPECT_EQ(slab.size(), row.given) << row.asked;
    std::fill(slab.begin(), slab.end(), 'x');
    pool.give(slab);
  }
}

TEST(SlabPool, counts_what_is_out) {
  SlabPool pool;
  const auto a = pool.take(1);
  const auto b = pool.take(5000);
  EXPECT_EQ(pool.outstanding(), 2u);
  pool.give(a);
  EXPECT_EQ(pool.outstanding(), 1u);
  pool.give(b);
  EXPECT_EQ(pool.outstanding(), 0u);
}

TEST(SlabPool, hands_out_again_what_came_back) {
  SlabPool pool;
  const auto slab = pool.take(100);
  char* const where = slab.data();
  pool.give(slab);
  const auto again = pool.take(200);
  EXPECT_EQ(again.data(), where);
  pool.give(again);
}

TEST(SlabPool, works_when_it_keeps_fewer_than_are_used) {
  SlabPool pool(1);
  const auto a = pool.take(1);
  const auto b = pool.take(1);
  const char* const kept = a.data();
  pool.give(a);
  pool.give(b);  // goes back to the system
  const auto c = pool.take(1);
  EXPECT_EQ(c.data(), kept);
  pool.give(c);
}

TEST(SlabPoolDeathTest, refuses_what_it_cannot_hold) {
  SlabPool pool;
  EXPECT_DEATH((void)pool.take(SlabPool::classes.back() + 1), "classes");
  EXPECT_DEATH(
      {
        SlabPool leaking;
        (void)leaking.take(1);
      },
      "outstanding.* == 0");
}

TEST(Buffer, holds_a_slab_only_while_it_holds_bytes) {
  SlabPool pool;
  Buffer buffer(pool);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
  EXPECT_EQ(pool.outstanding(), 0u);
  buffer.append("");
  EXPECT_EQ(pool.outstanding(), 0u);
  buffer.append("hello");
  EXPECT_EQ(pool.outstanding(), 1u);
  buffer.consume(2);
  EXPECT_EQ(buffer.view(), "llo");
  EXPECT_EQ(pool.outstanding(), 1u);
  buffer.consume(3);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pool.outstanding(), 0u);
}

TEST(Buffer, takes_what_was_written_into_prepared_room) {
  SlabPool pool;
  Buffer buffer(pool);
  const auto room = buffer.prepare(1);
  EXPECT_EQ(room.size(), 4096u);
  std::copy_n("abc", 3, room.begin());
  buffer.commit(3);
  EXPECT_EQ(buffer.view(), "abc");
  EXPECT_EQ(buffer.prepare(1).size(), 4093u);
}

TEST(Buffer, gives_back_room_that_was_not_used) {
  SlabPool pool;
  Buffer buffer(pool);
  (void)buffer.prepare(10);
  EXPECT_EQ(pool.outstanding(), 1u);
  buffer.release_if_empty();
  EXPECT_EQ(pool.outstanding(), 0u);
  buffer.append("x");
  buffer.release_if_empty();
  EXPECT_EQ(buffer.view(), "x");
}

TEST(Buffer, moves_its_bytes_to_the_front_before_it_grows) {
  SlabPool pool;
  Buffer buffer(pool);
  buffer.append(std::string(4000, 'a') + "tail");
  buffer.consume(4000);
  const auto room = buffer.prepare(1000);
  EXPECT_EQ(room.size(), 4096u - 4);
  EXPECT_EQ(buffer.view(), "tail");
}

TEST(Buffer, grows_up_to_the_largest_class) {
  SlabPool pool;
  Buffer buffer(pool);
  std::string expected;
  while (expected.size() < Buffer::size_max()) {
    const std::string piece(std::min<size_t>(1024, Buffer::size_max() - expected.size()),
                            static_cast<char>('a' + expected.size() / 1024 % 26));
    buffer.append(piece);
    expected += piece;
  }
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_EQ(pool.outstanding(), 1u);
}

TEST(Buffer, takes_over_another_without_copying) {
  SlabPool pool;
  Buffer from(pool);
  Buffer to(pool);
  from.append("xxpayload");
  from.consume(2);
  const std::string_view before = from.view();
  (void)to.prepare(1);  // an unused slab in the receiver must not leak
  to.take(from);
  EXPECT_EQ(to.view(), "payload");
  EXPECT_EQ(to.view().data(), before.data());
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(pool.outstanding(), 1u);
  from.append("new");
  EXPECT_EQ(from.view(), "new");
  EXPECT_EQ(to.view(), "payload");
}

TEST(Buffer, behaves_as_a_string_does) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    SlabPool pool(2);
    Buffer buffer(pool);
    std::string model;
    for (int step = 0; step < 500; ++step) {
      const size_t room = Buffer::size_max() - model.size();
      if (random.chance(1, 2)) {
        const std::string piece(random.below(std::min<size_t>(room, 20000) + 1),
                                static_cast<char>('a' + random.below(26)));
        buffer.append(piece);
        model += piece;
      } else if (random.chance(1, 2) && room > 0) {
        const auto prepared = buffer.prepare(1 + random.below(room));
        const size_t used = random.below(std::min<size_t>(prepared.size(), 9000) + 1);
        std::fill_n(prepared.begin(), used, '#');
        buffer.commit(used);
        model.append(used, '#');
      } else {
        const size_t bytes = random.below(model.size() + 1);
        buffer.consume(bytes);
        model.erase(0, bytes);
      }
      ASSERT_EQ(buffer.view(), model);
      ASSERT_LE(pool.outstanding(), 1u);
    }
  }
}

TEST(BufferDeathTest, refuses_more_than_there_is) {
  SlabPool pool;
  Buffer buffer(pool);
  buffer.append("abc");
  EXPECT_DEATH(buffer.consume(4), "size");
  EXPECT_DEATH((void)buffer.prepare(Buffer::size_max()), "size_max");
  EXPECT_DEATH(buffer.commit(4096), "slab_");
}

}  // namespace
}  // namespace daruma
