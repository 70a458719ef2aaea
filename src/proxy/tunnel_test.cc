// SPDX-License-Identifier: Apache-2.0
#include "proxy/tunnel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "model/limits.h"

namespace daruma::proxy {
namespace {

// Says what it is told to, and takes at most `room` bytes in all.
class FakeSocket final : public io::Socket {
 public:
  void set_handler(io::SocketHandler&) override {}
  bool readable() const override { return !says.empty() || end != io::IoStatus::blocked; }
  io::IoResult read(std::span<char> into) override {
    if (says.empty()) return {end};
    const size_t n = std::min(says.size(), into.size());
    std::copy_n(says.data(), n, into.data());
    says.erase(0, n);
    largest_read = std::max(largest_read, n);
    return {io::IoStatus::done, n};
  }
  io::IoResult write(std::span<const std::string_view> pieces) override {
    if (dead) return {io::IoStatus::failed};
    size_t taken = 0;
    for (const std::string_view piece : pieces) {
      const size_t part = std::min(piece.size(), room);
      heard += piece.substr(0, part);
      room -= part;
      taken += part;
    }
    if (taken == 0) return {io::IoStatus::blocked};
    return {io::IoStatus::done, taken};
  }
  void finish_writing() override {}
  void abort_on_close() override {}
  io::SocketError error() const override { return io::SocketError::none; }
  Address local() const override { return {}; }
  Address peer() const override { return {}; }

  std::string says;
  io::IoStatus end = io::IoStatus::blocked;  // what follows that
  std::string heard;
  size_t room = SIZE_MAX;
  size_t largest_read = 0;
  bool dead = false;
};

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
