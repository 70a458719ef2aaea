// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "http/forwarding_headers.h"
#include "http/h1_parser.h"

namespace daruma::http {
namespace {

std::string forwarded(const std::string& bytes, const ResponseForwarding& how,
                      Method method = Method::get) {
  ResponseHead head;
  EXPECT_EQ(H1ResponseParser().parse(bytes, method, head), ParseStatus::complete) << bytes;
  SlabPool pool;
  Buffer out(pool);
  write_forwarded_response(head, how, out);
  return std::string(out.view());
}

TEST(ForwardedResponse, as_a_whole) {
  EXPECT_EQ(forwarded("HTTP/1.0 404 Nothing Here\r\nDate: Sat, 22 Nov 2025 22:33:44 GMT\r\n"
                      "Server: Apache\r\ncontent-length: 05\r\nKeep-Alive: timeout=5\r\n"
                      "Connection: Keep-Alive\r\nSet-Cookie: a=b\r\nset-cookie:c=d\r\n\r\n",
                      {.client_version = {1, 1}}),
            "HTTP/1.1 404 Nothing Here\r\nDate: Sat, 22 Nov 2025 22:33:44 GMT\r\n"
            "Server: Apache\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\nContent-Length: 5\r\n\r\n");
}

TEST(ForwardedResponse, is_given_the_date_that_it_lacks) {
  EXPECT_EQ(forwarded("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                      {.client_version = {1, 1}, .missing_date = "now"}),
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n");
}

TEST(ForwardedResponse, framing_and_connection) {
  constexpr Version old{1, 0}, now{1, 1};
  constexpr auto keep = ClientConnectionAfter::keep_alive;
  constexpr auto close = ClientConnectionAfter::close;
  struct Case {
    std::string_view head;
    Method method;
    ResponseForwarding how;
    std::string_view expected;
  };
  const Case cases[] = {
      {"200 OK\r\nContent-Length: 5\r\n", Method::get, {now, keep}, "Content-Length: 5\r\n"},
      {"200 OK\r\nContent-Length: 5\r\n",
       Method::get,
       {now, close},
       "Content-Length: 5\r\nConnection: close\r\n"},
      {"200 OK\r\nContent-Length: 5\r\n",
       Method::get,
       {old, keep},
       "Content-Length: 5\r\nConnection: keep-alive\r\n"},
      {"200 OK\r\nTransfer-Encoding: chunked\r\n",
       Method::get,
       {now, keep},
       "Transfer-Encoding: chunked\r\n"},
      // A client of HTTP/1.0 knows no chunks: the connection's end is the body's, wished or not.
      {"200 OK\r\nTransfer-Encoding: chunked\r\n",
       Method::get,
       {old, keep},
       "Connection: close\r\n"},
      {"200 OK\r\n", Method::get, {now, keep, true}, "Transfer-Encoding: chunked\r\n"},
      {"200 OK\r\n", Method::get, {now, keep, false}, "Connection: close\r\n"},
      {"200 OK\r\n", Method::get, {old, keep, true}, "Connection: close\r\n"},
      {"200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       Method::get,
       {now, keep},
       "Transfer-Encoding: chunked\r\n"},
      {"200 OK\r\nContent-Length: 5\r\n", Method::head, {now, keep}, "Content-Length: 5\r\n"},
      {"200 OK\r\n", Method::head, {now, keep}, ""},
      {"304 Not Modified\r\nContent-Length: 5\r\n",
       Method::get,
       {now, keep},
       "Content-Length: 5\r\n"},
      {"304 Not Modified\r\n", Method::get, {now, keep}, ""},
      {"204 No Content\r\nContent-Length: 0\r\n", Method::get, {now, keep}, ""},
      {"204 No Content\r\n", Method::get, {now, close}, "Connection: close\r\n"},
      {"103 Early Hints\r\nContent-Length: 0\r\n", Method::get, {now, close}, ""},
  };
  for (const Case& c : cases) {
    const std::string head(c.head);
    EXPECT_EQ(forwarded("HTTP/1.1 " + head + "\r\n", c.how, c.method),
              "HTTP/1.1 " + head.substr(0, head.find('\n') + 1) + std::string(c.expected) + "\r\n");
  }
}

TEST(ForwardedResponse, hop_by_hop_fields_stay_here) {
  for (const std::string_view field :
       {"Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Proxy-Connection: close",
        "Upgrade: h2c", "TE: x", "Trailer: X", "Connection: x-b, Upgrade\r\nX-B: 1",
        "X-C: 1\r\nConnection: close, x-c"}) {
    const std::string text = forwarded(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + std::string(field) + "\r\nLast: 1\r\n\r\n",
        {.client_version = {1, 1}});
    EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nLast: 1\r\nContent-Length: 0\r\n\r\n");
  }
}

TEST(ForwardedResponse, trailer_announcement_goes_with_chunks) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n";
  EXPECT_NE(forwarded(bytes, {.client_version = {1, 1}}).find("Trailer: Checksum"),
            std::string::npos);
  EXPECT_EQ(forwarded(bytes, {.client_version = {1, 0}}).find("Trailer"), std::string::npos);
}

TEST(ForwardedResponse, the_phrase_is_the_targets) {
  EXPECT_TRUE(forwarded("HTTP/1.1 200\r\n\r\n", {.client_version = {1, 1}})
                  .starts_with("HTTP/1.1 200 \r\n"));
  EXPECT_TRUE(forwarded("HTTP/1.1 299 \r\n\r\n", {.client_version = {1, 1}})
                  .starts_with("HTTP/1.1 299 \r\n"));
}

// Lines as short as they get grow most; the caller keeps that much room.
TEST(ForwardedResponse, grows_by_no_more_than_it_says) {
  std::string bytes = "HTTP/1.1 200\n";
  for (int i = 0; i < 256; ++i) bytes += "a:b\n";
  bytes += "\n";
  const std::string text =
      forwarded(bytes, {.client_version = {1, 1}, .after = ClientConnectionAfter::close});
  EXPECT_LE(text.size(), bytes.size() + forwarded_response_bytes_extra);
}

}  // namespace
}  // namespace daruma::http
