// SPDX-License-Identifier: Apache-2.0
#include "http/h2_session.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "http/h2_frames_for_test.h"

namespace daruma::http {
namespace {

using Words = std::vector<std::string>;
using Body = H2HeadReader::Body;

class Stream final : public H2Stream {
 public:
  Stream(SlabPool& slabs, Words& events, std::string name)
      : H2Stream(slabs), events_(events), name_(std::move(name)) {}

  void on_body(std::string_view bytes) override {
    body += bytes;
    events_.push_back(name_ + " body " + std::to_string(bytes.size()));
  }
  void on_body_end(std::string_view trailers) override {
    events_.push_back(name_ + " end" + (trailers.empty() ? "" : " " + std::string(trailers)));
  }
  void on_closed() override {
    closed = true;
    events_.push_back(name_ + " closed");
  }

  std::string body;
  bool closed = false;

 private:
  Words& events_;
  std::string name_;
};

// A session and the client at its other end, who speaks in frames.
class Client final : private H2Session::Handler {
 public:
  explicit Client(const H2Session::Limits& limits = {}) : session(slabs, *this, limits) {}

  // Returns what the session says to these frames.
  Words say(std::string_view bytes) {
    session.receive(bytes, now);
    return hear();
  }
  Words hear() {
    Words frames;
    for (bool more = true; more;) {
      Buffer out(slabs);
      more = session.fill(out);
      for (std::string& frame : reader_.read(out.view())) frames.push_back(std::move(frame));
    }
    return frames;
  }
  Words connect() { return say(h2::hello() + h2::settings("", h2::ack)); }
  void answer(int number, int status, std::string_view body = "",
              const h2::FieldList& fields = {}) {
    ResponseHead head;
    head.status = status;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    session.respond(*streams[number], head,
                    body.empty() ? H2Session::Follows::nothing : H2Session::Follows::body);
    if (body.empty()) return;
    session.write(*streams[number], body);
    session.finish(*streams[number], "");
  }

  SlabPool slabs;
  H2Session session;
  Instant now{};
  Words events;
  std::vector<std::unique_ptr<Stream>> streams;  // in the order of their requests
  bool refuses = false;

 private:
  H2Stream* on_request(RequestHead& head, Buffer&, Body) override {
    if (refuses) return nullptr;
    const std::string name = "#" + std::to_string(streams.size());
    events.push_back(name + " " + std::string(head.method_text) + " " + std::string(head.target));
    return add(name);
  }
  H2Stream* on_unacceptable_request(ParseStatus status, Method, size_t) override {
    const std::string name = "#" + std::to_string(streams.size());
    events.push_back(name + " unacceptable " + std::to_string(static_cast<int>(status)));
    return add(name);
  }
  void on_malformed_request(const H2Stream*, size_t) override { events.push_back("malformed"); }

  H2Stream* add(const std::string& name) {
    return streams.emplace_back(std::make_unique<Stream>(slabs, events, name)).get();
  }

  h2::FrameReader reader_;
};

TEST(H2Session, a_request_and_its_response) {
  Client client;
  EXPECT_EQ(client.connect(), (Words{"SETTINGS", "SETTINGS ack", "WINDOW_UPDATE 0 458753"}));
  client.say(h2::headers(1, h2::get("/a")));
  EXPECT_EQ(client.events, (Words{"#0 GET /a", "#0 end"}));
  client.answer(0, 200, "hello",
                {{"Content-Type", "text/plain"},
                 {"Connection", "close"},
                 {"Transfer-Encoding", "chunked"},
                 {"Keep-Alive", "timeout=5"}});
  EXPECT_EQ(client.hear(),
            (Words{"HEADERS 1 :status=200 content-type=text/plain", "DATA 1 'hello' end"}));
  EXPECT_EQ(client.events.back(), "#0 closed");
  EXPECT_EQ(client.session.streams(), 0u);
  EXPECT_EQ(client.session.fault(), H2Fault::none);
}

TEST(H2Session, responses_that_are_ready_together_leave_together) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")) + h2::headers(3, h2::get("/b")) +
             h2::headers(5, h2::get("/c")));
  client.answer(2, 200, "c");
  client.answer(0, 204);
  client.answer(1, 200, "b");
  Buffer out(client.slabs);
  EXPECT_FALSE(client.session.fill(out));
  EXPECT_EQ(h2::FrameReader().read(out.view()),
            (Words{"HEADERS 5 :status=200", "HEADERS 1 end :status=204", "HEADERS 3 :status=200",
                   "DATA 3 'b' end", "DATA 5 'c' end"}));
}

TEST(H2Session, bodies_and_trailers_go_both_ways) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::post(), h2::none) + h2::data(1, "one") + h2::data(1, "two!") +
             h2::headers(1, {{"x-sum", "7"}}));
  EXPECT_EQ(client.events,
            (Words{"#0 POST /form", "#0 body 3", "#0 body 4", "#0 end x-sum: 7\r\n"}));
  ResponseHead head;
  head.status = 103;
  head.fields.add("Link", "</style.css>");
  client.session.respond(*client.streams[0], head, H2Session::Follows::body);
  head.clear();
  head.status = 200;
  client.session.respond(*client.streams[0], head, H2Session::Follows::body);
  client.session.write(*client.streams[0], "part");
  EXPECT_EQ(client.hear(), (Words{"HEADERS 1 :status=103 link=</style.css>",
                                  "HEADERS 1 :status=200", "DATA 1 'part'"}));
  client.session.finish(*client.streams[0], "X-Sum: 9\r\nGrpc-Status:0\r\n");
  EXPECT_EQ(client.hear(), (Words{"HEADERS 1 end x-sum=9 grpc-status=0"}));
  EXPECT_TRUE(client.streams[0]->closed);
}

// A stream may end in the midst of its trailers.
TEST(H2Session, trailers_of_a_stream_that_is_over_are_nobody_elses) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::post(), h2::none) + h2::headers(3, h2::post(), h2::none));
  const std::string trailers = h2::headers(1, {{"x-sum", "7"}, {"x-more", "8"}});
  client.say(trailers.substr(0, trailers.size() - 4));
  client.session.reset(*client.streams[0], H2Error::cancel);
  client.hear();
  client.say(trailers.substr(trailers.size() - 4) + h2::data(3, "three", h2::end_stream));
  EXPECT_EQ(client.events.back(), "#1 end");
}

TEST(H2Session, an_early_answer_ends_the_request_without_an_error) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::post(), h2::none) + h2::data(1, "one"));
  client.answer(0, 413, "too much");
  EXPECT_EQ(client.hear(),
            (Words{"HEADERS 1 :status=413", "DATA 1 'too much' end", "RST_STREAM 1 NO_ERROR"}));
  EXPECT_TRUE(client.streams[0]->closed);
  client.say(h2::data(1, "more that was under way", h2::end_stream));
  EXPECT_EQ(client.session.fault(), H2Fault::none);
  EXPECT_EQ(client.streams[0]->body, "one");
}

TEST(H2Session, a_reset_ends_one_stream_and_no_other) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")) + h2::headers(3, h2::get("/b")) +
             h2::rst_stream(1, NGHTTP2_CANCEL));
  EXPECT_TRUE(client.streams[0]->closed);
  client.session.reset(*client.streams[1], H2Error::internal_error);
  EXPECT_EQ(client.hear(), (Words{"RST_STREAM 3 INTERNAL_ERROR"}));
  EXPECT_FALSE(client.streams[1]->closed);  // who resets is not told
  EXPECT_EQ(client.session.streams(), 0u);
}

TEST(H2Session, a_stream_may_be_destroyed_once_it_is_reset) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")) + h2::headers(3, h2::get("/b")));
  client.answer(0, 200, std::string(60'000, 'x'));
  client.answer(1, 200, std::string(60'000, 'x'));
  Buffer out(client.slabs);
  client.session.fill(out);
  out.clear();
  client.session.reset(*client.streams[0], H2Error::internal_error);
  client.session.reset(*client.streams[1], H2Error::internal_error);
  client.streams.clear();
  EXPECT_EQ(client.hear(), (Words{"RST_STREAM 1 INTERNAL_ERROR", "RST_STREAM 3 INTERNAL_ERROR"}));
}

TEST(H2Session, a_refused_stream_may_be_tried_again) {
  Client client;
  client.connect();
  client.refuses = true;
  EXPECT_EQ(client.say(h2::headers(1, h2::get())), (Words{"RST_STREAM 1 REFUSED_STREAM"}));
}

TEST(H2Session, the_client_sends_no_more_than_a_window_before_it_went_on) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::post(), h2::none));
  const std::string block(16'000, 'x');
  for (int i = 0; i < 4; ++i) client.say(h2::data(1, block));
  EXPECT_EQ(client.say(h2::data(1, block)), (Words{"RST_STREAM 1 FLOW_CONTROL_ERROR"}));

  client.say(h2::headers(3, h2::post(), h2::none));
  for (int i = 0; i < 4; ++i) client.say(h2::data(3, block));
  client.session.consumed(*client.streams[1], 64'000);
  EXPECT_EQ(client.hear(), (Words{"WINDOW_UPDATE 3 64000"}));
  EXPECT_EQ(client.say(h2::data(3, block)), Words{});
}

TEST(H2Session, a_body_that_nobody_waits_for_does_not_close_the_connections_window) {
  Client client({.connection_window = 70'000});
  client.connect();
  client.say(h2::headers(1, h2::post(), h2::none));
  client.session.reset(*client.streams[0], H2Error::refused_stream);
  const std::string block(16'000, 'x');
  Words said;
  for (int i = 0; i < 4; ++i) {
    for (std::string& frame : client.say(h2::data(1, block))) said.push_back(std::move(frame));
  }
  EXPECT_EQ(said, (Words{"RST_STREAM 1 REFUSED_STREAM", "WINDOW_UPDATE 0 48000"}));
}

TEST(H2Session, output_is_bounded_by_stream_and_by_connection) {
  Client client({.output = {.stream_bytes_max = 1'000, .bytes_max = 1'500, .bytes_assured = 100}});
  client.say(h2::hello() + h2::settings("", h2::ack) + h2::window_update(0, 1'000'000));
  ResponseHead head;
  head.status = 200;
  std::string requests;
  for (uint32_t i = 0; i < 3; ++i) requests += h2::headers(2 * i + 1, h2::get());
  // Windows of 0: nothing leaves.
  client.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0)) + requests);
  for (const auto& stream : client.streams)
    client.session.respond(*stream, head, H2Session::Follows::body);
  Stream& a = *client.streams[0];
  Stream& b = *client.streams[1];
  Stream& c = *client.streams[2];
  EXPECT_EQ(client.session.room(a), 1'000u);
  client.session.write(a, std::string(1'000, 'a'));
  EXPECT_EQ(client.session.room(a), 0u);
  EXPECT_EQ(client.session.room(b), 500u);
  client.session.write(b, std::string(500, 'b'));
  EXPECT_EQ(client.session.room(b), 0u);
  EXPECT_EQ(client.session.room(c), 100u);
  client.session.write(c, "c");
  EXPECT_EQ(client.session.room(c), 99u);
  client.hear();
  EXPECT_EQ(client.say(h2::window_update(5, 10)), (Words{"DATA 5 'c'"}));
  EXPECT_EQ(client.say(h2::window_update(1, 600)).size(), 1u);
  EXPECT_EQ(client.session.room(a), 600u);
  EXPECT_EQ(client.session.room(b), 500u);
}

TEST(H2Session, a_request_that_is_none_is_reset) {
  const h2::FieldList rows[] = {
      {{":method", "GET"}, {":path", "/"}, {":authority", "h"}},  // no scheme
      {{":method", "GET"}, {":scheme", "https"}, {":path", ""}, {":authority", "h"}},
      {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}},  // no host
      {{":scheme", "https"}, {":path", "/"}, {":authority", "h"}},
      h2::get("/", {{":path", "/late"}}),
      h2::get("/", {{":status", "200"}}),
      h2::get("/", {{"Upper", "case"}}),
      h2::get("/", {{"connection", "close"}}),
      h2::get("/", {{"proxy-connection", "close"}}),
      h2::get("/", {{"keep-alive", "5"}}),
      h2::get("/", {{"transfer-encoding", "chunked"}}),
      h2::get("/", {{"upgrade", "h2c"}}),
      h2::get("/", {{"te", "gzip"}}),
      h2::get("/", {{"a", "b\r\nx: y"}}),
      h2::get("/", {{"a", std::string("b\0c", 3)}}),
      h2::get("/", {{"a", " b"}}),
      h2::get("/", {{"a b", "c"}}),
      h2::get("/", {{"", "c"}}),
      h2::get("/", {{"host", "other.example"}}),
      h2::get("/", {{"content-length", "1"}}),  // and no body
      h2::get("/", {{"content-length", "1, 1"}}),
      {{":method", "CONNECT"}, {":path", "/"}, {":authority", "h"}},
  };
  for (const h2::FieldList& row : rows) {
    Client client;
    client.connect();
    EXPECT_EQ(client.say(h2::headers(1, row)), (Words{"RST_STREAM 1 PROTOCOL_ERROR"}))
        << row.back().first << '=' << row.back().second;
    EXPECT_TRUE(client.streams.empty() || client.streams[0]->closed);
    client.say(h2::headers(3, h2::get("/next")));
    EXPECT_EQ(client.events.back(), "#" + std::to_string(client.streams.size() - 1) + " end");
  }
}

TEST(H2Session, a_body_that_is_not_what_was_declared_resets_its_stream) {
  struct Row {
    std::string declared;
    std::string frames;
  };
  const Row rows[] = {
      {"5", h2::data(1, "123456", h2::end_stream)},
      {"5", h2::data(1, "1234", h2::end_stream)},
      {"5", h2::data(1, "12345") + h2::data(1, "67890", h2::end_stream)},
  };
  for (const Row& row : rows) {
    Client client;
    client.connect();
    client.say(h2::headers(1, h2::post({{"content-length", row.declared}}), h2::none));
    EXPECT_EQ(client.say(row.frames), (Words{"RST_STREAM 1 PROTOCOL_ERROR"}));
    EXPECT_EQ(client.events.back(), "#0 closed");
  }
}

// What waits to be sent meanwhile is no sign of a window that overflowed.
TEST(H2Session, settings_may_come_in_pieces_while_answers_wait) {
  const std::string frame =
      h2::settings(h2::setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000));
  for (size_t at = 1; at < frame.size(); ++at) {
    Client client;
    client.connect();
    client.session.receive(
        h2::headers(1, h2::get()) + h2::headers(3, h2::get()) + frame.substr(0, at), client.now);
    client.answer(0, 204);
    client.answer(1, 204);
    EXPECT_EQ(client.say(frame.substr(at)),
              (Words{"SETTINGS ack", "HEADERS 1 end :status=204", "HEADERS 3 end :status=204"}))
        << at;
  }
}

TEST(H2Session, a_head_over_the_limits_is_answered) {
  Client client({.head = {.field_bytes_max = 50}});
  client.connect();
  client.say(h2::headers(1, h2::get("/", {{"a", std::string(100, 'x')}})));
  EXPECT_EQ(client.events, (Words{"#0 unacceptable 4", "#0 end"}));
  client.answer(0, 400, "no");
  EXPECT_EQ(client.hear(), (Words{"HEADERS 1 :status=400", "DATA 1 'no' end"}));
}

// Each ends the connection, and says why.
struct Abuse {
  std::string name;
  std::string frames;
  H2Fault fault;
  std::string last_words;
};

std::vector<Abuse> abuses() {
  const auto times = [](int count, const std::string& text) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  std::string resets;
  for (uint32_t i = 1; i < 1'000; i += 2)
    resets += h2::headers(i, h2::get()) + h2::rst_stream(i, NGHTTP2_CANCEL);
  std::string malformed;
  for (uint32_t i = 1; i < 1'000; i += 2) malformed += h2::headers(i, h2::get("", {}));
  // Requests that the server has to reset for what comes behind them (CVE-2025-8671).
  using Behind = std::function<std::string(uint32_t)>;
  const auto provoked = [](const h2::FieldList& request, const Behind& behind) {
    std::string out;
    for (uint32_t i = 1; i < 1'000; i += 2) out += h2::headers(i, request, h2::none) + behind(i);
    return out;
  };
  const Behind most = [](uint32_t i) { return h2::window_update(i, 0x7fff'ffff); };
  const Behind longer = [](uint32_t i) { return h2::data(i, "123456"); };
  const Behind upper = [](uint32_t i) { return h2::headers(i, {{"UPPER", "x"}}); };
  const std::string open_post = h2::headers(1, h2::post(), h2::none);
  const std::string reset_post = h2::headers(1, h2::post({{"UPPER", "case"}}), h2::none);
  // One entry of HPACK's table, told again and again by one byte each.
  const std::string entry = '\x40' + h2::text("name") + h2::text(std::string(3'000, 'x'));
  const std::string bomb = h2::field_section(h2::get()) + entry + std::string(200, '\xbe');
  std::string continuations =
      h2::frame(NGHTTP2_HEADERS, h2::end_stream, 1, h2::field_section(h2::get()));
  const std::string calm = "GOAWAY 0 ENHANCE_YOUR_CALM";
  const std::string calm_1 = "GOAWAY 1 ENHANCE_YOUR_CALM";
  return {
      {"pings", times(2'000, h2::ping()), H2Fault::frames, calm},
      {"settings", times(2'000, h2::settings()), H2Fault::frames, calm},
      {"priorities", times(2'000, h2::frame(NGHTTP2_PRIORITY, 0, 3, std::string(5, '\0'))),
       H2Fault::frames, calm},
      {"window updates", times(2'000, h2::window_update(0, 1)), H2Fault::frames, calm},
      {"empty data", open_post + times(2'000, h2::data(1, "")), H2Fault::frames, calm_1},
      {"tiny data", open_post + times(2'000, h2::data(1, "x")), H2Fault::frames, calm_1},
      {"empty data that nobody waits for", reset_post + times(2'000, h2::data(1, "")),
       H2Fault::frames, calm},
      {"trailers that nobody waits for",
       reset_post + times(2'000, h2::headers(1, {{"x", "y"}}, h2::none)), H2Fault::frames, calm},
      {"resets", resets, H2Fault::resets, "GOAWAY 513 ENHANCE_YOUR_CALM"},
      {"malformed requests", malformed, H2Fault::resets, "GOAWAY 0 ENHANCE_YOUR_CALM"},
      {"windows that overflow", provoked(h2::get(), most), H2Fault::resets,
       "GOAWAY 523 ENHANCE_YOUR_CALM"},
      {"bodies longer than declared", provoked(h2::post({{"content-length", "1"}}), longer),
       H2Fault::resets, "GOAWAY 521 ENHANCE_YOUR_CALM"},
      {"bad trailers", provoked(h2::post(), upper), H2Fault::resets,
       "GOAWAY 519 ENHANCE_YOUR_CALM"},
      {"decoded bomb", h2::frame(NGHTTP2_HEADERS, h2::end_stream | h2::end_headers, 1, bomb),
       H2Fault::head, calm},
      {"continuations", continuations + times(100, h2::frame(NGHTTP2_CONTINUATION, 0, 1, "")),
       H2Fault::head, calm},
      {"many settings in one",
       h2::settings(times(100, h2::setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))), H2Fault::frames,
       calm},
  };
}

TEST(H2Session, abuse_ends_the_connection_and_is_named) {
  for (const Abuse& abuse : abuses()) {
    Client client;
    client.connect();
    Words said;
    for (size_t at = 0; at < abuse.frames.size() && !client.session.finished(); at += 500) {
      const Words more = client.say(std::string_view(abuse.frames).substr(at, 500));
      said.insert(said.end(), more.begin(), more.end());
    }
    EXPECT_EQ(client.session.fault(), abuse.fault) << abuse.name;
    ASSERT_FALSE(said.empty()) << abuse.name;
    EXPECT_EQ(said.back(), abuse.last_words) << abuse.name;
    EXPECT_TRUE(client.session.finished()) << abuse.name;
    const size_t events = client.events.size();
    EXPECT_EQ(client.say(h2::headers(2'001, h2::get())), Words{}) << abuse.name;
    EXPECT_EQ(client.events.size(), events) << abuse.name;
  }
}

TEST(H2Session, what_a_lively_client_does_is_no_abuse) {
  Client client;
  client.connect();
  uint32_t id = 1;
  // An hour of requests, each with a ping, window updates, and every tenth given up.
  for (int i = 0; i < 20'000; ++i, id += 2) {
    client.now += 100ms;
    client.say(h2::headers(id, h2::get()) + h2::ping() + h2::window_update(0, 100));
    ASSERT_EQ(client.session.fault(), H2Fault::none) << i;
    if (i % 10 == 0) {
      client.say(h2::rst_stream(id, NGHTTP2_CANCEL));
    } else {
      client.answer(static_cast<int>(client.streams.size()) - 1, 200, "hello");
      client.hear();
    }
  }
  EXPECT_EQ(client.session.fault(), H2Fault::none);
}

TEST(H2Session, errors_of_the_connection_end_it) {
  struct Row {
    std::string name;
    std::string bytes;
    std::string last_words;
  };
  const Row rows[] = {
      {"no preface", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GOAWAY 0 PROTOCOL_ERROR"},
      {"no settings first", h2::preface + h2::ping(), "GOAWAY 0 PROTOCOL_ERROR"},
      {"data behind the end", h2::hello() + h2::headers(1, h2::get()) + h2::data(1, "x"),
       "GOAWAY 1 STREAM_CLOSED"},
      {"a stream below the newest",
       h2::hello() + h2::headers(3, h2::get()) + h2::headers(1, h2::get()),
       "GOAWAY 3 PROTOCOL_ERROR"},
      {"a window past the most by settings",
       h2::hello() + h2::headers(1, h2::post(), h2::none) +
           h2::window_update(1, 0x7fff'ffff - 65'535) +
           h2::settings(h2::setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65'536)),
       "GOAWAY 1 FLOW_CONTROL_ERROR"},
      {"even stream", h2::hello() + h2::headers(2, h2::get()), "GOAWAY 0 PROTOCOL_ERROR"},
      {"data on an idle stream", h2::hello() + h2::data(1, "x"), "GOAWAY 0 PROTOCOL_ERROR"},
      {"undecodable", h2::hello() + h2::frame(NGHTTP2_HEADERS, 5, 1, "\xff\xff\xff\xff\xff\xff"),
       "GOAWAY 1 COMPRESSION_ERROR"},
      {"window overflow", h2::hello() + h2::window_update(0, 0x7fffffff),
       "GOAWAY 0 FLOW_CONTROL_ERROR"},
      {"window of nothing", h2::hello() + h2::window_update(0, 0), "GOAWAY 0 PROTOCOL_ERROR"},
      {"oversized frame", h2::hello() + h2::frame(NGHTTP2_PING, 0, 0, std::string(20'000, 'x')),
       "GOAWAY 0 FRAME_SIZE_ERROR"},
      {"continuation of nothing", h2::hello() + h2::frame(NGHTTP2_CONTINUATION, 4, 1, ""),
       "GOAWAY 0 PROTOCOL_ERROR"},
      {"push by a client", h2::hello() + h2::frame(NGHTTP2_PUSH_PROMISE, 4, 1, h2::number(2, 4)),
       "GOAWAY 0 PROTOCOL_ERROR"},
  };
  for (const Row& row : rows) {
    Client client;
    const Words said = client.say(row.bytes);
    ASSERT_FALSE(said.empty()) << row.name;
    EXPECT_EQ(said.back(), row.last_words) << row.name;
    EXPECT_EQ(client.session.fault(), H2Fault::protocol) << row.name;
    EXPECT_TRUE(client.session.finished()) << row.name;
  }
}

TEST(H2Session, too_many_streams_at_once_are_refused) {
  Client client({.streams_max = 2});
  // The client has not yet acknowledged the limit.
  client.say(h2::hello() + h2::headers(1, h2::get()) + h2::headers(3, h2::get()));
  EXPECT_EQ(client.say(h2::headers(5, h2::get())), (Words{"RST_STREAM 5 REFUSED_STREAM"}));
  EXPECT_EQ(client.streams.size(), 2u);
  client.answer(0, 204);
  client.hear();
  client.say(h2::headers(7, h2::get()));
  EXPECT_EQ(client.streams.size(), 3u);
}

TEST(H2Session, shuts_down_in_two_steps) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")));
  client.session.begin_shutdown();
  client.session.begin_shutdown();
  EXPECT_EQ(client.hear(), (Words{"PING", "GOAWAY 2147483647 NO_ERROR"}));
  client.say(h2::headers(3, h2::get("/under-way")));
  EXPECT_EQ(client.say(h2::ping(h2::ack)), (Words{"GOAWAY 3 NO_ERROR"}));
  client.say(h2::headers(5, h2::get("/too-late")));
  EXPECT_EQ(client.streams.size(), 2u);
  client.answer(0, 200, "a");
  client.answer(1, 204);
  EXPECT_FALSE(client.session.finished());
  EXPECT_EQ(client.hear().size(), 3u);
  EXPECT_TRUE(client.session.finished());
  EXPECT_EQ(client.session.fault(), H2Fault::none);
}

h2::FieldList extended_connect() {
  return {{":method", "CONNECT"},
          {":protocol", "websocket"},
          {":scheme", "https"},
          {":path", "/chat"},
          {":authority", "shop.example"}};
}

// A tunnel of RFC 8441 on stream 1.
void open_tunnel(Client& client) {
  client.connect();
  client.say(h2::headers(1, extended_connect(), h2::none));
  ResponseHead head;
  head.status = 200;
  client.session.respond(*client.streams[0], head, H2Session::Follows::tunnel);
  client.hear();
}

TEST(H2Session, each_side_of_a_tunnel_ends_its_own) {
  Client client;
  open_tunnel(client);
  EXPECT_EQ(client.events, (Words{"#0 GET /chat"}));
  client.session.write(*client.streams[0], "last");
  client.session.finish(*client.streams[0], "");
  EXPECT_EQ(client.hear(), (Words{"DATA 1 'last' end"}));
  EXPECT_EQ(client.say(h2::data(1, "still here", h2::end_stream)), Words{});
  EXPECT_EQ(client.events, (Words{"#0 GET /chat", "#0 body 10", "#0 end", "#0 closed"}));
}

TEST(H2Session, a_tunnel_that_is_left_ends_without_an_error) {
  for (const bool end_is_said : {false, true}) {
    Client client;
    open_tunnel(client);
    client.session.finish(*client.streams[0], "");
    Words said;
    if (end_is_said) said = client.hear();
    client.session.stop_reading(*client.streams[0]);
    for (std::string& frame : client.hear()) said.push_back(std::move(frame));
    EXPECT_EQ(said, (Words{"DATA 1 '' end", "RST_STREAM 1 NO_ERROR"})) << end_is_said;
    EXPECT_EQ(client.events.back(), "#0 closed");
  }
}

// What the last GOAWAY does not count in, the client may send again elsewhere: it is not served,
// also where it came before that GOAWAY had left.
TEST(H2Session, nothing_is_served_beyond_the_last_stream_of_the_last_goaway) {
  Client client;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")));
  client.session.begin_shutdown();
  client.session.finish_shutdown();
  client.session.receive(h2::headers(3, h2::get("/b")), client.now);
  EXPECT_EQ(client.events, (Words{"#0 GET /a", "#0 end"}));
  client.answer(0, 200, "a");
  const Words heard = client.hear();
  EXPECT_NE(std::ranges::find(heard, "GOAWAY 1 NO_ERROR"), heard.end());
  EXPECT_TRUE(client.session.finished());
}

TEST(H2Session, a_ping_is_no_progress) {
  Client client;
  client.connect();
  const uint64_t before = client.session.progress();
  EXPECT_EQ(client.say(h2::ping() + h2::settings() + h2::window_update(0, 5)),
            (Words{"PING ack", "SETTINGS ack"}));
  EXPECT_EQ(client.session.progress(), before);
  client.say(h2::headers(1, h2::get()));
  EXPECT_GT(client.session.progress(), before);
}

TEST(H2Session, gives_back_every_slab) {
  SlabPool* slabs = nullptr;
  Client client;
  slabs = &client.slabs;
  client.connect();
  client.say(h2::headers(1, h2::get("/a")) + h2::headers(3, h2::post(), h2::none));
  client.answer(0, 200, std::string(30'000, 'x'));
  client.hear();
  client.say(h2::rst_stream(3, NGHTTP2_CANCEL));
  EXPECT_EQ(slabs->outstanding(), 0u);
}

}  // namespace
}  // namespace daruma::http
