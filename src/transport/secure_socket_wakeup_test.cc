// SPDX-License-Identifier: Apache-2.0
//
// Nothing is lost whatever the network does.
#include "transport/secure_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "tls/peer_for_test.h"
#include "transport/connection_for_test.h"

namespace daruma::transport {
namespace {

using io::IoStatus;
using io::read_some;
using io::Recorder;
using tls::testing::random_bytes;

// Two ends that echo with random spans and pauses over a network that takes and gives a few bytes
// at a time, and obey the contract to the letter: they read when told to and while it says so.
class Echoer {
 public:
  Echoer(Random& random, std::unique_ptr<SecureSocket>& socket, Recorder& recorder)
      : random_(random), socket_(socket) {
    recorder.then_readable = [this] { may_read_ = true; };
    recorder.then_writable = [this] { may_write_ = true; };
    recorder.then_connected = [this] { may_write_ = true; };
  }
  // Works a little; true if it could.
  bool work(std::string& to_send) {
    const bool wrote = may_write_ && !to_send.empty() && write(to_send);
    const bool read = (may_read_ || socket_->readable()) && read_once();
    return wrote || read;
  }
  std::string received;

 private:
  bool write(std::string& to_send) {
    const size_t size = std::min<size_t>(to_send.size(), 1 + random_.below(40'000));
    const size_t cut = random_.below(size);
    const std::string_view pieces[] = {std::string_view(to_send).substr(0, cut),
                                       std::string_view(to_send).substr(cut, size - cut)};
    const io::IoResult result = socket_->write(pieces);
    EXPECT_NE(result.status, IoStatus::failed);
    to_send.erase(0, result.bytes);
    may_write_ = result.bytes == size;
    return true;
  }
  bool read_once() {
    const size_t size = 1 + random_.below(random_.chance(1, 2) ? 100 : 70'000);
    const io::Received got = read_some(*socket_, size);
    EXPECT_NE(got.status, IoStatus::failed);
    received += got.bytes;
    may_read_ = got.bytes.size() == size;
    EXPECT_TRUE(may_read_ || !socket_->readable());
    return true;
  }
  Random& random_;
  std::unique_ptr<SecureSocket>& socket_;
  bool may_read_ = false;
  bool may_write_ = false;
};

TEST(SecureSocket, loses_neither_bytes_nor_wake_ups_whatever_the_network_does) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Connection c(seed % 2 == 0 ? only_tls12 : only_tls13);
    c.loop.window = 1 + random.below(random.chance(1, 2) ? 3000 : 200'000);
    c.loop.bytes_per_turn = 1 + random.below(random.chance(1, 3) ? 500 : 100'000);
    Echoer client(random, c.client, c.at_client);
    Echoer server(random, c.server, c.at_server);
    c.connect();
    c.accept();
    const std::string question = random_bytes(random.below(150'000), seed);
    const std::string answer = random_bytes(random.below(150'000), seed + 1000);
    std::string from_client = question;
    std::string from_server = answer;
    for (bool busy = true; busy;) {
      busy = c.loop.turn();
      if (random.chance(1, 2)) busy |= client.work(from_client);
      if (random.chance(1, 2)) busy |= server.work(from_server);
      // Standing still for a moment is no end: both get their turn before.
      if (busy) continue;
      busy = client.work(from_client);
      busy |= server.work(from_server);
    }
    EXPECT_EQ(server.received, question);
    EXPECT_EQ(client.received, answer);
    EXPECT_EQ(c.loop.vain_reads, 0);
    EXPECT_EQ(c.client->pending_bytes() + c.server->pending_bytes(), 0u);
  }
}

}  // namespace
}  // namespace daruma::transport
