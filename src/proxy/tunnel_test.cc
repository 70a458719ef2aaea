// SPDX-License-Identifier: Apache-2.0
#include "proxy/tunnel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "model/limits.h"
#include "proxy/fake_socket_for_test.h"

namespace daruma::proxy {
namespace {

class Tunnel : public testing::Test {
 protected:
  Tunnel() { relay_.begin(http::Framing::until_close, 0, http::Framing::until_close); }
  WayStatus carry_on() { return carry(relay_, {source_, input_, pending_, sink_}); }

  SlabPool pool_;
  Buffer input_{pool_};
  Buffer pending_{pool_};
  FakeSocket source_;
  FakeSocket sink_;
  BodyRelay relay_;
};

TEST_F(Tunnel, head_and_what_came_behind_it_leave_first) {
  pending_.append("HEAD");
  input_.append("early ");
  source_.says = "late";
  EXPECT_EQ(carry_on(), WayStatus::open);
  EXPECT_EQ(sink_.heard, "HEADearly late");
  EXPECT_EQ(relay_.bytes_written(), 14u);
  EXPECT_EQ(pool_.outstanding(), 0u);  // nothing is held for a silent connection
}

TEST_F(Tunnel, bytes_are_untouched_whatever_they_look_like) {
  std::string bytes = "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  source_.says = bytes;
  EXPECT_EQ(carry_on(), WayStatus::open);
  EXPECT_EQ(sink_.heard, bytes);
}

TEST_F(Tunnel, how_a_way_ends) {
  struct Case {
    io::IoStatus end;
    WayStatus status;
  };
  for (const Case c :
       {Case{io::IoStatus::blocked, WayStatus::open}, Case{io::IoStatus::end, WayStatus::ended},
        Case{io::IoStatus::failed, WayStatus::source_failed}}) {
    relay_.begin(http::Framing::until_close, 0, http::Framing::until_close);
    sink_.heard.clear();
    source_.says = "last words";
    source_.end = c.end;
    EXPECT_EQ(carry_on(), c.status);
    EXPECT_EQ(carry_on(), c.status) << "asked again";
    EXPECT_EQ(sink_.heard, "last words");
  }
}

// Before the last words are out, nothing is said of the end.
TEST_F(Tunnel, the_end_waits_for_a_slow_sink) {
  for (const io::IoStatus end : {io::IoStatus::end, io::IoStatus::failed}) {
    relay_.begin(http::Framing::until_close, 0, http::Framing::until_close);
    sink_.heard.clear();
    source_.says = "last words";
    source_.end = end;
    sink_.room = 4;
    EXPECT_EQ(carry_on(), WayStatus::open);
    EXPECT_EQ(sink_.heard, "last");
    sink_.room = SIZE_MAX;
    relay_.unblock();
    EXPECT_EQ(carry_on(), end == io::IoStatus::end ? WayStatus::ended : WayStatus::source_failed);
    EXPECT_EQ(sink_.heard, "last words");
  }
}

TEST_F(Tunnel, a_reset_after_the_end_is_noticed) {
  source_.end = io::IoStatus::end;
  EXPECT_EQ(carry_on(), WayStatus::ended);
  source_.end = io::IoStatus::failed;
  EXPECT_EQ(carry_on(), WayStatus::source_failed);
}

TEST_F(Tunnel, a_dead_sink_is_told) {
  sink_.dead = true;
  EXPECT_EQ(carry_on(), WayStatus::open);
  source_.says = "x";
  EXPECT_EQ(carry_on(), WayStatus::sink_failed);
  EXPECT_EQ(carry_on(), WayStatus::sink_failed);
}

TEST_F(Tunnel, a_slow_sink_pauses_the_source) {
  source_.says = std::string(10'000'000, 'x');
  sink_.room = 100'000;
  EXPECT_EQ(carry_on(), WayStatus::open);
  EXPECT_EQ(sink_.heard.size(), 100'000u);
  EXPECT_LE(10'000'000 - source_.says.size() - sink_.heard.size(), Buffer::size_max());
  const size_t unsaid = source_.says.size();
  EXPECT_EQ(carry_on(), WayStatus::open);
  EXPECT_EQ(source_.says.size(), unsaid);
}

TEST_F(Tunnel, nobody_keeps_the_loop_to_himself) {
  source_.says = std::string(10'000'000, 'x');
  EXPECT_EQ(carry_on(), WayStatus::turn_over);
  EXPECT_LE(sink_.heard.size(), model::limits::relay_turn_bytes_max + Buffer::size_max());
  for (int i = 0; i < 100; ++i) carry_on();
  EXPECT_EQ(sink_.heard.size(), 10'000'000u);
}

}  // namespace
}  // namespace daruma::proxy
