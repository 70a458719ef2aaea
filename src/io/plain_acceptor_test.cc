// SPDX-License-Identifier: Apache-2.0
#include "io/plain_acceptor.h"

#include <gtest/gtest.h>

#include "io/loopback_for_test.h"

namespace daruma::io {
namespace {

class Listening : public testing::Test {
 protected:
  Listening() : acceptor(listen_on_loopback(loop, keeper)) {}

  void connect_peers(size_t count) {
    for (size_t i = 0; i < count; ++i) peers.emplace_back(acceptor->local());
  }

  EpollLoop loop{1};
  Keeper keeper;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<RawPeer> peers;
};

TEST_F(Listening, tells_the_port_it_was_given) {
  EXPECT_EQ(acceptor->local().ip(), "127.0.0.1");
  EXPECT_NE(acceptor->local().port(), 0);
}

TEST_F(Listening, takes_a_bounded_number_of_connections_per_turn) {
  constexpr size_t max = PlainAcceptor::accepts_per_turn_max;
  connect_peers(2 * max + 10);
  loop.turn(1s);
  EXPECT_EQ(keeper.sockets.size(), max);
  loop.turn(1s);
  EXPECT_EQ(keeper.sockets.size(), 2 * max);
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == peers.size(); }));
}

TEST_F(Listening, leaves_connections_in_the_queue_while_paused) {
  acceptor->pause();
  acceptor->pause();
  connect_peers(3);
  settle(loop);
  EXPECT_EQ(keeper.sockets.size(), 0u);
  acceptor->resume();
  acceptor->resume();
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 3; }));
}

TEST_F(Listening, pausing_within_on_accept_stops_at_once) {
  keeper.then = [&] { acceptor->pause(); };
  connect_peers(5);
  loop.turn(1s);
  settle(loop);
  EXPECT_EQ(keeper.sockets.size(), 1u);
  keeper.then = nullptr;
  acceptor->resume();
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 5; }));
}

TEST_F(Listening, may_be_destroyed_within_on_accept) {
  keeper.then = [&] { acceptor.reset(); };
  connect_peers(5);
  loop.turn(1s);
  settle(loop);
  EXPECT_EQ(keeper.sockets.size(), 1u);
}

TEST_F(Listening, destroying_it_closes_the_port) {
  const Address where = acceptor->local();
  acceptor.reset();
  Recorder handler;
  const auto socket = loop.connect(where, handler);
  ASSERT_TRUE(turn_until(loop, [&] { return handler.calls() > 0; }));
  EXPECT_EQ(socket->error(), SocketError::refused);
}

TEST_F(Listening, socket_that_nobody_wants_is_closed) {
  struct Refuser final : AcceptHandler {
    void on_accept(std::unique_ptr<Socket>) override { ++count; }
    int count = 0;
  } refuser;
  const auto other = listen_on_loopback(loop, refuser);
  RawPeer peer(other->local());
  ASSERT_TRUE(turn_until(loop, [&] { return refuser.count == 1; }));
  EXPECT_EQ(peer.receive().bytes, "");
}

TEST_F(Listening, without_descriptors_it_pauses_says_so_and_goes_on_by_itself) {
  connect_peers(1);
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 1; }));
  connect_peers(2);
  {
    const DescriptorsExhausted exhausted;
    loop.turn(1s);
  }
  const Instant refused_at = loop.now();
  EXPECT_EQ(keeper.pauses, std::vector{SocketError::local_failure});
  EXPECT_EQ(keeper.sockets.size(), 1u);
  // It does not spin: with no other work the loop sleeps until it is time to try again.
  int turns = 0;
  for (; keeper.sockets.size() < 3 && loop.now() < refused_at + 10s; ++turns) loop.turn(10s);
  EXPECT_EQ(keeper.sockets.size(), 3u);
  EXPECT_GE(loop.now(), refused_at + PlainAcceptor::retry_after);
  EXPECT_LE(turns, 5);  // what the wheel needs to reach the deadline, and two events
  EXPECT_EQ(keeper.pauses.size(), 1u);
}

TEST_F(Listening, several_share_a_port_if_all_want_to) {
  Keeper a, b;
  const ListenOptions shared{.share_port = true};
  const auto first = listen_on_loopback(loop, a, shared);
  const auto second = loop.listen(first->local(), b, shared);
  ASSERT_TRUE(second) << second.error().message;
  for (int i = 0; i < 64; ++i) peers.emplace_back(first->local());
  ASSERT_TRUE(turn_until(loop, [&] { return a.sockets.size() + b.sockets.size() == 64; }));
  // Each of 64 goes to either by a hash of its port: that one gets none has a chance of 2^-63.
  EXPECT_GT(a.sockets.size(), 0u);
  EXPECT_GT(b.sockets.size(), 0u);
}

TEST_F(Listening, port_in_use_is_explained) {
  const auto second = loop.listen(acceptor->local(), keeper, {});
  ASSERT_FALSE(second);
  const std::string port = std::to_string(acceptor->local().port());
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + port +
                ": Address already in use; another process listens there: ss -ltnp 'sport = :" +
                port + "' names it");
}

TEST_F(Listening, foreign_address_is_explained) {
  // From the block reserved for documentation (RFC 5737).
  const auto acceptor_elsewhere = loop.listen(Address::v4({192, 0, 2, 1}, 0), keeper, {});
  ASSERT_FALSE(acceptor_elsewhere);
  EXPECT_EQ(acceptor_elsewhere.error().message,
            "cannot listen on 192.0.2.1:0: Cannot assign requested address; no interface of this "
            "machine has that address: ip address lists them");
}

}  // namespace
}  // namespace daruma::io
