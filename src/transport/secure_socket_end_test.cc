// SPDX-License-Identifier: Apache-2.0
//
// How connections end.
#include "transport/secure_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "tls/peer_for_test.h"
#include "transport/connection_for_test.h"

namespace daruma::transport {
namespace {

using io::IoStatus;
using io::read_some;
using io::SocketError;
using tls::testing::random_bytes;

TEST(SecureSocket, ends_in_order_on_each_side_alone) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    c.client->write("last");
    c.client->finish_writing();
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    c.loop.settle();
    EXPECT_EQ(read_some(*c.server, 100).bytes, "last");
    EXPECT_TRUE(c.server->readable());
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
    c.server->write("answer");
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).bytes, "answer");
    c.server->finish_writing();
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::end);
    EXPECT_EQ(c.client->error(), SocketError::none);
    EXPECT_EQ(c.server->error(), SocketError::none);
  }
}

TEST(SecureSocket, tells_when_the_last_byte_has_left_after_finish_writing) {
  Connection c;
  c.loop.window = 5000;
  c.establish();
  const std::string bytes = random_bytes(40'000, 3);
  ASSERT_EQ(c.client->write(bytes).bytes, bytes.size());
  c.client->finish_writing();
  EXPECT_GT(c.client->pending_bytes(), 0u);
  c.at_client.then_writable = [&] {
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    c.client.reset();
  };
  std::string got;
  while (c.loop.turn() || (c.server->readable() && got.size() < bytes.size())) {
    got += read_some(*c.server, 1000).bytes;
  }
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(c.client, nullptr);
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::end);
}

TEST(SecureSocket, destroying_says_close_notify) {
  Connection c;
  c.establish();
  c.client->write("x");
  c.client.reset();
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 10).bytes, "x");
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::end);
}

TEST(SecureSocket, aborting_resets_without_a_word) {
  Connection c;
  c.establish();
  const int writes = c.loop.writes;
  c.client->abort_on_close();
  c.client.reset();
  EXPECT_EQ(c.loop.writes, writes);
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, 1);
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
  EXPECT_EQ(c.server->write("x").status, IoStatus::failed);
  EXPECT_TRUE(c.server->readable());
}

TEST(SecureSocket, a_missing_close_notify_is_told_after_the_data) {
  Connection c;
  c.establish();
  c.client->write("complete message");
  c.to_server->finished = true;  // as when the client's process was killed
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 100).bytes, "complete message");
  EXPECT_TRUE(c.server->readable());
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::tls_truncated);
  EXPECT_EQ(c.server->error_text(), "tls_truncated");
  // Its other direction may be alive.
  EXPECT_EQ(c.server->write("answer").status, IoStatus::done);
}

TEST(SecureSocket, a_reset_within_a_record_is_a_reset) {
  Connection c;
  c.establish();
  c.client->write("message");
  c.to_server->in_flight.resize(10);
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::blocked);
  EXPECT_FALSE(c.server->readable());
  c.to_server->reset = true;
  c.loop.settle();
  EXPECT_TRUE(c.server->readable());
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
  EXPECT_EQ(c.server->write("answer").status, IoStatus::failed);
}

TEST(SecureSocket, a_broken_record_is_told_to_both_ends) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    c.client->write("good");
    c.send_raw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
    EXPECT_EQ(read_some(*c.server, 100).bytes, "good");
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
    EXPECT_EQ(c.server->error(), SocketError::tls_record);
    EXPECT_NE(c.server->error_text(), "");
    EXPECT_EQ(c.server->write("x").status, IoStatus::failed);
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
    EXPECT_EQ(c.client->error(), SocketError::tls_record);
  }
}

// The target answered and went away while the request was still being written.
TEST(SecureSocket, what_came_before_a_failed_write_can_be_read) {
  Connection c;
  c.establish();
  c.server->write("413 too large");
  c.loop.settle();
  c.to_server->reset = true;
  EXPECT_EQ(c.client->write("body").status, IoStatus::failed);
  EXPECT_EQ(c.client->error(), SocketError::reset);
  EXPECT_TRUE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 100).bytes, "413 too large");
  EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
}

TEST(SecureSocket, the_handler_hears_of_a_write_that_fails_later) {
  Connection c;
  c.loop.window = 1000;
  c.establish();
  ASSERT_EQ(c.client->write(std::string(50'000, 'x')).bytes, 50'000u);
  const int heard = c.at_client.readable;
  c.to_server->reset = true;
  c.to_server->window = 1 << 20;
  c.loop.settle();
  EXPECT_EQ(c.at_client.readable, heard + 1);
  EXPECT_TRUE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
  EXPECT_EQ(c.client->pending_bytes(), 0u);
}

TEST(SecureSocket, input_after_close_notify_is_dropped) {
  Connection c;
  c.establish();
  c.client->write("last");
  c.client->finish_writing();
  c.send_raw(std::string(1000, 'x'));
  EXPECT_EQ(read_some(*c.server, 100).bytes, "last");
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
  const int heard = c.at_server.readable;
  c.send_raw(std::string(1000, 'x'));
  EXPECT_EQ(c.at_server.readable, heard);
  EXPECT_EQ(c.server->error(), SocketError::none);
  // But that the peer is gone altogether is news.
  c.to_server->reset = true;
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, heard + 1);
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
}

}  // namespace
}  // namespace daruma::transport
