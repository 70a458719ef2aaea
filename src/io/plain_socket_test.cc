// SPDX-License-Identifier: Apache-2.0
#include "io/plain_socket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "io/loopback_for_test.h"

namespace daruma::io {
namespace {

// One accepted socket (`socket`, handled by `handler`) whose other end is a RawPeer.
class AcceptedSocket : public testing::Test {
 protected:
  AcceptedSocket() : acceptor(listen_on_loopback(loop, keeper)), peer(acceptor->local()) {
    EXPECT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 1; }));
    socket = std::move(keeper.sockets[0]);
    socket->set_handler(handler);
    settle(loop);
    EXPECT_EQ(handler.calls(), 0);
  }

  bool await_readable() {
    const int before = handler.readable;
    return turn_until(loop, [&] { return handler.readable > before; });
  }

  // Writes until the kernel takes no more; returns how much it took.
  size_t fill() {
    const std::string piece(1 << 20, 'x');
    size_t written = 0;
    for (;;) {
      const IoResult result = socket->write(piece);
      if (result.status != IoStatus::done) return written;
      written += result.bytes;
    }
  }

  EpollLoop loop{1};
  Keeper keeper;
  std::unique_ptr<Acceptor> acceptor;
  RawPeer peer;
  Recorder handler;
  std::unique_ptr<Socket> socket;
};

TEST_F(AcceptedSocket, echoes) {
  handler.then_readable = [&] {
    const Received got = read_some(*socket, 100);
    ASSERT_EQ(got.status, IoStatus::done);
    const IoResult written = socket->write(got.bytes);
    EXPECT_EQ(written.status, IoStatus::done);
    EXPECT_EQ(written.bytes, got.bytes.size());
  };
  for (const std::string_view word : {"one", "two", "three"}) {
    peer.send(word);
    ASSERT_TRUE(await_readable());
    EXPECT_EQ(peer.receive().bytes, word);
  }
  EXPECT_EQ(handler.readable, 3);
  EXPECT_EQ(handler.writable, 0);
  EXPECT_EQ(handler.connected, 0);
}

TEST_F(AcceptedSocket, knows_both_addresses) {
  EXPECT_EQ(socket->peer(), loopback.with_port(peer.port()));
  EXPECT_EQ(socket->local(), acceptor->local());
  EXPECT_EQ(socket->local(), acceptor->local());
  EXPECT_EQ(socket->error(), SocketError::none);
  EXPECT_EQ(socket->pending_bytes(), 0u);
}

TEST_F(AcceptedSocket, short_read_means_nothing_is_left) {
  EXPECT_FALSE(socket->readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::blocked);
  peer.send("hello");
  ASSERT_TRUE(await_readable());
  EXPECT_TRUE(socket->readable());
  EXPECT_EQ(read_some(*socket, 10).bytes, "hello");
  EXPECT_FALSE(socket->readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::blocked);
  peer.send("again");
  // Not before the loop has said so.
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::blocked);
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 10).bytes, "again");
}

TEST_F(AcceptedSocket, short_read_before_urgent_data_does_not) {
  peer.send("GET");
  peer.send_urgent("!");
  peer.send(" / HTTP/1.1");
  std::string got;
  handler.then_readable = [&] {
    while (socket->readable()) got += read_some(*socket, 100).bytes;
  };
  // The urgent byte itself is no part of the stream.
  EXPECT_TRUE(turn_until(loop, [&] { return got == "GET / HTTP/1.1"; })) << got;
  EXPECT_FALSE(socket->readable());
}

TEST_F(AcceptedSocket, whoever_stops_reading_goes_on_later_without_a_call) {
  peer.send("abcdefghij");
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 4).bytes, "abcd");
  settle(loop);
  EXPECT_EQ(handler.readable, 1);
  EXPECT_TRUE(socket->readable());
  EXPECT_EQ(read_some(*socket, 4).bytes, "efgh");
  EXPECT_EQ(read_some(*socket, 4).bytes, "ij");
  EXPECT_FALSE(socket->readable());
}

TEST_F(AcceptedSocket, read_that_takes_exactly_all_finds_nothing_the_next_time) {
  peer.send("1234");
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 4).bytes, "1234");
  EXPECT_TRUE(socket->readable());
  EXPECT_EQ(read_some(*socket, 4).status, IoStatus::blocked);
  EXPECT_FALSE(socket->readable());
  peer.send("5");
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 4).bytes, "5");
}

TEST_F(AcceptedSocket, sees_data_and_then_the_end_that_came_with_it) {
  peer.send("last words");
  peer.finish();
  ASSERT_TRUE(await_readable());
  // The FIN may have been seen only in a later turn; then there is a second call.
  settle(loop);
  EXPECT_EQ(read_some(*socket, 100).bytes, "last words");
  EXPECT_TRUE(socket->readable());
  EXPECT_EQ(read_some(*socket, 100).status, IoStatus::end);
  EXPECT_EQ(read_some(*socket, 100).status, IoStatus::end);
  EXPECT_EQ(socket->error(), SocketError::none);
}

TEST_F(AcceptedSocket, sees_an_end_that_comes_after_the_data_was_read) {
  peer.send("data");
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 100).bytes, "data");
  EXPECT_FALSE(socket->readable());
  peer.close();
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 100).status, IoStatus::end);
}

TEST_F(AcceptedSocket, goes_on_writing_after_the_peer_finished) {
  peer.finish();
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::end);
  EXPECT_EQ(socket->write("answer").bytes, 6u);
  EXPECT_EQ(peer.receive().bytes, "answer");
  const int before = handler.readable;
  socket->finish_writing();
  settle(loop);
  EXPECT_EQ(handler.readable, before) << "its own FIN is no news about reading";
  EXPECT_EQ(peer.receive().bytes, "");
}

TEST_F(AcceptedSocket, goes_on_reading_after_it_finished_writing) {
  EXPECT_EQ(socket->write("question").bytes, 8u);
  socket->finish_writing();
  socket->finish_writing();
  EXPECT_EQ(peer.receive().bytes, "question");
  EXPECT_EQ(peer.receive().bytes, "");
  peer.send("answer");
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 100).bytes, "answer");
}

TEST_F(AcceptedSocket, reset_by_the_peer_fails_reading_and_writing) {
  peer.reset();
  ASSERT_TRUE(await_readable());
  EXPECT_TRUE(socket->readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->error(), SocketError::reset);
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->write("x").status, IoStatus::failed);
  const int before = handler.calls();
  settle(loop);
  EXPECT_EQ(handler.calls(), before);
}

TEST_F(AcceptedSocket, reset_is_seen_while_writing_is_blocked) {
  EXPECT_GT(fill(), 0u);
  // It must hear of the reset by either call, and whichever comes must show it.
  peer.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return handler.readable + handler.writable > 0; }));
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->write("x").status, IoStatus::failed);
  EXPECT_EQ(socket->error(), SocketError::reset);
}

TEST_F(AcceptedSocket, reset_after_the_end_is_still_heard_of) {
  peer.finish();
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::end);
  peer.reset();
  ASSERT_TRUE(await_readable());
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->error(), SocketError::reset);
}

TEST_F(AcceptedSocket, answer_sent_before_a_reset_can_be_read_after_the_write_failed) {
  socket->write("request body, never read");
  ASSERT_TRUE(peer.wait_readable());
  peer.send("413 early answer");
  peer.close();  // with bytes unread: the kernel sends a reset
  ASSERT_TRUE(turn_until(
      loop, [&] { return socket->write("more of the body").status == IoStatus::failed; }));
  EXPECT_EQ(socket->error(), SocketError::reset);
  EXPECT_EQ(read_some(*socket, 100).bytes, "413 early answer");
  // Not an end: nobody knows whether the answer was complete.
  EXPECT_EQ(read_some(*socket, 100).status, IoStatus::failed);
  EXPECT_EQ(read_some(*socket, 100).status, IoStatus::failed);
}

TEST_F(AcceptedSocket, closing_sends_an_orderly_end) {
  socket->write("all of it");
  socket.reset();
  EXPECT_EQ(peer.receive().bytes, "all of it");
  const auto last = peer.receive();
  EXPECT_EQ(last.bytes, "");
  EXPECT_EQ(last.error_number, 0);
}

TEST_F(AcceptedSocket, aborting_sends_a_reset) {
  socket->write("part of it");
  ASSERT_TRUE(peer.wait_readable());
  socket->abort_on_close();
  socket.reset();
  EXPECT_EQ(peer.receive().bytes, "part of it");
  EXPECT_EQ(peer.receive().error_number, ECONNRESET);
}

TEST_F(AcceptedSocket, gathers_pieces_in_order) {
  const std::string_view pieces[] = {"status line ", "", "fields ", "body"};
  const IoResult result = socket->write(pieces);
  EXPECT_EQ(result.status, IoStatus::done);
  EXPECT_EQ(result.bytes, 23u);
  EXPECT_EQ(peer.receive().bytes, "status line fields body");
  const std::string_view nothing[] = {"", ""};
  EXPECT_EQ(socket->write(nothing).status, IoStatus::done);
  EXPECT_EQ(socket->write("").bytes, 0u);
}

TEST_F(AcceptedSocket, slow_peer_blocks_writing_until_it_reads) {
  size_t written = fill();
  EXPECT_GT(written, 0u);
  EXPECT_EQ(socket->write("y").status, IoStatus::blocked);
  settle(loop);
  EXPECT_EQ(handler.writable, 0) << "nobody has read yet";
  size_t received = 0;
  while (received < written) {
    const auto got = peer.receive();
    ASSERT_NE(got.bytes, "");
    received += got.bytes.size();
    ASSERT_EQ(got.bytes.find_first_not_of('x'), std::string::npos);
  }
  ASSERT_TRUE(turn_until(loop, [&] { return handler.writable == 1; }));
  EXPECT_EQ(socket->write("y").bytes, 1u);
  EXPECT_EQ(peer.receive().bytes, "y");
  settle(loop);
  EXPECT_EQ(handler.writable, 1);
  EXPECT_EQ(handler.readable, 0);
}

TEST_F(AcceptedSocket, write_that_was_cut_short_is_enough_to_hear_when_it_can_go_on) {
  const std::string all(64 << 20, 'x');
  const IoResult result = socket->write(all);
  ASSERT_EQ(result.status, IoStatus::done);
  ASSERT_LT(result.bytes, all.size());
  for (size_t received = 0; received < result.bytes;) received += peer.receive().bytes.size();
  EXPECT_TRUE(turn_until(loop, [&] { return handler.writable == 1; }));
}

TEST_F(AcceptedSocket, whoever_read_that_it_is_dead_is_not_asked_to_write) {
  fill();
  handler.then_readable = [&] { EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed); };
  peer.reset();
  ASSERT_TRUE(await_readable());
  settle(loop);
  EXPECT_EQ(handler.writable, 0);
}

TEST_F(AcceptedSocket, large_transfer_arrives_whole_through_many_blocked_writes) {
  std::string all(8 << 20, '\0');
  std::iota(all.begin(), all.end(), 0);
  size_t sent = 0;
  const auto send_more = [&] {
    while (sent < all.size()) {
      const IoResult result = socket->write(std::string_view(all).substr(sent, 300000));
      if (result.status != IoStatus::done) break;
      sent += result.bytes;
    }
  };
  handler.then_writable = send_more;
  send_more();
  std::string received;
  while (received.size() < all.size()) {
    received += peer.receive().bytes;
    loop.turn(0ms);
  }
  EXPECT_EQ(sent, all.size());
  EXPECT_TRUE(received == all);
  EXPECT_GT(handler.writable, 0);
}

TEST_F(AcceptedSocket, may_be_destroyed_in_on_readable) {
  handler.then_readable = [&] { socket.reset(); };
  fill();  // so that an on_writable is owed too
  peer.reset();
  ASSERT_TRUE(await_readable());
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
}

TEST_F(AcceptedSocket, may_be_destroyed_in_on_writable) {
  handler.then_writable = [&] { socket.reset(); };
  fill();
  std::string received;
  do {
    received = peer.receive().bytes;
    loop.turn(0ms);
  } while (socket != nullptr && !received.empty());
  EXPECT_EQ(handler.writable, 1);
}

TEST_F(AcceptedSocket, is_small) {
  EXPECT_LE(sizeof(PlainSocket), 96u);
}

// Outgoing connections, to an acceptor of the same loop or to a port without one.
class Connecting : public testing::Test {
 protected:
  Connecting() : acceptor(listen_on_loopback(loop, keeper)) {}

  Address port_nobody_listens_on() {
    Keeper unused;
    return listen_on_loopback(loop, unused)->local();
  }

  EpollLoop loop{1};
  Keeper keeper;
  std::unique_ptr<Acceptor> acceptor;
  Recorder handler;
};

TEST_F(Connecting, is_reported_later_and_once) {
  const auto socket = loop.connect(acceptor->local(), handler);
  EXPECT_EQ(handler.calls(), 0);
  EXPECT_EQ(socket->peer(), acceptor->local());
  ASSERT_TRUE(turn_until(loop, [&] { return handler.connected == 1; }));
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
  ASSERT_EQ(keeper.sockets.size(), 1u);
  EXPECT_EQ(keeper.sockets[0]->peer(), socket->local());
}

TEST_F(Connecting, talks_to_what_was_accepted) {
  std::string heard;
  keeper.handler.then_readable = [&] {
    const Received got = read_some(*keeper.sockets[0], 100);
    keeper.sockets[0]->write("echo " + got.bytes);
  };
  const auto socket = loop.connect(acceptor->local(), handler);
  handler.then_connected = [&] { EXPECT_EQ(socket->write("hello").bytes, 5u); };
  handler.then_readable = [&] { heard = read_some(*socket, 100).bytes; };
  ASSERT_TRUE(turn_until(loop, [&] { return !heard.empty(); }));
  EXPECT_EQ(heard, "echo hello");
}

TEST_F(Connecting, writing_waits_for_the_connection) {
  const auto socket = loop.connect(acceptor->local(), handler);
  EXPECT_EQ(socket->write("too early").status, IoStatus::blocked);
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::blocked);
  handler.then_writable = [&] {
    EXPECT_EQ(handler.connected, 1);
    EXPECT_EQ(socket->write("now").bytes, 3u);
  };
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.handler.readable == 1; }));
  EXPECT_EQ(handler.writable, 1);
  EXPECT_EQ(read_some(*keeper.sockets[0], 10).bytes, "now");
}

TEST_F(Connecting, hears_a_peer_that_speaks_first) {
  keeper.then = [&] { keeper.sockets.back()->write("220 ready"); };
  const auto socket = loop.connect(acceptor->local(), handler);
  handler.then_readable = [&] { EXPECT_EQ(handler.connected, 1); };
  ASSERT_TRUE(turn_until(loop, [&] { return handler.readable == 1; }));
  EXPECT_EQ(read_some(*socket, 100).bytes, "220 ready");
}

TEST_F(Connecting, refusal_is_reported_once_and_later) {
  const auto socket = loop.connect(port_nobody_listens_on(), handler);
  EXPECT_EQ(handler.calls(), 0);
  ASSERT_TRUE(turn_until(loop, [&] { return handler.calls() > 0; }));
  EXPECT_EQ(handler.connect_failed, 1);
  EXPECT_EQ(socket->error(), SocketError::refused);
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->write("x").status, IoStatus::failed);
}

// TCP to everybody is refused by the kernel before it sends anything.
const Address nowhere = Address::v4({255, 255, 255, 255}, 80);

TEST_F(Connecting, failure_at_once_is_reported_later_too) {
  const auto socket = loop.connect(nowhere, handler);
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(handler.calls(), 0);
  EXPECT_EQ(socket->error(), SocketError::unreachable);
  EXPECT_EQ(socket->peer(), nowhere);
  loop.turn();  // would sleep for ever if nothing was to come
  EXPECT_EQ(handler.connect_failed, 1);
  EXPECT_EQ(read_some(*socket, 10).status, IoStatus::failed);
  EXPECT_EQ(socket->write("x").status, IoStatus::failed);
  socket->finish_writing();
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
}

TEST_F(Connecting, failure_at_once_reaches_the_handler_set_last) {
  auto socket = loop.connect(nowhere, handler);
  Recorder other;
  socket->set_handler(other);
  other.then_connect_failed = [&] { socket.reset(); };
  loop.turn(0ms);
  EXPECT_EQ(handler.calls(), 0);
  EXPECT_EQ(other.connect_failed, 1);
}

TEST_F(Connecting, lack_of_descriptors_is_a_failure_of_its_own) {
  loop.connect(nowhere, handler).reset();  // what a sanitizer looks up once needs descriptors
  const Address to = acceptor->local();
  std::unique_ptr<Socket> socket;
  {
    const DescriptorsExhausted exhausted;
    socket = loop.connect(to, handler);
  }
  loop.turn(0ms);
  EXPECT_EQ(handler.connect_failed, 1);
  EXPECT_EQ(socket->error(), SocketError::local_failure);
}

TEST_F(Connecting, nothing_is_heard_of_an_attempt_that_was_given_up) {
  loop.connect(acceptor->local(), handler).reset();
  loop.connect(port_nobody_listens_on(), handler).reset();
  loop.connect(nowhere, handler).reset();
  settle(loop);
  EXPECT_EQ(handler.calls(), 0);
}

TEST_F(Connecting, socket_may_be_destroyed_in_on_connected) {
  auto socket = loop.connect(acceptor->local(), handler);
  socket->write("x");  // so that an on_writable is owed too
  handler.then_connected = [&] { socket.reset(); };
  ASSERT_TRUE(turn_until(loop, [&] { return handler.connected == 1; }));
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
}

TEST_F(Connecting, socket_may_be_destroyed_in_on_connect_failed) {
  auto socket = loop.connect(port_nobody_listens_on(), handler);
  handler.then_connect_failed = [&] { socket.reset(); };
  ASSERT_TRUE(turn_until(loop, [&] { return handler.connect_failed == 1; }));
  settle(loop);
  EXPECT_EQ(handler.calls(), 1);
}

TEST_F(Connecting, ipv6_works_where_the_machine_has_it) {
  auto v6 = loop.listen(*Address::parse("::1", 0), keeper, {});
  if (!v6) GTEST_SKIP() << v6.error().message;
  const auto socket = loop.connect((*v6)->local(), handler);
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 1; }));
  EXPECT_EQ(keeper.sockets[0]->peer(), socket->local());
  EXPECT_EQ(socket->local().ip(), "::1");
}

TEST_F(Connecting, ipv4_client_of_an_ipv6_listener_is_told_as_ipv4) {
  auto both = loop.listen(*Address::parse("::", 0), keeper, {.v6_only = false});
  if (!both) GTEST_SKIP() << both.error().message;
  const auto socket = loop.connect(loopback.with_port((*both)->local().port()), handler);
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == 1; }));
  EXPECT_EQ(keeper.sockets[0]->peer(), socket->local());
  EXPECT_EQ(keeper.sockets[0]->local(), socket->peer());
}

// Several sockets with news in the same batch of events.
class SameBatch : public Connecting {
 protected:
  static constexpr size_t count = 20;

  SameBatch() {
    for (size_t i = 0; i < count; ++i) peers.emplace_back(acceptor->local());
    EXPECT_TRUE(turn_until(loop, [&] { return keeper.sockets.size() == count; }));
    settle(loop);
  }
  void all_speak() {
    for (RawPeer& peer : peers) peer.send("x");
  }

  std::vector<RawPeer> peers;
};

TEST_F(SameBatch, handler_may_destroy_every_socket) {
  keeper.handler.then_readable = [&] { keeper.sockets.clear(); };
  all_speak();
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.empty(); }));
  settle(loop);
  EXPECT_EQ(keeper.handler.calls(), 1);
}

TEST_F(SameBatch, events_of_the_destroyed_do_not_reach_who_comes_in_their_place) {
  // New sockets are likely to get the memory, and certain to get the descriptors, of the old ones.
  std::vector<std::unique_ptr<Socket>> connecting;
  keeper.handler.then_readable = [&] {
    keeper.sockets.clear();
    for (size_t i = 0; i < count; ++i) {
      connecting.push_back(loop.connect(acceptor->local(), handler));
    }
  };
  all_speak();
  ASSERT_TRUE(turn_until(loop, [&] { return !connecting.empty(); }));
  EXPECT_EQ(handler.calls(), 0);
  ASSERT_TRUE(turn_until(loop, [&] { return handler.connected == static_cast<int>(count); }));
  EXPECT_EQ(handler.readable, 0);
  EXPECT_EQ(keeper.handler.readable, 1);
}

TEST_F(SameBatch, task_after_an_event_runs_before_the_next_event) {
  struct Count final : Task {
    void run() override { ++runs; }
    int runs = 0;
  } task;
  keeper.handler.then_readable = [&] {
    EXPECT_EQ(task.runs, keeper.handler.readable - 1);
    loop.call_after_event(task);
  };
  all_speak();
  ASSERT_TRUE(turn_until(loop, [&] { return task.runs == static_cast<int>(count); }));
}

TEST_F(SameBatch, task_may_destroy_sockets_whose_events_are_still_to_come) {
  struct Clear final : Task {
    explicit Clear(Keeper& keeper) : keeper_(keeper) {}
    void run() override { keeper_.sockets.clear(); }
    Keeper& keeper_;
  } task(keeper);
  keeper.handler.then_readable = [&] { loop.call_after_event(task); };
  all_speak();
  ASSERT_TRUE(turn_until(loop, [&] { return keeper.sockets.empty(); }));
  settle(loop);
  EXPECT_EQ(keeper.handler.calls(), 1);
}

}  // namespace
}  // namespace daruma::io
