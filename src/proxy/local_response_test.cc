// SPDX-License-Identifier: Apache-2.0
#include "proxy/local_response.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

TEST(ErrorPage, has_the_length_that_an_alb_page_has) {
  struct Case {
    int status;
    size_t bytes;
  };
  // Lengths observed at AWS (access log sent_bytes and client captures).
  for (const Case& c :
       {Case{502, 122}, Case{503, 162}, Case{504, 132}, Case{400, 122}, Case{403, 118}}) {
    std::string storage;
    EXPECT_EQ(error_page(c.status, storage).size(), c.bytes) << c.status;
  }
}

TEST(ErrorPage, is_html_with_status_and_phrase) {
  std::string storage;
  EXPECT_EQ(error_page(502, storage),
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
            "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n");
}

TEST(ErrorPage, of_a_listener_is_that_of_the_status_or_of_its_class) {
  const std::vector<model::ErrorPage> pages = {
      {463, "", ""}, {4, "", ""}, {503, "", ""}, {5, "", ""}};
  EXPECT_EQ(error_page_for(pages, 463), &pages[0]);
  EXPECT_EQ(error_page_for(pages, 400), &pages[1]);
  EXPECT_EQ(error_page_for(pages, 503), &pages[2]);
  EXPECT_EQ(error_page_for(pages, 504), &pages[3]);
  EXPECT_EQ(error_page_for({}, 504), nullptr);
}

TEST(ErrorPage, says_status_reason_and_trace_id_harmlessly) {
  std::string storage;
  const auto expanded = [&storage](std::string_view text, std::string_view trace_id) {
    return expand_error_page(
        {503, "text/html", std::string(text)},
        {.status = 503, .reason = model::Reason::no_registered_targets, .trace_id = trace_id},
        storage);
  };
  EXPECT_EQ(expanded("#{status} #{reason}{#{trace_id}} #{status}", "Root=1-a;Self=1-b:c_."),
            "503 no_registered_targets{Root=1-a;Self=1-b:c_.} 503");
  EXPECT_EQ(expanded("#{trace_id}", "<b>\"'&\\"), "%3Cb%3E%22%27%26%5C");
  EXPECT_EQ(expanded("#{trace_id}", std::string(7'000, 'x')), std::string(256, 'x'));
  EXPECT_EQ(expanded("", "x"), "");
  EXPECT_EQ(expanded("#{tomorrow} #{ #{status", "x"), "#{tomorrow} #{ #{status");
  EXPECT_EQ(expanded("#{#{status}", "x"), "#{503");
}

std::string answered(const LocalAnswer& answer, const LocalAnswerHow& how) {
  SlabPool pool;
  Buffer out(pool);
  write_local_answer(answer, how, out);
  return std::string(out.view());
}

constexpr WallTime some_time{std::chrono::microseconds(1'700'000'000'000'000)};

TEST(LocalAnswer, carries_server_date_type_length_and_connection) {
  EXPECT_EQ(
      answered({.status = 503, .content_type = "text/plain", .body = "soon"}, {.now = some_time}),
      "HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: awselb/2.0\r\n"
      "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
      "Connection: keep-alive\r\n\r\nsoon");
}

TEST(LocalAnswer, to_head_has_the_length_but_no_body) {
  const std::string text =
      answered({.status = 200, .content_type = "text/plain", .body = "hello"},
               {.method = http::Method::head, .close = true, .now = some_time});
  EXPECT_NE(text.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(LocalAnswer, with_204_has_neither_length_nor_body) {
  const std::string text = answered({.status = 204, .body = "x"}, {.now = some_time});
  EXPECT_EQ(text.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(LocalAnswer, leaves_the_server_header_out_where_the_listener_says_so) {
  EXPECT_EQ(answered({.status = 200}, {.server_header = false, .now = some_time}).find("Server:"),
            std::string::npos);
}

TEST(Location, fills_in_each_placeholder) {
  const RedirectFacts facts{
      .protocol = "http", .host = "example.com", .port = 8080, .path = "/a/b", .query = "x=1"};
  struct Case {
    model::RedirectAction action;
    const char* location;
  };
  const Case cases[] = {
      {{}, "http://example.com:8080/a/b?x=1"},
      {{.protocol = "HTTPS", .port = "443"}, "https://example.com:443/a/b?x=1"},
      {{.host = "www.#{host}", .path = "/new/#{path}", .query = ""},
       "http://www.example.com:8080/new/a/b"},
      {{.path = "/#{host}/#{port}/#{path}", .query = "from=#{protocol}&#{query}"},
       "http://example.com:8080/example.com/8080/a/b?from=http&x=1"},
      {{.path = "/fixed#{nothing}", .query = ""}, "http://example.com:8080/fixed#{nothing}"},
  };
  for (const Case& c : cases) {
    std::string location;
    write_location(c.action, facts, location);
    EXPECT_EQ(location, c.location);
  }
}

TEST(Location, holds_nothing_that_no_uri_holds) {
  std::string location;
  write_location({},
                 {.protocol = "http",
                  .host = "h",
                  .port = 80,
                  .path = "/a\tb c<\"\x01%20[",
                  .query = "x=\x7f>|\xc3\xa4"},
                 location);
  EXPECT_EQ(location, "http://h:80/a%09b%20c%3C%22%01%20[?x=%7F%3E%7C%C3%A4");
}

TEST(Location, has_no_question_mark_without_a_query) {
  std::string location;
  write_location({}, {.protocol = "https", .host = "h", .port = 443, .path = "/", .query = ""},
                 location);
  EXPECT_EQ(location, "https://h:443/");
}

}  // namespace
}  // namespace daruma::proxy
