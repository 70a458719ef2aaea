// SPDX-License-Identifier: Apache-2.0
#include "http/h2_head.h"

#include <gtest/gtest.h>

#include "http/h2_frames_for_test.h"

namespace daruma::http {
namespace {

using Body = H2HeadReader::Body;

constexpr HeadLimits small{
    .line_bytes_max = 20, .field_bytes_max = 20, .head_bytes_max = 100, .fields_max = 4};

struct Reading {
  explicit Reading(const HeadLimits& limits = {}) : reader(slabs, limits) {}
  ParseStatus read(const h2::FieldList& fields, Body body = Body::none) {
    reader.begin();
    for (const auto& [name, value] : fields) reader.add(name, value);
    return reader.finish(body, head);
  }
  std::string fields() const {
    std::string out;
    for (const Field& field : head.fields) {
      out.append(field.name).append("=").append(field.value).append(";");
    }
    return out;
  }
  SlabPool slabs;
  H2HeadReader reader;
  RequestHead head;
};

TEST(H2Head, becomes_the_request_that_it_would_be_in_http_1_1) {
  Reading r;
  ASSERT_EQ(r.read(h2::get("/a?b=c", {{"accept", "*/*"}, {"x-token", "1"}})),
            ParseStatus::complete);
  EXPECT_EQ(r.head.method_text, "GET");
  EXPECT_EQ(r.head.method, Method::get);
  EXPECT_EQ(r.head.target, "/a?b=c");
  EXPECT_EQ(r.head.version, (Version{1, 1}));
  EXPECT_EQ(r.fields(), "host=shop.example;accept=*/*;x-token=1;");
  EXPECT_EQ(r.head.framing, Framing::none);
  EXPECT_TRUE(r.head.keep_alive);
  EXPECT_TRUE(r.head.findings.empty());
  EXPECT_EQ(r.head.wire_bytes, r.reader.bytes().size());
}

TEST(H2Head, method_and_target_lie_as_in_a_request_line) {
  Reading r;
  ASSERT_EQ(
      r.read({{":path", "/a"}, {":authority", "h"}, {":scheme", "https"}, {":method", "GET"}}),
      ParseStatus::complete);
  const char* const line = r.head.method_text.data();
  EXPECT_EQ(std::string_view(line, r.head.target.data() + r.head.target.size() - line), "GET /a");
}

TEST(H2Head, the_host_is_in_lower_case) {
  Reading r;
  ASSERT_EQ(r.read({{":method", "GET"}, {":path", "/A"}, {":authority", "Shop.Example:8443"}}),
            ParseStatus::complete);
  EXPECT_EQ(r.head.target, "/A");
  EXPECT_EQ(r.fields(), "host=shop.example:8443;");
}

TEST(H2Head, the_next_head_holds_nothing_of_the_one_before) {
  Reading r;
  r.read(h2::get("/long/path", {{"cookie", "a=b"}, {"content-length", "0"}}));
  ASSERT_EQ(r.read({{":method", "OPTIONS"}, {":scheme", "https"}, {":path", "*"}, {"host", "h"}}),
            ParseStatus::complete);
  EXPECT_EQ(r.head.target, "*");
  EXPECT_EQ(r.fields(), "host=h;");
}

TEST(H2Head, authority_and_host_must_agree) {
  struct Row {
    h2::FieldList more;
    ParseStatus status;
    std::string fields;
  };
  const Row rows[] = {
      {{{"host", "shop.example"}}, ParseStatus::complete, "host=shop.example;"},
      {{{"host", "SHOP.example"}}, ParseStatus::complete, "host=shop.example;"},
      {{{"host", "bank.example"}}, ParseStatus::malformed, ""},
      {{{"host", "shop.example"}, {"host", "bank.example"}}, ParseStatus::malformed, ""},
      {{{"host", ""}}, ParseStatus::malformed, ""},
  };
  for (const Row& row : rows) {
    Reading r;
    EXPECT_EQ(r.read(h2::get("/", row.more)), row.status);
    if (row.status == ParseStatus::complete) {
      EXPECT_EQ(r.fields(), row.fields);
    }
  }
}

// Whatever the scheme: of others than http and https nobody else looks at it.
TEST(H2Head, a_path_is_one) {
  struct Row {
    std::string method;
    std::string path;
    ParseStatus status;
  };
  const Row rows[] = {
      {"GET", "/", ParseStatus::complete},
      {"OPTIONS", "*", ParseStatus::complete},
      {"GET", "*", ParseStatus::malformed},
      {"GET", "*a", ParseStatus::malformed},
      {"OPTIONS", "*a", ParseStatus::malformed},
      {"GET", "a", ParseStatus::malformed},
      {"GET", "http://bank.example/a", ParseStatus::malformed},
      {"GET", "?a", ParseStatus::malformed},
  };
  for (const Row& row : rows) {
    Reading r;
    EXPECT_EQ(r.read({{":method", row.method},
                      {":scheme", "ftp"},
                      {":path", row.path},
                      {":authority", "shop.example"}}),
              row.status)
        << row.method << ' ' << row.path;
  }
  EXPECT_EQ(Reading().read({{":method", "CONNECT"}, {":authority", "shop.example:443"}}),
            ParseStatus::complete);
}

TEST(H2Head, cookie_crumbs_become_one_field) {
  Reading r;
  ASSERT_EQ(r.read(h2::get("/", {{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2; c=3"}})),
            ParseStatus::complete);
  EXPECT_EQ(r.fields(), "host=shop.example;accept=x;cookie=a=1; b=2; c=3;");
}

TEST(H2Head, a_body_is_framed_as_http_1_1_would_frame_it) {
  struct Row {
    h2::FieldList fields;
    Body body;
    Framing framing;
    uint64_t length;
  };
  const Row rows[] = {
      {h2::post(), Body::follows, Framing::chunked, 0},
      {h2::post({{"content-length", "5"}}), Body::follows, Framing::length, 5},
      {h2::post(), Body::none, Framing::length, 0},
      {h2::post({{"content-length", "0"}}), Body::none, Framing::length, 0},
      {h2::get(), Body::none, Framing::none, 0},
  };
  for (const Row& row : rows) {
    Reading r;
    ASSERT_EQ(r.read(row.fields, row.body), ParseStatus::complete);
    EXPECT_EQ(r.head.framing, row.framing);
    EXPECT_EQ(r.head.content_length, row.length);
  }
}

TEST(H2Head, the_guard_finds_what_it_would_find_in_http_1_1) {
  struct Row {
    h2::FieldList fields;
    Body body;
    Finding finding;
  };
  const Row rows[] = {
      {h2::get(), Body::follows, Finding::undefined_transfer_encoding_semantics},
      {h2::get("/", {{"content-length", "3"}}), Body::follows,
       Finding::undefined_content_length_semantics},
      {h2::post({{"content_length", "3"}}), Body::none, Finding::suspicious_header},
      {h2::post({{"transfer_encoding", "chunked"}}), Body::follows, Finding::suspicious_header},
      {h2::get("/a b"), Body::none, Finding::space_in_uri},
  };
  for (const Row& row : rows) {
    Reading r;
    ASSERT_EQ(r.read(row.fields, row.body), ParseStatus::complete);
    EXPECT_TRUE(r.head.findings.has(row.finding)) << name_of(row.finding);
  }
}

TEST(H2Head, connect_has_an_authority_for_its_target) {
  Reading r;
  ASSERT_EQ(r.read({{":method", "CONNECT"}, {":authority", "h:443"}}), ParseStatus::complete);
  EXPECT_EQ(r.head.method, Method::connect);
  EXPECT_EQ(r.head.target, "h:443");
}

TEST(H2Head, limits_are_those_of_http_1_1) {
  const std::string over(30, 'x');
  struct Row {
    h2::FieldList fields;
    ParseStatus status;
  };
  const Row rows[] = {
      {h2::get("/" + over), ParseStatus::line_too_long},
      {h2::get("/", {{"a", over}}), ParseStatus::field_too_long},
      {h2::get("/", {{"cookie", "12345678901"}, {"cookie", "12345678901"}}),
       ParseStatus::field_too_long},
      {h2::get("/", {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}}),
       ParseStatus::too_many_fields},
      {h2::get("/", {{"a", "12345678901234567"},
                     {"b", "12345678901234567"},
                     {"c", "12345678901234567"},
                     {"d", "12345678901234567"}}),
       ParseStatus::head_too_large},
      {h2::get("/", {{"a", std::string(10, 'x')}, {"b", std::string(17, 'x')}}),
       ParseStatus::complete},
      {h2::get("/", {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}), ParseStatus::complete},
  };
  for (const Row& row : rows) {
    Reading r(small);
    EXPECT_EQ(r.read(row.fields), row.status);
    EXPECT_EQ(r.read(h2::get()), ParseStatus::complete);
  }
}

TEST(H2Head, what_is_over_the_limits_counts_and_is_not_kept) {
  Reading r(small);
  r.reader.begin();
  for (int i = 0; i < 1'000; ++i) r.reader.add("name", "value");
  EXPECT_EQ(r.reader.decoded_bytes(), 9'000u);
  EXPECT_LE(r.reader.bytes().size(), small.head_bytes_max);
}

h2::FieldList extended_connect(h2::FieldList more = {}) {
  h2::FieldList fields{{":method", "CONNECT"},
                       {":protocol", "websocket"},
                       {":scheme", "https"},
                       {":path", "/chat?a"},
                       {":authority", "shop.example"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(H2Head, an_extended_connect_becomes_a_get_that_asks_to_switch) {
  Reading r;
  ASSERT_EQ(r.read(extended_connect({{"sec-websocket-key", "theirs"},
                                     {"sec-websocket-version", "13"},
                                     {"cookie", "a=1"}}),
                   Body::follows),
            ParseStatus::complete);
  EXPECT_EQ(r.head.method, Method::get);
  EXPECT_EQ(r.head.method_text, "GET");
  EXPECT_EQ(r.head.target, "/chat?a");
  EXPECT_EQ(r.fields(), "host=shop.example;sec-websocket-version=13;cookie=a=1;upgrade=websocket;");
  EXPECT_TRUE(r.head.upgrade);
  EXPECT_TRUE(r.head.extended_connect);
  EXPECT_EQ(r.head.framing, Framing::none);
  EXPECT_TRUE(r.head.findings.empty());
  ASSERT_EQ(r.read(h2::get()), ParseStatus::complete);
  EXPECT_FALSE(r.head.extended_connect || r.head.upgrade);
}

TEST(H2Head, a_tunnel_has_no_length) {
  Reading r;
  EXPECT_EQ(r.read(extended_connect({{"content-length", "5"}}), Body::follows),
            ParseStatus::malformed);
}

TEST(H2Head, what_protocol_names_counts_with_the_line) {
  Reading r(small);
  EXPECT_EQ(r.read(extended_connect(), Body::follows), ParseStatus::line_too_long);
}

}  // namespace
}  // namespace daruma::http
