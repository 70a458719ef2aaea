// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 on both sides of one worker, frame by frame: what the seeds found, and what they only come
// by.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "http/h2_frames_for_test.h"
#include "sim/one_worker.h"
#include "tls/websocket_key.h"

namespace daruma::sim {
namespace {

namespace h2 = http::h2;
using Words = std::vector<std::string>;

// A client over TLS in clear (clear_tls), who speaks in frames.
class Client {
 public:
  explicit Client(Peer& peer) : peer_(peer) {
    peer_.say(record('h', "h2") + record('f', ""));
    say(h2::hello());
  }
  void say(std::string_view frames) {
    for (; frames.size() > 16'000; frames.remove_prefix(16'000))
      peer_.say(record('d', frames.substr(0, 16'000)));
    peer_.say(record('d', frames));
  }
  // All frames so far, but for those that every connection begins with.
  const Words& hear() {
    std::string& heard = peer_.heard;
    while (heard.size() >= 3) {
      const size_t size =
          static_cast<size_t>(static_cast<uint8_t>(heard[1])) << 8 | static_cast<uint8_t>(heard[2]);
      if (heard.size() < 3 + size) break;
      if (heard[0] == 'd') input_ += heard.substr(3, size);
      heard.erase(0, 3 + size);
    }
    take_frames(input_, reader_, frames_);
    return frames_;
  }
  bool heard(std::string_view beginning) {
    return std::ranges::any_of(
        hear(), [&](const std::string& frame) { return frame.starts_with(beginning); });
  }

  static void take_frames(std::string& input, h2::FrameReader& reader, Words& frames) {
    while (input.size() >= 9) {
      const size_t size = static_cast<size_t>(static_cast<uint8_t>(input[0])) << 16 |
                          static_cast<size_t>(static_cast<uint8_t>(input[1])) << 8 |
                          static_cast<uint8_t>(input[2]);
      if (input.size() < 9 + size) return;
      for (std::string& frame : reader.read(input.substr(0, 9 + size)))
        frames.push_back(std::move(frame));
      input.erase(0, 9 + size);
    }
  }

 private:
  static std::string record(char type, std::string_view bytes) {
    return std::string(1, type) + h2::number(static_cast<uint32_t>(bytes.size()), 2) +
           std::string(bytes);
  }
  Peer& peer_;
  std::string input_;
  h2::FrameReader reader_;
  Words frames_;
};

class Http2 : public testing::Test {
 protected:
  Http2() {
    run_.balancer().listeners.front().protocol = model::Protocol::https;
    run_.balancer().listeners.front().ssl_policy = "any";
    run_.balancer().access_log = true;
    run_.target_says = "";
    speak_to_target(model::ProtocolVersion::http2);
  }
  void speak_to_target(model::ProtocolVersion version) {
    run_.draft.target_groups[0].version = version;
    run_.publish();
    run_.run_for(10ms);
  }
  Client connect() { return Client(run_.connect()); }
  // The target's newest connection, once there are so many.
  Peer& target(size_t number = 1) {
    EXPECT_TRUE(run_.run_until([&] { return run_.target_connections.size() >= number; }));
    return *run_.target_connections.back();
  }
  const Words& target_hears(Peer& peer) {
    if (!preface_read_) {
      EXPECT_TRUE(run_.run_until([&] { return peer.heard.size() >= h2::preface.size(); }));
      peer.heard.erase(0, h2::preface.size());
      preface_read_ = true;
    }
    Client::take_frames(peer.heard, target_reader_, target_frames_);
    return target_frames_;
  }
  size_t requests_at(Peer& peer) {
    return static_cast<size_t>(std::ranges::count_if(
        target_hears(peer), [](const auto& frame) { return frame.starts_with("HEADERS "); }));
  }
  void answer_first(Peer& peer) {
    peer.say(h2::settings());
    EXPECT_TRUE(run_.run_until([&] { return requests_at(peer) == 1; }));
    peer.say(ok(1));
  }
  bool logged(const std::string& text) const {
    return std::ranges::any_of(run_.log_lines, [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }
  static std::string ok(uint32_t stream) { return h2::headers(stream, {{":status", "200"}}); }

  OneWorker run_;
  h2::FrameReader target_reader_;
  Words target_frames_;
  bool preface_read_ = false;
};

TEST_F(Http2, a_target_may_come_to_say_good_bye) {
  Client client = connect();
  client.say(h2::headers(1, h2::get()));
  target().say(h2::settings() + h2::frame(NGHTTP2_GOAWAY, 0, 0, h2::number(0, 8)));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 1 :status=502"); }));
}

TEST_F(Http2, a_target_that_allows_no_stream_is_waited_for) {
  Client client = connect();
  client.say(h2::headers(1, h2::get()));
  Peer& peer = target();
  peer.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0)));
  run_.run_for(100ms);
  EXPECT_EQ(requests_at(peer), 0u);
  peer.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1)));
  EXPECT_TRUE(run_.run_until([&] { return requests_at(peer) == 1; }));
  peer.say(ok(1));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 1 end :status=200"); }));
}

// More of them than a connection takes at once (H2ClientSession::Limits::heads_bytes_max).
TEST_F(Http2, large_heads_that_wait_for_a_connection_all_go_by_it) {
  Client client = connect();
  h2::FieldList fields = h2::get();
  for (int i = 0; i < 4; ++i) fields.emplace_back("x-large", std::string(12'000, 'x'));
  constexpr uint32_t requests = 5;
  for (uint32_t i = 0; i < requests; ++i) {
    const std::string section = h2::field_section(fields);
    client.say(h2::frame(NGHTTP2_HEADERS, h2::end_stream, 2 * i + 1, section.substr(0, 16'384)));
    for (size_t at = 16'384; at < section.size(); at += 16'384)
      client.say(h2::frame(NGHTTP2_CONTINUATION,
                           at + 16'384 < section.size() ? h2::none : h2::end_headers, 2 * i + 1,
                           section.substr(at, 16'384)));
  }
  run_.run_for(1s);
  Peer& peer = target();
  peer.say(h2::settings());
  EXPECT_TRUE(run_.run_until([&] {
    target_hears(peer);
    return std::ranges::count_if(target_frames_, [](const auto& frame) {
             return frame.starts_with("HEADERS ");
           }) == requests;
  }));
}

// In one turn of the loop the target allows fewer streams, and clients ask for more.
TEST_F(Http2, a_target_may_allow_fewer_streams_at_any_time) {
  Client client = connect();
  client.say(h2::headers(1, h2::get()));
  Peer& peer = target();
  peer.say(h2::settings());
  EXPECT_TRUE(run_.run_until([&] { return requests_at(peer) == 1; }));
  uint32_t stream = 3;
  for (int i = 0; i < 20; ++i) {
    peer.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1)));
    client.say(h2::headers(stream, h2::get()));
    stream += 2;
    run_.run_for(20ms);
    // It has room for the one that waits, when the one before is answered.
    peer.say(ok(2 * static_cast<uint32_t>(i) + 1) +
             h2::settings(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100)));
    run_.run_for(20ms);
    EXPECT_EQ(requests_at(peer), static_cast<size_t>(i) + 2);
  }
}

// Two answers at once, the first of which always has more to say, from a target of HTTP/1.1: its
// pace is the socket's.
class SlowClient : public Http2 {
 protected:
  // In pieces of the bodies, and of the connection's window.
  static constexpr uint32_t step = 8'000;
  static constexpr int more = 40;  // than is kept of one stream, and on its way to it
  static constexpr Duration patience = 60s;

  SlowClient() { speak_to_target(model::ProtocolVersion::http1); }
  void begin(uint32_t stream_window) {
    client_.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window)) +
                h2::headers(1, h2::get("/1")) + h2::headers(3, h2::get("/3")) +
                h2::frame(NGHTTP2_PRIORITY, 0, 3, after_first));
    for (const uint32_t stream : {1, 3}) {
      ASSERT_TRUE(run_.run_until([&] { return asked_for(stream) != nullptr; }));
      asked_for(stream)->say("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    }
  }
  // The target's connection with that stream's request.
  Peer* asked_for(uint32_t stream) {
    const std::string line = "GET /" + std::to_string(stream) + " ";
    for (const auto& peer : run_.target_connections) {
      if (peer->ever_heard.starts_with(line)) return &*peer;
    }
    return nullptr;
  }
  void answer(uint32_t stream, int steps) {
    asked_for(stream)->say(std::string(steps * step, 'x'));
    run_.run_for(100ms);
  }
  // For longer than anybody may stand still the client takes a little now and then.
  void take_slowly(const std::vector<uint32_t>& windows) {
    for (int i = 0; i < 9; ++i) {
      answer(1, 1);
      for (const uint32_t stream : windows) client_.say(h2::window_update(stream, step));
      run_.run_for(patience / 3);
    }
  }

  // RFC 7540 5.3.1: stream 3 has its turn when 1 has nothing to send.
  const std::string after_first = h2::number(1, 4) + h2::number(15, 1);
  Client client_ = connect();
};

TEST_F(SlowClient, is_not_blamed_for_a_stream_that_others_of_its_connection_keep_waiting) {
  begin(1'000'000);
  answer(1, more);
  answer(3, more);
  take_slowly({0});
  EXPECT_FALSE(client_.heard("DATA 3 "));
  EXPECT_FALSE(client_.heard("RST_STREAM"));
  client_.say(h2::window_update(0, 1'000'000));
  EXPECT_TRUE(run_.run_until([&] { return client_.heard("DATA 3 "); }));
}

TEST_F(SlowClient, is_blamed_for_a_stream_that_it_does_not_take) {
  begin(step);
  answer(3, more);
  take_slowly({0, 1});
  EXPECT_TRUE(client_.heard("RST_STREAM 3 INTERNAL_ERROR"));
  EXPECT_FALSE(client_.heard("RST_STREAM 1"));
  EXPECT_TRUE(logged("\"client_read_timeout\""));
}

TEST_F(SlowClient, is_blamed_for_all_when_it_takes_nothing) {
  begin(1'000'000);
  answer(1, more);
  answer(3, more);
  run_.run_for(3 * patience);
  EXPECT_TRUE(client_.heard("RST_STREAM 1 INTERNAL_ERROR"));
  EXPECT_TRUE(client_.heard("RST_STREAM 3 INTERNAL_ERROR"));
}

TEST_F(Http2, a_head_request_over_the_limits_gets_no_page) {
  Client client = connect();
  h2::FieldList fields = h2::get("/", {{"x-long", std::string(16'200, 'x')}});
  fields[0].second = "HEAD";
  const std::string section = h2::field_section(fields) + h2::field_section({{"x", "y"}});
  client.say(h2::frame(NGHTTP2_HEADERS, h2::end_stream, 1, section.substr(0, 16'000)) +
             h2::frame(NGHTTP2_CONTINUATION, h2::none, 1, section.substr(16'000)) +
             h2::frame(NGHTTP2_CONTINUATION, h2::end_headers, 1,
                       h2::field_section({{"x-long", std::string(16'380, 'x')}})));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 1 end :status=400"); }));
}

TEST_F(Http2, a_request_that_is_none_is_reset_and_stands_in_the_log) {
  Client client = connect();
  client.say(h2::headers(1, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}}) +
             h2::headers(3, h2::get("/", {{"connection", "close"}})));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("RST_STREAM 3 PROTOCOL_ERROR"); }));
  EXPECT_TRUE(client.heard("RST_STREAM 1 PROTOCOL_ERROR"));
  EXPECT_FALSE(client.heard("HEADERS"));
  ASSERT_EQ(run_.log_lines.size(), 2u);
  for (const std::string& line : run_.log_lines) {
    EXPECT_NE(line.find(" 400 - "), std::string::npos) << line;
    EXPECT_NE(line.find("\"- - -\""), std::string::npos) << line;
    EXPECT_NE(line.find("\"request_malformed\""), std::string::npos) << line;
  }
  // The connection goes on.
  client.say(h2::headers(5, h2::get()));
  answer_first(target());
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 5 end :status=200"); }));
}

TEST_F(Http2, a_connection_that_is_old_enough_serves_one_more_request_and_says_goaway) {
  run_.balancer().client_keep_alive = 5s;
  run_.publish();
  run_.run_for(10ms);
  Client client = connect();
  client.say(h2::headers(1, h2::get("/")));
  Peer& peer = target();
  answer_first(peer);
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 1 end :status=200"); }));
  EXPECT_FALSE(client.heard("GOAWAY"));
  run_.run_for(6s);
  EXPECT_FALSE(client.heard("GOAWAY"));
  client.say(h2::headers(3, h2::get("/")));
  EXPECT_TRUE(run_.run_until([&] { return requests_at(peer) == 2; }));
  peer.say(ok(3));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("HEADERS 3 end :status=200"); }));
  EXPECT_TRUE(client.heard("GOAWAY 2147483647 NO_ERROR"));
  EXPECT_FALSE(client.heard("GOAWAY 3"));
  client.say(h2::ping(h2::ack));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("GOAWAY 3 NO_ERROR"); }));
}

// What a target's code says of is its connection with Daruma (docs/configuration.md).
TEST_F(Http2, a_targets_reset_is_an_internal_error_to_the_client) {
  Client client = connect();
  client.say(h2::headers(1, h2::get("/")) + h2::headers(3, h2::get("/")));
  Peer& peer = target();
  peer.say(h2::settings());
  EXPECT_TRUE(run_.run_until([&] { return requests_at(peer) == 2; }));
  peer.say(h2::headers(1, {{":status", "200"}}, h2::none) + h2::data(1, "begun") +
           h2::rst_stream(3, NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("DATA 1 'begun'"); }));
  EXPECT_TRUE(client.heard("HEADERS 3 :status=502"));
  peer.say(h2::rst_stream(1, NGHTTP2_CANCEL));
  EXPECT_TRUE(run_.run_until([&] { return client.heard("RST_STREAM 1 INTERNAL_ERROR"); }));
  EXPECT_TRUE(logged("\"target_response_truncated\""));
  EXPECT_TRUE(logged("\"target_reset_before_response\""));
}

// A WebSocket over HTTP/2 (RFC 8441) that ends after so many turns of the worker, in one of these
// ways.
struct TunnelEnding {
  const char* name;
  bool of_target;  // which says nothing from then on
  std::function<void(Client& client, Peer& socket, Peer* target)> happens;
};

const TunnelEnding tunnel_endings[] = {
    {"the client ends its side", false,
     [](Client& client, Peer&, Peer*) { client.say(h2::data(1, "the last", h2::end_stream)); }},
    {"the client resets the stream", false,
     [](Client& client, Peer&, Peer*) { client.say(h2::rst_stream(1, NGHTTP2_CANCEL)); }},
    {"the client goes", false, [](Client&, Peer& socket, Peer*) { socket.hang_up(); }},
    {"the client breaks the rules", false,
     [](Client& client, Peer&, Peer*) { client.say(h2::data(5, "on an idle stream")); }},
    {"the target ends its side", true,
     [](Client&, Peer&, Peer* target) {
       if (target) target->say_no_more();
     }},
    {"the target goes", true,
     [](Client&, Peer&, Peer* target) {
       if (target) target->hang_up();
     }},
    {"both end at once", true,
     [](Client& client, Peer&, Peer* target) {
       client.say(h2::data(1, "", h2::end_stream));
       if (target) target->say_no_more();
     }},
};

class Http2Tunnel : public Http2, public testing::WithParamInterface<size_t> {
 protected:
  Http2Tunnel() { speak_to_target(model::ProtocolVersion::http1); }

  // Answers the upgrade once it is there, and goes on to speak.
  void switch_when_asked() {
    if (switched_ || run_.target_connections.empty()) return;
    const std::string& heard = run_.target_connections.back()->heard;
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const size_t key = heard.find(name);
    if (key == std::string::npos || heard.find("\r\n\r\n") == std::string::npos) return;
    switched_ = true;
    const size_t begin = key + name.size();
    const std::string accept =
        tls::websocket_accept(heard.substr(begin, heard.find('\r', begin) - begin));
    run_.target_connections.back()->say(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept + "\r\n\r\n" + std::string(30'000, 't'));
  }

  bool switched_ = false;
};

const h2::FieldList extended_connect{{":method", "CONNECT"},
                                     {":protocol", "websocket"},
                                     {":scheme", "https"},
                                     {":path", "/chat"},
                                     {":authority", "shop.example"}};

TEST_P(Http2Tunnel, leaves_nothing_behind_whenever_and_however_it_ends) {
  const TunnelEnding& ending = tunnel_endings[GetParam() % std::size(tunnel_endings)];
  const size_t when = GetParam() / std::size(tunnel_endings);
  SCOPED_TRACE(std::string(ending.name) + " after turn " + std::to_string(when));
  Peer& socket = run_.connect();
  Client client(socket);
  client.say(h2::headers(1, extended_connect, h2::none) + h2::data(1, std::string(9'000, 'c')));
  size_t turns = 0;
  bool target_is_over = false;
  run_.on_turn = [&] {
    if (!target_is_over) switch_when_asked();
    if (turns++ != when) return;
    target_is_over = ending.of_target;
    ending.happens(
        client, socket,
        run_.target_connections.empty() ? nullptr : run_.target_connections.back().get());
  };
  run_.run_for(400s);  // some idle timeouts
  EXPECT_GT(turns, when);
  const proxy::Worker::Census census = run_.worker->census();
  EXPECT_EQ(census.tunnels, 0u);
  EXPECT_EQ(census.exchanges, 0u);
  EXPECT_EQ(census.client_connections, 0u);
  EXPECT_EQ(census.requests_in_flight, 0u);
  EXPECT_EQ(census.slabs, 0u);
  EXPECT_LE(run_.log_lines.size(), 1u);
  run_.on_turn = [] {};
}

INSTANTIATE_TEST_SUITE_P(Endings, Http2Tunnel,
                         testing::Range(size_t{0}, 15 * std::size(tunnel_endings)));

TEST_F(Http2Tunnel, is_open_once_the_target_has_answered_the_key) {
  Client client = connect();
  client.say(h2::headers(1, extended_connect, h2::none));
  EXPECT_TRUE(run_.run_until([&] {
    switch_when_asked();
    return client.heard("DATA 1 'tttt");
  }));
  EXPECT_TRUE(client.heard("HEADERS 1 :status=200"));
  EXPECT_EQ(run_.worker->census().tunnels, 1u);
}

}  // namespace
}  // namespace daruma::sim
