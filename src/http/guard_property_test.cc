// SPDX-License-Identifier: Apache-2.0
//
// Random requests, most of them odd, through the guard and the rewriting: see guard_property.h.
#include "http/guard_property.h"

#include <gtest/gtest.h>

#include <array>
#include <span>

#include "base/random.h"

namespace daruma::http {
namespace {

constexpr uint64_t seed = 20260807;
constexpr int cases = 200'000;

using Words = std::span<const std::string_view>;

constexpr std::string_view methods[] = {"POST", "GET", "PUT", "HEAD", "OPTIONS", "get", "M-SEARCH"};
constexpr std::string_view targets[] = {
    "/",      "/a/b?c=d",     "/a b",          "/%20", "*",         "http://h.example/x?y",
    "/\x01",  "/x\tHTTP/1.1", "http://h",      "",     "/x#y",      "http://u@h.example:8080",
    "/a\x7f", "/ HTTP/1.0",   "http://[::1]/", "//x",  "/\xc3\xa4", "https://h?q"};
constexpr std::string_view versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/1.1 ", "HTTP/1.2",
                                         "HTTP/0.9", "",         "HTTP/1.1x", "\tHTTP/1.1"};
constexpr std::string_view names[] = {"Host",
                                      "Content-Length",
                                      "Transfer-Encoding",
                                      "Connection",
                                      "TE",
                                      "Expect",
                                      "Upgrade",
                                      "X-Forwarded-For",
                                      "X-Amzn-Trace-Id",
                                      "Cookie",
                                      "content-length",
                                      "Transfer_Encoding",
                                      "Transfer-Encoding ",
                                      " Transfer-Encoding",
                                      "\tContent-Length",
                                      "Content-Length\x0b",
                                      "ContentLength",
                                      "X Y",
                                      "",
                                      "X-\x01",
                                      "Content-Type",
                                      " folded",
                                      "Keep-Alive",
                                      "Trailer",
                                      "X_Under",
                                      "X-Amzn-Tls-Version",
                                      "Trans\xc5\xbf"
                                      "er-Encoding"};
constexpr std::string_view lengths[] = {"5", "5", "6", "0", "007", "5, 5", "+5", ""};
constexpr std::string_view codings[] = {
    "chunked",           "chunked",   "identity",         "gzip, chunked", "chunked, identity",
    "identity, chunked", "chunked;q", "chunked, chunked", "Chunked",       "xchunked"};
constexpr std::string_view values[] = {"",
                                       "0",
                                       "5",
                                       "5",
                                       "007",
                                       "chunked",
                                       "chunked",
                                       "identity",
                                       "gzip, chunked",
                                       "chunked, identity",
                                       "chunked;q",
                                       "keep-alive",
                                       "close, Host, X-Forwarded-For, Content-Length",
                                       "TE, Cookie",
                                       "trailers",
                                       "100-continue",
                                       "keep-alive, Upgrade",
                                       "h2c, websocket",
                                       "h.example",
                                       "h.example:8080",
                                       "[::1]:99",
                                       "a:b:c",
                                       "192.0.2.1, 192.0.2.2",
                                       "Root=1-2-3;Self=1-3-4;x=y",
                                       "a\x01"
                                       "b",
                                       "a\tb",
                                       "\x7f",
                                       "x  ",
                                       "+5",
                                       "5, 5"};
constexpr RequestRewrite rewrites[] = {{},           {"i.example", ""},  {"i.example:81", "/b?c"},
                                       {"", "/b c"}, {"[::1]", "/\x01"}, {"", "/\xc3\xa4"}};
constexpr std::string_view line_ends[] = {"\r\n", "\r\n", "\r\n", "\n", "\r\r\n"};
constexpr std::string_view framing_names[] = {"Content-Length", "Transfer-Encoding"};
constexpr std::string_view separators[] = {": ", ":", ":\t", " : ", ""};
constexpr std::string_view noise("\0\r\n\t :,;-_\x0b\x7f\x80\xffgG0/\"", 19);

class RequestMaker {
 public:
  explicit RequestMaker(Random& random) : random_(random) {}

  std::string make() {
    std::string text = random_.chance(1, 50) ? "\r\n" : "";
    text += usually(methods);
    text += random_.chance(1, 30) ? "  " : " ";
    text += usually(targets);
    text += ' ';
    text += usually(versions);
    text += usually(line_ends);
    for (uint64_t left = random_.below(6); left > 0; --left) add_field(text);
    text += random_.chance(1, 20) ? "\n" : "\r\n";
    if (random_.chance(1, 3)) mutate(text);
    return text;
  }

 private:
  std::string_view any(Words words) { return words[random_.below(words.size())]; }
  // So that one request has few oddities, not all.
  std::string_view usually(Words words) { return random_.chance(3, 4) ? words[0] : any(words); }

  void add_field(std::string& text) {
    const std::string_view name = random_.chance(1, 2) ? any(framing_names) : any(names);
    const std::string folded = ascii_lowered(name);
    text += name;
    text += usually(separators);
    if (folded.find("length") != folded.npos && random_.chance(7, 8)) {
      text += any(lengths);
    } else if (folded.find("transfer") != folded.npos && random_.chance(7, 8)) {
      text += any(codings);
    } else {
      text += any(values);
    }
    text += usually(line_ends);
  }

  void mutate(std::string& text) {
    for (uint64_t left = 1 + random_.below(3); left > 0 && !text.empty(); --left) {
      const size_t at = random_.below(text.size());
      const char c = noise[random_.below(noise.size())];
      switch (random_.below(4)) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        case 2:
          text.erase(at, 1 + random_.below(3));
          break;
        default:
          text.insert(at, text.substr(random_.below(text.size()), random_.below(40)));
      }
    }
  }

  Random& random_;
};

GuardSubject any_subject(Random& random) {
  GuardSubject subject;
  subject.mode = random.chance(1, 2) ? DesyncMode::defensive : DesyncMode::monitor;
  subject.settings.xff_mode = static_cast<XffMode>(random.below(3));
  subject.settings.xff_client_port = random.chance(1, 4);
  subject.settings.preserve_host_header = random.chance(1, 4);
  subject.settings.drop_invalid_header_fields = random.chance(1, 4);
  subject.settings.add_tls_version_and_cipher = random.chance(1, 4);
  subject.client.peer = *Address::parse(random.chance(1, 2) ? "192.0.2.7" : "2001:db8::7", 4711);
  subject.client.peer_ip = subject.client.peer.ip();
  subject.client.listener_port = random.chance(1, 2) ? 80 : 8443;
  subject.client.secure = random.chance(1, 2);
  subject.client.tls_version = "TLSv1.3";
  subject.client.tls_cipher = "TLS_AES_128_GCM_SHA256";
  if (random.chance(1, 2)) subject.rewrite = rewrites[random.below(std::size(rewrites))];
  return subject;
}

TEST(GuardProperty, what_is_let_through_reads_in_one_way) {
  Random random(seed);
  RequestMaker maker(random);
  size_t forwarded_total = 0, odd_forwarded_total = 0;
  for (int i = 0; i < cases; ++i) {
    const std::string bytes = maker.make();
    const GuardSubject subject = any_subject(random);
    std::string forwarded;
    const std::string violation = guard_violation(bytes, subject, forwarded);
    ASSERT_EQ(violation, "") << "case " << i << " of seed " << seed << "\n--- came\n"
                             << testing::PrintToString(bytes) << "\n--- left\n"
                             << forwarded;
    if (forwarded.empty()) continue;
    ++forwarded_total;
    RequestHead head;
    H1RequestParser().parse(bytes, head);
    odd_forwarded_total += !head.findings.empty();
  }
  // Else the property would hold of nothing.
  EXPECT_GT(forwarded_total, cases / 10u);
  EXPECT_GT(odd_forwarded_total, cases / 20u);
}

// The property itself can fail: what it watches over, one kind each.
TEST(GuardProperty, objects_to_what_a_sloppy_reader_would_misread) {
  constexpr std::pair<std::string_view, std::string_view> cases_by_objection[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n\r\n", "bare CR or LF"},
      {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "bare CR or LF"},
      {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", "no field"},
      {"GET / HTTP/1.1\r\n folded\r\n\r\n", "no field"},
      {"GET /a b HTTP/1.1\r\n\r\n", "not three words"},
      {"GET / HTTP/1.0\r\n\r\n", "version"},
      {"GET / HTTP/1.1\r\nTransfer_Encoding: x\r\n\r\n", "look-alike"},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n", "framed twice"},
      {"GET / HTTP/1.1\r\n\r\nX", "bytes after the head"},
      {"GET / HTTP/1.1\r\n", "no line end"},
  };
  for (const auto& [bytes, objection] : cases_by_objection) {
    EXPECT_EQ(sloppy_reader_objects(bytes), objection) << bytes;
  }
}

}  // namespace
}  // namespace daruma::http
