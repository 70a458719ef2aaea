// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace daruma::http {
namespace {

constexpr std::string_view browser_request =
    "GET /products?page=3 HTTP/1.1\r\n"
    "Host: www.example.com:8080\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept:*/*\r\n"
    "X-Empty:\r\n"
    "X-Spaces:   in  the middle   \r\n"
    "Cookie: a=b; c=d\r\n"
    "\r\n";

std::string described(const RequestHead& head) {
  std::string text = std::string(head.method_text) + "|" + std::string(head.target) + "|" +
                     std::to_string(head.version.major) + "." + std::to_string(head.version.minor);
  for (const Field& field : head.fields) {
    text += "|" + std::string(field.name) + "=" + std::string(field.value);
    if (field.id == FieldId::invalid) text += "(invalid)";
  }
  return text;
}

struct Parsed {
  explicit Parsed(std::string text, const HeadLimits& limits = {}) : bytes(std::move(text)) {
    H1RequestParser parser(limits);
    status = parser.parse(bytes, head);
  }
  std::string bytes;
  RequestHead head;
  ParseStatus status;
};

TEST(H1RequestParser, reads_a_head) {
  const Parsed parsed{std::string(browser_request)};
  ASSERT_EQ(parsed.status, ParseStatus::complete);
  EXPECT_EQ(described(parsed.head),
            "GET|/products?page=3|1.1|Host=www.example.com:8080|"
            "User-Agent=Mozilla/5.0 (X11; Linux x86_64)|Accept=*/*|X-Empty=|"
            "X-Spaces=in  the middle|Cookie=a=b; c=d");
  EXPECT_EQ(parsed.head.method, Method::get);
  EXPECT_EQ(parsed.head.fields.find(FieldId::host)->value, "www.example.com:8080");
  EXPECT_EQ(parsed.head.framing, Framing::none);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_TRUE(parsed.head.findings.empty());
  EXPECT_EQ(parsed.head.wire_bytes, browser_request.size());
}

TEST(H1RequestParser, leaves_the_body_and_the_next_request) {
  const std::string bytes = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n\r\n";
  const Parsed parsed(bytes);
  ASSERT_EQ(parsed.status, ParseStatus::complete);
  EXPECT_EQ(bytes.substr(parsed.head.wire_bytes), "okGET / HTTP/1.1\r\n\r\n");
}

// The same head in one piece, cut in two anywhere, and byte by byte in memory that moves.
TEST(H1RequestParser, does_not_care_how_the_bytes_arrive) {
  const std::string_view heads[] = {browser_request, "\r\n\n\r\nGET / HTTP/1.0\nA: b\n\n",
                                    "POST /a b HTTP/1.1 \r\nX Y: z\r\n folded\r\nno colon\r\nT: "
                                    "\x01\r\nContent-Length: 5\r\n\r\n",
                                    "GET\r\n\r\n", "PUT /\r\n\r\n"};
  for (const std::string_view text : heads) {
    const Parsed whole{std::string(text)};
    ASSERT_EQ(whole.status, ParseStatus::complete);
    H1RequestParser parser, byte_by_byte;
    RequestHead head;
    for (size_t cut = 0; cut < text.size(); ++cut) {
      SCOPED_TRACE(cut);
      const std::string first(text.substr(0, cut));
      parser.reset();
      ASSERT_EQ(parser.parse(first, head), ParseStatus::need_more);
      ASSERT_EQ(byte_by_byte.parse(first, head), ParseStatus::need_more);
      const std::string second(text);
      ASSERT_EQ(parser.parse(second, head), ParseStatus::complete);
      ASSERT_EQ(described(head), described(whole.head));
      ASSERT_EQ(head.wire_bytes, text.size());
      ASSERT_TRUE(std::equal(head.findings.begin(), head.findings.end(),
                             whole.head.findings.begin(), whole.head.findings.end()));
    }
    const std::string all(text);
    ASSERT_EQ(byte_by_byte.parse(all, head), ParseStatus::complete);
    EXPECT_EQ(described(head), described(whole.head));
  }
}

TEST(H1RequestParser, is_ready_for_the_next_message_after_reset) {
  H1RequestParser parser;
  RequestHead head;
  const std::string first = "PUT /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX_ Y: z\r\n\r\n";
  const std::string second = "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_EQ(parser.parse(first, head), ParseStatus::complete);
  EXPECT_EQ(head.framing, Framing::chunked);
  parser.reset();
  ASSERT_EQ(parser.parse(second, head), ParseStatus::complete);
  EXPECT_EQ(described(head), "GET|/2|1.1|Host=h");
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_TRUE(head.findings.empty());
}

TEST(H1RequestParser, refuses_what_is_no_http) {
  const std::string_view cases[] = {
      "\x16\x03\x01\x02",                // a TLS client, from its first byte
      " GET / HTTP/1.1\r\n\r\n",         //
      "\r\n\x80",                        //
      "\rGET / HTTP/1.1\r\n\r\n",        //
      ": / HTTP/1.1\r\n\r\n",            //
      "GET x HTTP/1.1\r\n\r\n",          // a target of no form
      "GET * HTTP/1.1\r\n\r\n",          // a target of OPTIONS
      "GET http:///p HTTP/1.1\r\n\r\n",  //
      "CONNECT / HTTP/1.1\r\n\r\n",      //
      "CONNECT h/p HTTP/1.1\r\n\r\n",    //
  };
  for (const std::string_view bytes : cases) {
    EXPECT_EQ(Parsed(std::string(bytes)).status, ParseStatus::malformed) << bytes;
  }
}

TEST(H1RequestParser, waits_where_it_may_still_become_http) {
  for (const std::string_view bytes : {"", "\r", "\r\n", "\r\n\r", "G", "GET / HTTP/1.1\r\n",
                                       "GET / HTTP/1.1\r\n\r", "GET / HTTP/1.1\r\nA: b\r\n"}) {
    EXPECT_EQ(Parsed(std::string(bytes)).status, ParseStatus::need_more) << bytes;
  }
}

TEST(H1RequestParser, knows_versions_that_it_does_not_speak) {
  for (const std::string_view version : {"HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/9.9"}) {
    const Parsed parsed("GET / " + std::string(version) + "\r\n\r\n");
    EXPECT_EQ(parsed.status, ParseStatus::version_unsupported) << version;
  }
  EXPECT_EQ(Parsed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status, ParseStatus::version_unsupported);
}

TEST(H1RequestParser, persistence_by_version_and_connection) {
  struct Case {
    std::string_view version, connection;
    bool keep_alive;
  };
  constexpr Case cases[] = {
      {"HTTP/1.1", "", true},
      {"HTTP/1.1", "close", false},
      {"HTTP/1.1", "Close", false},
      {"HTTP/1.1", "x, close ,y", false},
      {"HTTP/1.1", "closed", true},
      {"HTTP/1.1", "keep-alive", true},
      {"HTTP/1.1", "keep-alive, close", false},
      {"HTTP/1.0", "", false},
      {"HTTP/1.0", "Keep-Alive", true},
      {"HTTP/1.0", "te, keep-alive", true},
      {"HTTP/1.0", "keep-alive, close", false},
      {"HTTP/1.2", "", true},
      {"HTTP/0.9", "keep-alive", false},
  };
  for (const Case& c : cases) {
    const Parsed parsed("GET / " + std::string(c.version) +
                        "\r\nConnection: " + std::string(c.connection) + "\r\n\r\n");
    ASSERT_EQ(parsed.status, ParseStatus::complete);
    EXPECT_EQ(parsed.head.keep_alive, c.keep_alive) << c.version << " " << c.connection;
  }
  EXPECT_FALSE(
      Parsed("GET / HTTP/1.1\r\nConnection: x\r\nConnection: close\r\n\r\n").head.keep_alive);
}

TEST(H1RequestParser, expectation_counts_from_http_1_1_on) {
  EXPECT_TRUE(Parsed("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n").head.expect_continue);
  EXPECT_FALSE(Parsed("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
  EXPECT_FALSE(Parsed("PUT / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n").head.expect_continue);
}

TEST(H1RequestParser, framing) {
  struct Case {
    std::string_view fields;
    Framing framing;
    uint64_t content_length;
    bool keep_alive, unsupported;
  };
  constexpr Case cases[] = {
      {"", Framing::none, 0, true, false},
      {"Content-Length: 5\r\n", Framing::length, 5, true, false},
      {"Content-Length: 0\r\n", Framing::length, 0, true, false},
      {"Content-Length: 007\r\n", Framing::length, 7, true, false},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", Framing::length, 5, true, false},
      {"Content-Length: 18446744073709551615\r\n", Framing::length, UINT64_MAX, true, false},
      {"Transfer-Encoding: chunked\r\n", Framing::chunked, 0, true, false},
      {"Transfer-Encoding: Chunked;x=y\r\n", Framing::chunked, 0, true, false},
      {"Transfer-Encoding: identity, chunked\r\n", Framing::chunked, 0, true, false},
      // RFC 9112 6.1: chunked it is, but nobody may rely on the connection any more.
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Framing::chunked, 0, false, false},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Framing::chunked, 0, false, false},
      {"Transfer-Encoding: identity\r\n", Framing::none, 0, false, false},
      {"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", Framing::length, 5, false, false},
      // The end can't be told: 501.
      {"Transfer-Encoding: gzip, chunked\r\n", Framing::none, 0, false, true},
      {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", Framing::none, 0, false, true},
      {"Transfer-Encoding: chunked, identity\r\n", Framing::none, 0, false, true},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: deflate\r\n", Framing::none, 0, false,
       true},
      // Look-alikes frame nothing.
      {"Transfer_Encoding: chunked\r\n", Framing::none, 0, true, false},
      {"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", Framing::length, 5, true, false},
      {" Content-Length: 5\r\n", Framing::none, 0, true, false},
      {"X: y\r\n Transfer-Encoding: chunked\r\n", Framing::none, 0, true, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fields);
    const Parsed parsed("POST / HTTP/1.1\r\n" + std::string(c.fields) + "\r\n");
    ASSERT_EQ(parsed.status, ParseStatus::complete);
    EXPECT_EQ(parsed.head.framing, c.framing);
    EXPECT_EQ(parsed.head.content_length, c.content_length);
    EXPECT_EQ(parsed.head.keep_alive, c.keep_alive);
    EXPECT_EQ(parsed.head.transfer_coding_unsupported, c.unsupported);
  }
  const Parsed old(
      "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(old.head.framing, Framing::chunked);
  EXPECT_FALSE(old.head.keep_alive);
}

TEST(H1RequestParser, odd_lines_are_kept_apart) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"A: b\r\n c\r\n", "A=b| c=(invalid)"},
      {"A: b\r\n\tc: d\r\n", "A=b|\tc=d(invalid)"},
      {" Host: h\r\n", " Host=h(invalid)"},
      {"Content-Type: x;\r\n boundary=y\r\n", "Content-Type=x;| boundary=y=(invalid)"},
      {"no colon\r\n", "no colon=(invalid)"},
      {"Host\r\n", "Host=(invalid)"},
      {"A : b\r\n", "A =b(invalid)"},
      {": b\r\n", "=b(invalid)"},
      {"A:b:c\r\n", "A=b:c"},
      {"A:\tb\tc\t\r\n", "A=b\tc"},
      {"A: b\nB: c\r\n", "A=b|B=c"},
      {"A:   \r\n", "A="},
      {"Transfer_Encoding: x\r\n", "Transfer_Encoding=x(invalid)"},
      {"X_Y.z: b\r\n", "X_Y.z=b"},
  };
  for (const auto& [fields, expected] : cases) {
    const Parsed parsed("POST / HTTP/1.1\r\n" + std::string(fields) + "\r\n");
    ASSERT_EQ(parsed.status, ParseStatus::complete) << fields;
    EXPECT_EQ(described(parsed.head), "POST|/|1.1|" + std::string(expected));
  }
}

TEST(H1RequestParser, odd_request_lines) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"GET /a b  c HTTP/1.1", "GET|/a b  c|1.1"},
      {"GET  / HTTP/1.1", "GET|/|1.1"},
      {"GET /  HTTP/1.1", "GET|/|1.1"},
      {"GET / HTTP/1.1 \t ", "GET|/|1.1"},
      {"GET / HTTP/1.0 HTTP/1.1", "GET|/ HTTP/1.0|1.1"},
      {"GET /", "GET|/|0.9"},
      {"GET / ", "GET|/|0.9"},
      {"GET / HTTP/0.9", "GET|/|0.9"},
      {"GET / HTTP/1.7", "GET|/|1.7"},
      {"GET HTTP/1.1", "GET||1.1"},
      {"GET  HTTP/1.1", "GET||1.1"},
      {"GET", "GET||0.9"},
      {"GET\t/\tHTTP/1.1", "GET\t/\tHTTP/1.1||0.9"},
      {"G\x01T / HTTP/1.1", "G\x01T|/|1.1"},
      {"OPTIONS * HTTP/1.1", "OPTIONS|*|1.1"},
      {"CONNECT h:443 HTTP/1.1", "CONNECT|h:443|1.1"},
  };
  for (const auto& [line, expected] : cases) {
    const Parsed parsed(std::string(line) + "\r\n\r\n");
    ASSERT_EQ(parsed.status, ParseStatus::complete) << line;
    EXPECT_EQ(described(parsed.head), expected);
  }
}

// Limits: the last size that is good and the first that is not, in one piece and growing.
ParseStatus grown(const std::string& bytes, const HeadLimits& limits) {
  H1RequestParser parser(limits);
  RequestHead head;
  for (size_t size = 0; size < bytes.size(); size += 997) {
    const ParseStatus status = parser.parse(std::string_view(bytes).substr(0, size), head);
    if (status != ParseStatus::need_more) return status;
  }
  return parser.parse(bytes, head);
}

void expect_status(const std::string& bytes, ParseStatus status, const HeadLimits& limits = {}) {
  EXPECT_EQ(Parsed(bytes, limits).status, status);
  EXPECT_EQ(grown(bytes, limits), status);
}

TEST(H1RequestParserLimits, request_line) {
  const auto line_of = [](size_t size) {
    const std::string_view rest = "GET / HTTP/1.1";
    return "GET /" + std::string(size - rest.size(), 'x') + " HTTP/1.1";
  };
  for (const std::string_view end : {"\r\n", "\n"}) {
    expect_status(line_of(16384) + std::string(end) + "\r\n", ParseStatus::complete);
    expect_status(line_of(16385) + std::string(end) + "\r\n", ParseStatus::line_too_long);
  }
  // Told before the line has ended.
  expect_status("GET /" + std::string(16379, 'x') + "\r", ParseStatus::need_more);
  expect_status("GET /" + std::string(16380, 'x'), ParseStatus::line_too_long);
}

TEST(H1RequestParserLimits, field_line) {
  const std::string begin = "GET / HTTP/1.1\r\nA: ";
  expect_status(begin + std::string(16381, 'x') + "\r\n\r\n", ParseStatus::complete);
  expect_status(begin + std::string(16382, 'x') + "\r\n\r\n", ParseStatus::field_too_long);
  expect_status(begin + std::string(16381, 'x') + "\r", ParseStatus::need_more);
  expect_status(begin + std::string(16382, 'x'), ParseStatus::field_too_long);
}

TEST(H1RequestParserLimits, whole_head) {
  const auto head_of = [](size_t size) {
    std::string bytes = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 5; ++i) bytes += "A: " + std::string(10'000, 'x') + "\r\n";
    const std::string_view last = "B: \r\n\r\n";
    bytes += "B: " + std::string(size - bytes.size() - last.size(), 'y') + "\r\n\r\n";
    return bytes;
  };
  expect_status(head_of(65536), ParseStatus::complete);
  expect_status(head_of(65536) + "body", ParseStatus::complete);
  expect_status(head_of(65537), ParseStatus::head_too_large);
  expect_status(head_of(65537) + std::string(100'000, 'z'), ParseStatus::head_too_large);
  std::string endless = "GET / HTTP/1.1\r\n";
  while (endless.size() < 65535) endless += "A: b\r\n";
  const HeadLimits many{.fields_max = 100'000};
  expect_status(endless.substr(0, 65535), ParseStatus::need_more, many);
  expect_status(endless.substr(0, 65536), ParseStatus::head_too_large, many);
}

TEST(H1RequestParserLimits, number_of_fields) {
  const auto head_of = [](int fields) {
    std::string bytes = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < fields; ++i) bytes += "A: b\r\n";
    return bytes + "\r\n";
  };
  expect_status(head_of(256), ParseStatus::complete);
  expect_status(head_of(257), ParseStatus::too_many_fields);
  EXPECT_EQ(Parsed(head_of(256)).head.fields.size(), 256u);
}

TEST(H1RequestParserLimits, empty_lines_before_the_request_count) {
  std::string empty_lines;
  for (int i = 0; i < 100; ++i) empty_lines += "\r\n";
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  EXPECT_EQ(Parsed(empty_lines + request).head.wire_bytes, 200 + request.size());
  expect_status(empty_lines + request, ParseStatus::complete, {.head_bytes_max = 218});
  expect_status(empty_lines + request, ParseStatus::head_too_large, {.head_bytes_max = 217});
}

TEST(FindingAtClose, tells_what_an_unfinished_head_lacks) {
  EXPECT_EQ(finding_at_close(""), std::nullopt);
  EXPECT_EQ(finding_at_close("\r\n"), std::nullopt);
  EXPECT_EQ(finding_at_close("GET / HTTP/1.1\r\n"), Finding::missing_last_empty_line);
  EXPECT_EQ(finding_at_close("GET / HTTP/1.1\r\nA: b\n"), Finding::missing_last_empty_line);
  EXPECT_EQ(finding_at_close("GET / HTTP/1.1\r\nA"), Finding::partial_header_line);
  EXPECT_EQ(finding_at_close("G"), Finding::partial_header_line);
}

}  // namespace
}  // namespace daruma::http
