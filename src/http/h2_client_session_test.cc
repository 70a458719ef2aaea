// SPDX-License-Identifier: Apache-2.0
#include "http/h2_client_session.h"

#include <gtest/gtest.h>

#include <memory>

#include "http/h1_parser.h"
#include "http/h2_frames_for_test.h"
#include "http/h2_text.h"

namespace daruma::http {
namespace {

using Words = std::vector<std::string>;
using Follows = H2ClientSession::Follows;

class Stream final : public H2ClientStream {
 public:
  Stream(SlabPool& slabs, Words& events, std::string name)
      : H2ClientStream(slabs), events_(events), name_(std::move(name)) {}

  void on_response(int status, std::string_view fields, bool ended) override {
    events_.push_back(name_ + " " + std::to_string(status) + " " + std::string(fields) +
                      (ended ? "ended" : ""));
  }
  void on_body(std::string_view bytes) override {
    events_.push_back(name_ + " body " + std::to_string(bytes.size()));
  }
  void on_body_end(std::string_view trailers) override {
    events_.push_back(name_ + " end" + (trailers.empty() ? "" : " " + std::string(trailers)));
  }
  void on_closed() override {
    events_.push_back(name_ + " closed" + (refused() ? " refused" : "") +
                      (malformed() ? " malformed" : ""));
  }

 private:
  Words& events_;
  std::string name_;
};

// A session and the server at its other end, who speaks in frames.
class Server final {
 public:
  explicit Server(const H2ClientSession::Limits& limits = {}) : session(slabs, limits) {}

  Words hear() {
    Words frames;
    for (bool more = true; more;) {
      Buffer out(slabs);
      more = session.fill(out);
      std::string_view bytes = out.view();
      if (bytes.starts_with(h2::preface)) bytes.remove_prefix(h2::preface.size());
      for (std::string& frame : reader_.read(bytes)) frames.push_back(std::move(frame));
    }
    return frames;
  }
  Words say(std::string_view bytes) {
    session.receive(bytes);
    return hear();
  }
  Words connect(std::string_view settings = "") {
    return say(h2::settings(settings) + h2::settings("", h2::ack));
  }
  Words take_events() { return std::exchange(events, {}); }

  Stream& ask(std::string_view text = "GET /a HTTP/1.1\r\nHost: t\r\n\r\n",
              Follows follows = Follows::nothing) {
    const std::string name = "#" + std::to_string(streams.size());
    Stream& stream = *streams.emplace_back(std::make_unique<Stream>(slabs, events, name));
    H1RequestParser parser;
    RequestHead head;
    EXPECT_EQ(parser.parse(text, head), ParseStatus::complete);
    session.request(stream, head, "https", follows);
    return stream;
  }

  SlabPool slabs;
  H2ClientSession session;
  Words events;
  std::vector<std::unique_ptr<Stream>> streams;

 private:
  h2::FrameReader reader_;
};

TEST(H2ClientSession, a_request_and_its_response) {
  Server server;
  EXPECT_FALSE(server.session.introduced());
  EXPECT_EQ(server.connect(), (Words{"SETTINGS", "SETTINGS ack", "WINDOW_UPDATE 0 458753"}));
  EXPECT_TRUE(server.session.introduced());
  server.ask(
      "POST /a?b HTTP/1.1\r\nHost: shop.example\r\nX-One: 1\r\nConnection: TE\r\nTE: trailers\r\n"
      "Transfer-Encoding: chunked\r\nKeep-Alive: x\r\n\r\n",
      Follows::body);
  EXPECT_EQ(server.hear(),
            (Words{"HEADERS 1 :method=POST :scheme=https :authority=shop.example :path=/a?b "
                   "x-one=1 te=trailers"}));
  server.session.write(*server.streams[0], "hello");
  server.session.finish(*server.streams[0], "X-Sum: 7\r\n");
  EXPECT_EQ(server.hear(), (Words{"DATA 1 'hello'", "HEADERS 1 end x-sum=7"}));
  server.say(h2::headers(1, {{":status", "103"}, {"link", "</a>"}}, h2::none) +
             h2::headers(1, {{":status", "200"}, {"a", "b"}}, h2::none) + h2::data(1, "abc") +
             h2::headers(1, {{"grpc-status", "0"}}));
  EXPECT_EQ(server.events, (Words{"#0 103 link: </a>\r\n", "#0 200 a: b\r\n", "#0 body 3",
                                  "#0 end grpc-status: 0\r\n", "#0 closed"}));
  EXPECT_EQ(server.session.streams(), 0u);
}

TEST(H2ClientSession, as_many_streams_as_the_server_allows_and_no_more_than_ours) {
  Server server({.streams_max = 3});
  EXPECT_EQ(server.session.streams_max(), 3u);
  server.connect(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2));
  EXPECT_EQ(server.session.streams_max(), 2u);
  server.ask();
  EXPECT_TRUE(server.session.may_request());
  server.ask();
  EXPECT_FALSE(server.session.may_request());
  server.hear();
  server.say(h2::headers(1, {{":status", "204"}}));
  EXPECT_TRUE(server.session.may_request());
  server.say(h2::settings(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1)));
  EXPECT_FALSE(server.session.may_request());
}

TEST(H2ClientSession, tells_what_the_server_has_not_looked_at) {
  Server server;
  server.connect();
  for (int i = 0; i < 4; ++i) server.ask();
  server.hear();
  server.take_events();
  server.say(h2::rst_stream(1, NGHTTP2_REFUSED_STREAM) + h2::rst_stream(3, NGHTTP2_CANCEL));
  EXPECT_EQ(server.take_events(), (Words{"#0 closed refused", "#1 closed"}));
  server.ask();  // and not sent before the GOAWAY comes
  server.say(h2::frame(NGHTTP2_GOAWAY, h2::none, 0, h2::number(5, 4) + h2::number(0, 4)));
  EXPECT_EQ(server.take_events(), (Words{"#3 closed refused", "#4 closed refused"}));
  EXPECT_TRUE(server.session.leaving());
  EXPECT_FALSE(server.session.may_request());
  EXPECT_FALSE(server.session.finished());
  server.say(h2::headers(5, {{":status", "204"}}));
  EXPECT_EQ(server.take_events(), (Words{"#2 204 ended", "#2 end", "#2 closed"}));
  EXPECT_TRUE(server.session.finished());
}

// A stream may end in the midst of its head.
TEST(H2ClientSession, fields_of_a_stream_that_is_over_are_nobody_elses_trailers) {
  Server server;
  server.connect();
  server.ask();
  server.ask();
  server.hear();
  const std::string head =
      h2::headers(1, {{":status", "200"}, {"set-cookie", "secret"}, {"x-more", "8"}}, h2::none);
  server.say(h2::headers(3, {{":status", "200"}}, h2::none) + head.substr(0, head.size() - 4));
  server.session.reset(*server.streams[0], H2Error::cancel);
  server.hear();
  server.say(head.substr(head.size() - 4) + h2::data(3, "three", h2::end_stream));
  EXPECT_EQ(server.take_events(), (Words{"#1 200 ", "#1 body 5", "#1 end", "#1 closed"}));
}

TEST(H2ClientSession, a_malformed_response_ends_its_stream_alone) {
  const h2::FieldList rows[] = {
      {{"a", "b"}},                                   // no status
      {{":status", "200"}, {":status", "200"}},       //
      {{":status", "200"}, {"connection", "close"}},  // RFC 9113 8.2.2
      {{":status", "200"}, {"Upper", "case"}},        // 8.2.1
      {{":status", "200"}, {"a", "b\r\nc: d"}},       //
      {{":status", "101"}},                           // 8.6
      {{":status", "028"}},                           // RFC 9110 15
      {{":status", "000"}},
      {{"a", "b"}, {":status", "200"}},               // 8.3
      {{":status", "200"}, {":path", "/"}},           //
      {{":status", "200"}, {"content-length", "1"}},  // and no body: 8.1.1
      {{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}},
  };
  for (const h2::FieldList& row : rows) {
    Server server;
    server.connect();
    server.ask();
    server.ask();
    server.hear();
    const Words said = server.say(h2::headers(1, row));
    ASSERT_FALSE(said.empty()) << row.back().first;
    EXPECT_EQ(said.front().substr(0, 13), "RST_STREAM 1 ");
    EXPECT_EQ(server.take_events(), (Words{"#0 closed malformed"})) << row.back().first;
    EXPECT_EQ(server.session.fault(), H2Fault::none);
    server.say(h2::headers(3, {{":status", "204"}}));
    EXPECT_EQ(server.take_events(), (Words{"#1 204 ended", "#1 end", "#1 closed"}));
  }
}

TEST(H2ClientSession, a_body_longer_than_declared_is_malformed) {
  Server server;
  server.connect();
  server.ask();
  server.hear();
  server.say(h2::headers(1, {{":status", "200"}, {"content-length", "2"}}, h2::none) +
             h2::data(1, "abc"));
  ASSERT_FALSE(server.events.empty());
  EXPECT_EQ(server.events.back(), "#0 closed malformed");
}

TEST(H2ClientSession, who_does_not_speak_http2_ends_the_connection) {
  const std::string hello = h2::settings() + h2::settings("", h2::ack);
  const std::string rows[] = {
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      hello + h2::headers(1, {{":status", "200"}}, h2::none) + h2::data(0, "x"),
      hello + h2::headers(2, {{":status", "200"}}),
      hello + h2::frame(NGHTTP2_PUSH_PROMISE, h2::end_headers, 1, h2::number(2, 4)),
  };
  for (const std::string& row : rows) {
    Server server;
    server.ask();
    server.hear();
    const Words said = server.say(row);
    EXPECT_NE(server.session.fault(), H2Fault::none) << row;
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.back().substr(0, 9), "GOAWAY 0 ") << row;
    EXPECT_TRUE(server.session.finished());
    EXPECT_FALSE(server.session.may_request());
  }
}

TEST(H2ClientSession, a_head_over_the_limit_is_kept_as_far_as_it_shows_it) {
  Server server({.head_bytes_max = 1'000});
  server.connect();
  server.ask();
  server.ask();
  server.hear();
  h2::FieldList large{{":status", "200"}};
  for (int i = 0; i < 30; ++i) large.emplace_back("a" + std::to_string(i), std::string(90, 'x'));
  server.say(h2::headers(1, large));
  ASSERT_EQ(server.events.size(), 3u);
  EXPECT_GT(server.events[0].size(), 1'000u);
  EXPECT_LT(server.events[0].size(), 1'200u);
  for (int i = 0; i < 30; ++i) large.emplace_back("b" + std::to_string(i), std::string(90, 'x'));
  EXPECT_EQ(server.say(h2::headers(3, large)), (Words{"GOAWAY 0 ENHANCE_YOUR_CALM"}));
  EXPECT_EQ(server.session.fault(), H2Fault::head);
}

TEST(H2ClientSession, a_request_taken_back_before_it_was_sent_never_existed) {
  Server server;
  server.connect();
  Stream& first = server.ask();
  server.ask();
  server.session.reset(first, H2Error::cancel);
  EXPECT_EQ(server.session.streams(), 1u);
  const Words said = server.hear();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].substr(0, 10), "HEADERS 3 ");
  server.say(h2::headers(3, {{":status", "204"}}));
  EXPECT_EQ(server.events, (Words{"#1 204 ended", "#1 end", "#1 closed"}));
}

TEST(H2ClientSession, heads_that_cannot_leave_are_bounded) {
  Server server({.heads_bytes_max = 40});
  server.connect();
  server.ask();
  EXPECT_TRUE(server.session.may_request());
  server.ask();
  EXPECT_FALSE(server.session.may_request());
  server.hear();
  EXPECT_TRUE(server.session.may_request());
}

TEST(H2ClientSession, says_goaway_at_its_end) {
  Server server;
  server.connect();
  server.session.end();
  EXPECT_EQ(server.hear(), (Words{"GOAWAY 0 NO_ERROR"}));
  EXPECT_TRUE(server.session.finished());
}

// --- h2_text.h

std::string read_all(H2TextReader& reader, size_t step) {
  std::string all;
  std::string piece(step, '\0');
  while (const size_t bytes = reader.read(piece)) all += piece.substr(0, bytes);
  return all;
}

TEST(H2Text, reads_as_http1_in_pieces_of_any_size) {
  for (const size_t step : {64, 100, 4'000}) {
    SlabPool slabs;
    H2TextReader chunked(slabs);
    chunked.put_head("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n");
    chunked.set_framing(Framing::chunked);
    chunked.add("hello");
    chunked.end("a: b\r\n");
    const std::string text = read_all(chunked, step);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n")) << text;
    EXPECT_TRUE(text.ends_with("hello\r\n0\r\na: b\r\n\r\n")) << text;
    EXPECT_FALSE(chunked.readable());
    EXPECT_EQ(chunked.take_consumed(2), 3u);
    EXPECT_EQ(chunked.take_consumed(), 2u);

    H2TextReader plain(slabs);
    plain.set_framing(Framing::length);
    plain.add(std::string(5'000, 'x'));
    plain.end("");
    EXPECT_EQ(read_all(plain, step), std::string(5'000, 'x'));
    EXPECT_FALSE(plain.readable());
    plain.add("abc");
    EXPECT_EQ(plain.drop(), 5'003u);
  }
}

}  // namespace
}  // namespace daruma::http
