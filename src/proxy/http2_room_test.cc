// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_room.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

TEST(Http2Room, is_offered_to_who_wants_it_and_taken_once) {
  Http2Room room;
  EXPECT_FALSE(room.offer(true)) << "nobody waits";
  room.want();
  EXPECT_FALSE(room.offer(false));
  EXPECT_FALSE(room.take(true)) << "nobody was told";
  EXPECT_TRUE(room.offer(true));
  EXPECT_FALSE(room.offer(true)) << "told already";
  EXPECT_TRUE(room.take(true));
  EXPECT_FALSE(room.take(true));
  EXPECT_FALSE(room.offer(true)) << "nobody waits any more";
}

TEST(Http2Room, who_finds_it_taken_by_others_waits_on) {
  Http2Room room;
  room.want();
  EXPECT_TRUE(room.offer(true));
  EXPECT_FALSE(room.take(false));
  EXPECT_TRUE(room.offer(true));
  EXPECT_TRUE(room.take(true));
}

}  // namespace
}  // namespace daruma::proxy
