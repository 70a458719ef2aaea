// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace daruma::http {
namespace {

struct Parsed {
  explicit Parsed(std::string text, Method method = Method::get) : bytes(std::move(text)) {
    status = H1ResponseParser().parse(bytes, method, head);
  }
  std::string bytes;
  ResponseHead head;
  ParseStatus status;
};

TEST(H1ResponseParser, reads_a_head) {
  const std::string bytes =
      "HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 3\r\nX:\ty \t\r\n\r\nabc";
  const Parsed parsed(bytes);
  ASSERT_EQ(parsed.status, ParseStatus::complete);
  EXPECT_EQ(parsed.head.status, 404);
  EXPECT_EQ(parsed.head.reason, "Not Found");
  EXPECT_EQ(parsed.head.version, (Version{1, 1}));
  EXPECT_EQ(parsed.head.fields.size(), 3u);
  EXPECT_EQ(parsed.head.fields.find("x")->value, "y");
  EXPECT_EQ(parsed.head.framing, Framing::length);
  EXPECT_EQ(parsed.head.content_length, 3u);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_EQ(parsed.head.wire_bytes, bytes.size() - 3);
}

TEST(H1ResponseParser, does_not_care_how_the_bytes_arrive) {
  const std::string_view heads[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nKeep-Alive: timeout=5\r\nETag: \"x\"\r\n\r\n",
      "HTTP/1.0 200\nA : b\nTransfer-Encoding: chunked\n\n"};
  for (const std::string_view text : heads) {
    const Parsed whole{std::string(text)};
    ASSERT_EQ(whole.status, ParseStatus::complete);
    H1ResponseParser parser, byte_by_byte;
    ResponseHead head;
    for (size_t cut = 0; cut <= text.size(); ++cut) {
      const std::string first(text.substr(0, cut));
      const ParseStatus expected =
          cut == text.size() ? ParseStatus::complete : ParseStatus::need_more;
      parser.reset();
      ASSERT_EQ(parser.parse(first, Method::get, head), expected) << cut;
      ASSERT_EQ(byte_by_byte.parse(first, Method::get, head), expected) << cut;
      if (cut == text.size()) break;
      const std::string second = std::string(text) + "body";
      ASSERT_EQ(parser.parse(second, Method::get, head), ParseStatus::complete);
      ASSERT_EQ(head.wire_bytes, text.size());
      ASSERT_EQ(head.fields.size(), whole.head.fields.size());
      ASSERT_EQ(head.framing, whole.head.framing);
    }
  }
}

TEST(H1ResponseParser, framing_and_persistence) {
  struct Case {
    std::string_view head;
    Method method;
    Framing framing;
    bool keep_alive;
  };
  constexpr Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Method::get, Framing::length, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n", Method::get,
       Framing::length, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Method::get, Framing::length, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", Method::get, Framing::chunked, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, Chunked\r\n", Method::get, Framing::chunked,
       true},
      {"HTTP/1.1 200 OK\r\n", Method::get, Framing::until_close, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", Method::get, Framing::until_close,
       false},
      // RFC 9112 6.1: chunked, but nobody may rely on the connection any more.
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", Method::get,
       Framing::chunked, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", Method::get,
       Framing::chunked, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Method::head, Framing::none, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", Method::head, Framing::none, true},
      {"HTTP/1.1 200 OK\r\n", Method::head, Framing::none, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", Method::get, Framing::none, true},
      {"HTTP/1.1 304 Not Modified\r\n", Method::get, Framing::none, true},
      {"HTTP/1.1 204 No Content\r\n", Method::get, Framing::none, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n", Method::get, Framing::none, true},
      // It may come all the same, and would be taken for the next response.
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n", Method::get, Framing::none, false},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n", Method::get, Framing::none,
       false},
      {"HTTP/1.1 100 Continue\r\n", Method::post, Framing::none, true},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n", Method::get, Framing::none, true},
      {"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n", Method::get, Framing::length, true},
      {"HTTP/1.1 200 OK\r\n", Method::connect, Framing::none, false},
      {"HTTP/1.1 403 No\r\nContent-Length: 1\r\n", Method::connect, Framing::length, true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n", Method::get,
       Framing::length, false},
      {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n", Method::get,
       Framing::length, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", Method::get, Framing::length, false},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n", Method::get,
       Framing::length, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.head);
    const Parsed parsed(std::string(c.head) + "\r\n", c.method);
    ASSERT_EQ(parsed.status, ParseStatus::complete);
    EXPECT_EQ(parsed.head.framing, c.framing);
    EXPECT_EQ(parsed.head.keep_alive, c.keep_alive);
  }
  EXPECT_TRUE(
      Parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head).head.has_content_length);
}

TEST(H1ResponseParser, takes_what_real_targets_send) {
  const std::string_view cases[] = {
      "HTTP/1.1 200\r\n\r\n",                    // no phrase and no space before it
      "HTTP/1.1 200 \r\n\r\n",                   //
      "HTTP/1.1 200 Tr\xc3\xa8s bien\r\n\r\n",   //
      "HTTP/1.1 999 Odd\r\n\r\n",                //
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",  // bare LF
      "HTTP/1.2 200 OK\r\n\r\n",                 //
      "HTTP/1.1 200 OK\r\nA:\r\n\r\n",           //
      "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n",     // a control character in a value
  };
  for (const std::string_view bytes : cases) {
    EXPECT_EQ(Parsed(std::string(bytes)).status, ParseStatus::complete) << bytes;
  }
  const Parsed spaced("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n");
  ASSERT_EQ(spaced.status, ParseStatus::complete);
  EXPECT_EQ(spaced.head.fields.begin()->name, "Content-Length");
  EXPECT_EQ(spaced.head.content_length, 5u);
}

TEST(H1ResponseParser, refuses_what_it_cannot_pass_on_safely) {
  const std::string_view cases[] = {
      "ICY 200 OK\r\n\r\n",
      "<html>",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP/1 200 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTTP/1.1 200 O\rK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\tA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\rA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
  };
  for (const std::string_view bytes : cases) {
    EXPECT_EQ(Parsed(std::string(bytes)).status, ParseStatus::malformed)
        << testing::PrintToString(bytes);
  }
  EXPECT_EQ(Parsed(std::string("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 25)).status,
            ParseStatus::malformed);
  EXPECT_EQ(Parsed("HTTP/2.0 200 OK\r\n\r\n").status, ParseStatus::version_unsupported);
}

TEST(H1ResponseParser, limits_the_head_to_32_kilobytes) {
  const auto head_of = [](size_t size) {
    std::string bytes = "HTTP/1.1 200 OK\r\nA: " + std::string(16'000, 'x') + "\r\n";
    const std::string_view last = "B: \r\n\r\n";
    return bytes + "B: " + std::string(size - bytes.size() - last.size(), 'y') + "\r\n\r\n";
  };
  EXPECT_EQ(Parsed(head_of(32768)).status, ParseStatus::field_too_long);  // B alone is too long
  const auto three_fields = [](size_t size) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 3; ++i) bytes += "A: " + std::string(8'000, 'x') + "\r\n";
    const std::string_view last = "B: \r\n\r\n";
    return bytes + "B: " + std::string(size - bytes.size() - last.size(), 'y') + "\r\n\r\n";
  };
  EXPECT_EQ(Parsed(three_fields(32768) + "body").status, ParseStatus::complete);
  EXPECT_EQ(Parsed(three_fields(32769) + "body").status, ParseStatus::head_too_large);
}

}  // namespace
}  // namespace daruma::http
