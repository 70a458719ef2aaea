// SPDX-License-Identifier: Apache-2.0
#include "http/h2_response_text.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

TEST(ResponseText, frames_what_http1_could_not_find_the_end_of) {
  const struct {
    int status;
    Method method;
    std::string_view fields;
    bool ended;
    Framing framing;
    std::string_view text;
  } rows[] = {
      {200, Method::get, "a: b\r\n", false, Framing::chunked,
       "HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n"},
      {200, Method::get, "content-length: 3\r\na: b\r\n", false, Framing::length,
       "HTTP/1.1 200 OK\r\ncontent-length: 3\r\na: b\r\n\r\n"},
      {200, Method::get, "a: b\r\n", true, Framing::none,
       "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 0\r\n\r\n"},
      {404, Method::get, "content-length: 0\r\n", true, Framing::none,
       "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"},
      {200, Method::head, "content-length: 9\r\n", true, Framing::none,
       "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"},
      {200, Method::head, "", true, Framing::none, "HTTP/1.1 200 OK\r\n\r\n"},
      {204, Method::get, "", true, Framing::none, "HTTP/1.1 204 No Content\r\n\r\n"},
      {304, Method::get, "", true, Framing::none, "HTTP/1.1 304 Not Modified\r\n\r\n"},
      {103, Method::get, "link: x\r\n", false, Framing::none,
       "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"},
      // Trailers follow, which a body of known length cannot have in HTTP/1.1.
      {200, Method::post, "a: b\r\ncontent-length: 5\r\ncontent-type: application/grpc+proto\r\n",
       false, Framing::chunked,
       "HTTP/1.1 200 OK\r\na: b\r\ncontent-type: application/grpc+proto\r\n"
       "transfer-encoding: chunked\r\n\r\n"},
  };
  for (const auto& row : rows) {
    std::string text;
    EXPECT_EQ(write_response_text(row.status, row.fields, {row.method, row.ended}, text),
              row.framing);
    EXPECT_EQ(text, row.text);
  }
}

}  // namespace
}  // namespace daruma::http
