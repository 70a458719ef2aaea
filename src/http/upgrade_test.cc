// SPDX-License-Identifier: Apache-2.0
#include "http/upgrade.h"

#include <gtest/gtest.h>

#include <string>

#include "http/forwarding_headers.h"
#include "http/h1_parser.h"

namespace daruma::http {
namespace {

struct Request {
  explicit Request(std::string_view fields, std::string_view version = "HTTP/1.1")
      : bytes("GET /chat " + std::string(version) + "\r\nHost: h\r\n" + std::string(fields) +
              "\r\n") {
    EXPECT_EQ(H1RequestParser().parse(bytes, head), ParseStatus::complete) << bytes;
  }
  // Of what the target gets, the lines that govern the connection.
  std::string forwarded() const {
    SlabPool pool;
    Buffer out(pool);
    ClientFacts client;
    client.peer_ip = "192.0.2.7";
    const TargetParts parts = split_target(head.target, false);
    write_forwarded_request({.head = head, .parts = parts, .client = client}, out);
    std::string lines;
    for (std::string_view left = out.view(); !left.empty();) {
      const std::string_view line = left.substr(0, left.find('\n') + 1);
      left.remove_prefix(line.size());
      if (line.starts_with("Upgrade") || line.starts_with("Connection") || line.starts_with("TE"))
        lines += line;
    }
    return lines;
  }
  std::string bytes;
  RequestHead head;
};

TEST(Upgrade, what_the_target_is_asked_for) {
  struct Case {
    std::string_view fields;
    std::string_view forwarded;
  };
  constexpr Case cases[] = {
      {"Connection: Upgrade\r\nUpgrade: websocket\r\n",
       "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
      {"Connection: keep-alive, upgrade\r\nUpgrade: WebSocket\r\n",
       "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"},
      {"Upgrade: one/1.1\r\nConnection: x\r\nConnection: UPGRADE\r\nUpgrade: two , three\r\n",
       "Upgrade: one/1.1,two,three\r\nConnection: Upgrade\r\n"},
      // One of the two is not enough.
      {"Upgrade: websocket\r\n", ""},
      {"Upgrade: websocket\r\nConnection: keep-alive\r\n", ""},
      {"Connection: upgrade\r\n", ""},
      {"Connection: upgrade\r\nUpgrade:\r\n", ""},
      // About the connection itself.
      {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n", ""},
      {"Connection: Upgrade\r\nUpgrade: H2C, HTTP/2.0, TLS/1.0, h2\r\n", ""},
      {"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
       "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
      // No protocols.
      {"Connection: Upgrade\r\nUpgrade: web socket, a/, /b, a/b/c, \"q\"\r\n", ""},
      {"Connection: Upgrade\r\nUpgrade : websocket\r\n", ""},
      {"Connection: Upgrade\r\n Upgrade: websocket\r\n", ""},
      {"Connection: Upgrade, TE\r\nUpgrade: websocket\r\nTE: trailers\r\n",
       "Upgrade: websocket\r\nTE: trailers\r\nConnection: Upgrade, TE\r\n"},
  };
  for (const Case& c : cases) {
    const Request request(c.fields);
    EXPECT_EQ(request.forwarded(), c.forwarded) << c.fields;
    EXPECT_EQ(asks_to_switch(request.head), c.forwarded.starts_with("Upgrade")) << c.fields;
  }
}

TEST(Upgrade, is_of_http_1_1) {
  for (const std::string_view version : {"HTTP/1.0", "HTTP/0.9"}) {
    const Request request("Connection: Upgrade\r\nUpgrade: websocket\r\n", version);
    EXPECT_EQ(request.forwarded(), "") << version;
    EXPECT_FALSE(asks_to_switch(request.head)) << version;
  }
}

ResponseHead response(const std::string& bytes) {
  ResponseHead head;
  EXPECT_EQ(H1ResponseParser().parse(bytes, Method::get, head), ParseStatus::complete) << bytes;
  return head;
}

TEST(Upgrade, a_target_switches_to_what_it_was_asked_for) {
  const Request request("Connection: Upgrade\r\nUpgrade: websocket, x/2, h2c\r\n");
  struct Case {
    std::string_view version, fields;
    bool as_asked;
  };
  constexpr Case cases[] = {
      {"HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true},
      {"HTTP/1.1", "connection: keep-alive,upgrade\r\nupgrade: WEBSOCKET\r\n", true},
      {"HTTP/1.1", "Connection: Upgrade\r\nUpgrade: x/2, websocket\r\n", true},
      {"HTTP/1.1", "Connection: Upgrade\r\nUpgrade: x/3\r\n", false},
      {"HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n", false},
      {"HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket, irc\r\n", false},
      {"HTTP/1.1", "Connection: Upgrade\r\n", false},
      {"HTTP/1.1", "Upgrade: websocket\r\n", false},
      {"HTTP/1.1", "", false},
      {"HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false},
  };
  for (const Case& c : cases) {
    const std::string bytes =
        std::string(c.version) + " 101 Switching Protocols\r\n" + std::string(c.fields) + "\r\n";
    EXPECT_EQ(switches_as_asked(response(bytes), request.head), c.as_asked) << bytes;
    EXPECT_FALSE(switches_as_asked(response(bytes), Request("Upgrade: websocket\r\n").head));
  }
}

std::string passed_on(const std::string& bytes, Version client) {
  SlabPool pool;
  Buffer out(pool);
  write_forwarded_response(response(bytes), {.client_version = client}, out);
  return std::string(out.view());
}

TEST(Upgrade, what_the_client_is_told) {
  const std::string fields =
      "Upgrade: h2c, websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\n";
  EXPECT_EQ(passed_on("HTTP/1.1 101 Go\r\n" + fields + "Sec-WebSocket-Accept: x\r\n\r\n", {1, 1}),
            "HTTP/1.1 101 Go\r\nSec-WebSocket-Accept: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n\r\n");
  const std::string required = "HTTP/1.1 426 No\r\n" + fields + "Content-Length: 0\r\n\r\n";
  EXPECT_EQ(passed_on(required, {1, 1}),
            "HTTP/1.1 426 No\r\nContent-Length: 0\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n\r\n");
  EXPECT_EQ(passed_on(required, {1, 0}).find("pgrade:"), std::string::npos);
}

TEST(Upgrade, websocket_is_asked_for_alone) {
  constexpr std::pair<std::string_view, bool> cases[] = {
      {"Connection: Upgrade\r\nUpgrade: websocket\r\n", true},
      {"Connection: Upgrade\r\nUpgrade: WebSocket\r\n", true},
      {"Connection: Upgrade\r\nUpgrade: websocket, echo\r\n", false},
      {"Connection: Upgrade\r\nUpgrade: echo\r\n", false},
      {"Upgrade: websocket\r\n", false},
      {"", false},
  };
  for (const auto& [fields, websocket] : cases)
    EXPECT_EQ(asks_for_websocket(Request(fields).head), websocket) << fields;
}

TEST(Upgrade, a_key_of_our_own_goes_to_the_target) {
  const Request request("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  SlabPool pool;
  Buffer out(pool);
  ClientFacts client;
  client.peer_ip = "192.0.2.7";
  const TargetParts parts = split_target(request.head.target, false);
  write_forwarded_request(
      {.head = request.head, .parts = parts, .client = client, .websocket_key = "a2V5"}, out);
  EXPECT_NE(out.view().find("\r\nSec-WebSocket-Key: a2V5\r\n"), std::string_view::npos);
}

}  // namespace
}  // namespace daruma::http
