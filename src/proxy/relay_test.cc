// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/random.h"
#include "proxy/fake_socket_for_test.h"

namespace daruma::proxy {
namespace {

class Relay : public testing::Test {
 protected:
  SlabPool pool_;
  Buffer input_{pool_};
  Buffer pending_{pool_};
  FakeSocket sink_;
  BodyRelay relay_;
};

TEST_F(Relay, writes_head_and_body_in_one_call) {
  relay_.begin(http::Framing::length, 5, http::Framing::length);
  pending_.append("HEAD|");
  input_.append("hello");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "HEAD|hello");
  EXPECT_EQ(sink_.writes, 1);
  EXPECT_EQ(relay_.bytes_written(), 10u);
  EXPECT_EQ(relay_.bytes_read(), 5u);
}

// Another connection to the target gets what the first one took nothing of.
TEST_F(Relay, goes_on_as_it_is_where_a_sink_took_nothing) {
  relay_.begin(http::Framing::length, 5, http::Framing::length);
  pending_.append("HEAD|");
  input_.append("helloGET /");
  sink_.dead = true;
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::sink_failed);
  EXPECT_EQ(relay_.bytes_written(), 0u);
  FakeSocket other;
  EXPECT_EQ(relay_.pump(input_, pending_, other), RelayStatus::finished);
  EXPECT_EQ(other.heard, "HEAD|hello");
  EXPECT_EQ(input_.view(), "GET /");
}

TEST_F(Relay, without_a_body_writes_the_head_alone) {
  relay_.begin(http::Framing::none, 0, http::Framing::none);
  pending_.append("HEAD");
  input_.append("next request");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "HEAD");
  EXPECT_EQ(input_.view(), "next request");
}

TEST_F(Relay, leaves_what_follows_the_body) {
  relay_.begin(http::Framing::length, 2, http::Framing::length);
  input_.append("okGET /");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(input_.view(), "GET /");
}

TEST_F(Relay, asks_for_more_until_the_length_is_there) {
  relay_.begin(http::Framing::length, 6, http::Framing::length);
  input_.append("abc");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::needs_input);
  input_.append("def");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "abcdef");
}

TEST_F(Relay, a_whole_small_chunked_message_leaves_in_one_call) {
  relay_.begin(http::Framing::chunked, 0, http::Framing::chunked);
  pending_.append("HEAD|");
  input_.append("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "HEAD|3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(sink_.writes, 1);
}

TEST_F(Relay, passes_trailers_on) {
  relay_.begin(http::Framing::chunked, 0, http::Framing::chunked);
  input_.append("1\r\na\r\n0\r\nChecksum: 7\r\n\r\n");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "1\r\na\r\n0\r\nChecksum: 7\r\n\r\n");
}

// A head, and what a slow sink left before it, may fill pending: whatever framing the body brings
// has to wait for its room.
TEST_F(Relay, framing_waits_for_room_behind_a_head_that_fills_pending) {
  const std::string head(Buffer::size_max(), 'h');
  const std::string trailers = "T: " + std::string(8000, 't') + "\r\n";
  const std::string body = "1\r\na\r\n0\r\n" + trailers + "\r\n";
  for (const size_t part : {body.size(), size_t{12}, size_t{1}}) {
    SCOPED_TRACE(part);
    relay_.begin(http::Framing::chunked, 0, http::Framing::chunked);
    sink_.heard.clear();
    pending_.append(head);
    RelayStatus status = RelayStatus::needs_input;
    for (size_t given = 0; status != RelayStatus::finished;) {
      if (status == RelayStatus::needs_input) input_.append(body.substr(given, part));
      if (status == RelayStatus::needs_input) given += part;
      ASSERT_LE(given, body.size() + part);
      sink_.room = sink_.room == 0 ? 1000 : 0;
      relay_.unblock();
      status = relay_.pump(input_, pending_, sink_);
    }
    EXPECT_EQ(sink_.heard, head + body);
  }
}

TEST_F(Relay, takes_chunks_off_for_a_client_that_knows_none) {
  relay_.begin(http::Framing::chunked, 0, http::Framing::until_close);
  input_.append("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "abc");
}

TEST_F(Relay, ends_a_body_without_length_when_its_source_closes) {
  relay_.begin(http::Framing::until_close, 0, http::Framing::chunked);
  input_.append("abc");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::needs_input);
  EXPECT_EQ(sink_.heard, "3\r\nabc\r\n");
  EXPECT_TRUE(relay_.source_closed());
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(Relay, a_source_that_closes_early_was_not_complete) {
  relay_.begin(http::Framing::length, 6, http::Framing::length);
  input_.append("abc");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::needs_input);
  EXPECT_FALSE(relay_.source_closed());
}

TEST_F(Relay, stops_when_the_sink_takes_no_more_and_spends_no_call_until_unblocked) {
  relay_.begin(http::Framing::length, 6, http::Framing::length);
  input_.append("abcdef");
  sink_.room = 0;
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::blocked);
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::blocked);
  EXPECT_EQ(sink_.writes, 1);
  sink_.room = SIZE_MAX;
  relay_.unblock();
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::finished);
  EXPECT_EQ(sink_.heard, "abcdef");
}

TEST_F(Relay, tells_a_broken_chunk) {
  relay_.begin(http::Framing::chunked, 0, http::Framing::chunked);
  input_.append("zz\r\n");
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::malformed);
}

TEST_F(Relay, tells_a_dead_sink) {
  relay_.begin(http::Framing::length, 1, http::Framing::length);
  input_.append("a");
  sink_.dead = true;
  EXPECT_EQ(relay_.pump(input_, pending_, sink_), RelayStatus::sink_failed);
}

std::string chunked_text(const std::string& body, const std::string& trailers, Random& random) {
  std::string wire;
  for (size_t at = 0; at < body.size();) {
    const size_t part =
        std::min<size_t>(1 + random.below(random.chance(1, 4) ? 20'000 : 40), body.size() - at);
    char size[32];
    snprintf(size, sizeof size, "%zx\r\n", part);
    wire += size + body.substr(at, part) + "\r\n";
    at += part;
  }
  return wire + "0\r\n" + trailers + "\r\n";
}

// Whatever the sizes of head, reads, chunks, trailers and writes: what goes in comes out.
TEST(RelayProperty, loses_and_adds_no_byte) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string body(random.below(100'000), '\0');
    for (char& c : body) c = static_cast<char>('a' + random.below(26));
    const bool chunked_in = random.chance(1, 2);
    const bool chunked_out = random.chance(1, 2);
    std::string trailers;
    if (chunked_in && random.chance(1, 2))
      trailers = "T: " + std::string(random.below(8000), 't') + "\r\n";
    const std::string head(random.chance(1, 2) ? 0 : random.below(Buffer::size_max() + 1), 'h');
    const std::string wire = chunked_in ? chunked_text(body, trailers, random) : body;

    SlabPool pool;
    Buffer input(pool);
    Buffer pending(pool);
    FakeSocket sink;
    BodyRelay relay;
    pending.append(head);
    relay.begin(chunked_in ? http::Framing::chunked : http::Framing::length, body.size(),
                chunked_out ? http::Framing::chunked : http::Framing::length);
    size_t given = 0;
    RelayStatus status = RelayStatus::needs_input;
    for (int turn = 0; status != RelayStatus::finished && turn < 1'000'000; ++turn) {
      if (status == RelayStatus::needs_input) {
        const size_t part = std::min<size_t>(1 + random.below(30'000), wire.size() - given);
        input.append(wire.substr(given, part));
        given += part;
      }
      sink.room = random.chance(1, 3) ? 0 : 1 + random.below(9'000);
      relay.unblock();
      status = relay.pump(input, pending, sink);
      ASSERT_TRUE(status == RelayStatus::needs_input || status == RelayStatus::blocked ||
                  status == RelayStatus::finished);
    }
    ASSERT_EQ(status, RelayStatus::finished);
    EXPECT_TRUE(input.empty());
    EXPECT_TRUE(pending.empty());
    ASSERT_TRUE(sink.heard.starts_with(head));
    std::string received = sink.heard.substr(head.size());
    if (chunked_out) {
      http::H1BodyReader reader;
      reader.begin(http::Framing::chunked, 0);
      const std::string chunks = std::exchange(received, "");
      std::string_view rest = chunks;
      while (!reader.finished()) {
        const auto piece = reader.next(rest);
        ASSERT_NE(piece.status, http::BodyStatus::malformed);
        received += piece.payload;
        rest.remove_prefix(piece.consumed);
      }
      EXPECT_TRUE(rest.empty());
      EXPECT_EQ(reader.trailers(), trailers);
    }
    EXPECT_EQ(received, body);
  }
}

}  // namespace
}  // namespace daruma::proxy
