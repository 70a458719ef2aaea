// SPDX-License-Identifier: Apache-2.0
//
// Bytes through an established connection.
#include "transport/secure_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "tls/peer_for_test.h"
#include "transport/connection_for_test.h"

namespace daruma::transport {
namespace {

using io::IoStatus;
using io::read_some;
using tls::testing::random_bytes;

TEST(SecureSocket, stays_small) {
  EXPECT_LE(sizeof(SecureSocket), 176u);
}

TEST(SecureSocket, an_exchange_costs_one_read_and_one_write_on_each_side) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    const std::string head(200, 'h');
    const std::string body(1000, 'b');
    // The first read of the client meets the tickets; from then on nothing is in the way.
    for (int round = 0; round < 3; ++round) {
      const int reads = c.loop.reads;
      const int writes = c.loop.writes;
      const std::string_view request[] = {head, body};
      ASSERT_EQ(c.client->write(request).bytes, 1200u);
      // One record, in one call.
      EXPECT_EQ(c.client->pending_bytes(), 0u);
      c.loop.settle();
      EXPECT_EQ(read_some(*c.server, 16384).bytes, head + body);
      EXPECT_FALSE(c.server->readable());
      ASSERT_EQ(c.server->write(request).bytes, 1200u);
      c.loop.settle();
      EXPECT_EQ(read_some(*c.client, 16384).bytes, head + body);
      EXPECT_FALSE(c.client->readable());
      EXPECT_EQ(c.loop.reads - reads, 2);
      EXPECT_EQ(c.loop.writes - writes, 2);
    }
    EXPECT_EQ(c.loop.vain_reads, 0);
    EXPECT_EQ(c.loop.vain_writes, 0);
    EXPECT_EQ(c.pool.outstanding(), 0u);
  }
}

TEST(SecureSocket, pieces_share_a_record) {
  Connection c(only_tls13);
  c.establish();
  const std::string_view pieces[] = {"head", "", "body", "tail"};
  EXPECT_EQ(c.client->write(pieces).bytes, 12u);
  EXPECT_EQ(c.to_server->in_flight.size(), 12 + record_overhead);
  c.to_server->in_flight.clear();
  const std::string large(30'000, 'x');
  const std::string_view more[] = {"head", large, "tail"};
  EXPECT_EQ(c.client->write(more).bytes, 30'008u);
  EXPECT_EQ(c.to_server->in_flight.size(), 30'008 + 2 * record_overhead);
}

TEST(SecureSocket, readable_stays_true_while_anything_is_left_inside) {
  Connection c;
  c.establish_and_greet();
  const std::string bytes = random_bytes(40'000, 1);
  ASSERT_EQ(c.client->write(bytes).bytes, bytes.size());
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, 1);
  std::string got;
  // Nobody will announce the rest: it is asked for as long as readable() says so.
  while (c.server->readable()) got += read_some(*c.server, 777).bytes;
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(c.at_server.readable, 1);
  EXPECT_EQ(c.pool.outstanding(), 0u);
}

TEST(SecureSocket, a_large_read_takes_many_records_from_one_network_read) {
  Connection c;
  c.establish();
  for (int i = 0; i < 50; ++i) c.client->write(std::string(1000, static_cast<char>('a' + i % 26)));
  c.loop.settle();
  const int reads = c.loop.reads;
  EXPECT_EQ(read_some(*c.server, 60'000).bytes.size(), 50'000u);
  EXPECT_EQ(c.loop.reads - reads, 1);
}

TEST(SecureSocket, a_slow_network_bounds_what_is_kept) {
  for (const size_t window : {size_t{1000}, size_t{30'000}}) {
    Connection c;
    c.loop.window = window;
    c.establish_and_greet();
    const std::string bytes = random_bytes(300'000, 2);
    std::string_view left = bytes;
    const auto write = [&] {
      const io::IoResult result = c.client->write(left);
      left.remove_prefix(result.bytes);
      EXPECT_LE(c.client->pending_bytes(), SecureSocket::output_bytes_max);
      return result;
    };
    EXPECT_EQ(write().status, IoStatus::done);
    EXPECT_GT(c.client->pending_bytes(), 0u);
    EXPECT_LT(300'000 - left.size(), window + SecureSocket::output_bytes_max);
    EXPECT_EQ(write().status, IoStatus::blocked);
    c.at_client.then_writable = [&] { EXPECT_EQ(write().status, IoStatus::done); };
    std::string got;
    while (c.loop.turn() || c.server->readable()) got += read_some(*c.server, 5000).bytes;
    EXPECT_EQ(got, bytes);
    EXPECT_TRUE(left.empty());
    // A wake-up is worth at least a record.
    EXPECT_LE(c.at_client.writable, 300'000 / 16'384 + 1);
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    EXPECT_EQ(c.pool.outstanding(), 0u);
    EXPECT_EQ(c.loop.vain_writes, 0);
  }
}

// More than fits the output at once: the first part has left when the connection turns out to be
// gone. Whoever sends again what has not left must hear of it.
TEST(SecureSocket, owns_up_to_what_left_before_a_write_failed) {
  Connection c;
  c.establish_and_greet();
  const std::string bytes = random_bytes(100'000, 3);
  c.to_server->reset_after_write = true;
  const io::IoResult first = c.client->write(bytes);
  EXPECT_EQ(first.status, IoStatus::done);
  EXPECT_GT(first.bytes, 0u);
  EXPECT_LT(first.bytes, bytes.size());
  EXPECT_EQ(c.client->write(std::string_view(bytes).substr(first.bytes)).status, IoStatus::failed);

  Connection gone;
  gone.establish_and_greet();
  gone.to_server->reset = true;
  EXPECT_EQ(gone.client->write(bytes).status, IoStatus::failed);
}

}  // namespace
}  // namespace daruma::transport
