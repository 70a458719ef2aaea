// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/bytes.h"
#include "http/forwarding_headers.h"
#include "http/h1_parser.h"

namespace daruma::http {
namespace {

constexpr std::string_view trace = "Root=1-65f0a1b2-0123456789abcdef01234567";

struct Client {
  std::string_view ip = "192.0.2.7";
  uint16_t listener_port = 80;
  bool secure = false;
};

ClientFacts facts_of(const Client& client) {
  ClientFacts facts;
  facts.peer = *Address::parse(client.ip, 4711);
  facts.peer_ip = client.ip;
  facts.listener_port = client.listener_port;
  facts.secure = client.secure;
  facts.tls_version = client.secure ? "TLSv1.3" : "";
  facts.tls_cipher = client.secure ? "TLS_AES_128_GCM_SHA256" : "";
  return facts;
}

// What the target gets, or "" with `problem` set.
std::string forwarded(const std::string& bytes, const ForwardingSettings& settings = {},
                      const Client& client = {}, ForwardProblem* problem = nullptr,
                      const RequestRewrite& rewrite = {}) {
  RequestHead head;
  EXPECT_EQ(H1RequestParser().parse(bytes, head), ParseStatus::complete) << bytes;
  SlabPool pool;
  Buffer out(pool);
  const TargetParts parts = split_target(head.target, head.method == Method::connect);
  const ClientFacts facts = facts_of(client);
  const ForwardedRequest request{.head = head,
                                 .parts = parts,
                                 .client = facts,
                                 .settings = settings,
                                 .trace_id = trace,
                                 .host_when_missing = "balancer.example",
                                 .rewrite = rewrite};
  const ForwardProblem met = forward_problem(request);
  if (problem) *problem = met;
  if (met == ForwardProblem::none) write_forwarded_request(request, out);
  return std::string(out.view());
}

// The value of the one field of that name; "-" if there is none, "several" if there are more.
std::string value_of(const std::string& bytes, std::string_view name) {
  RequestHead head;
  EXPECT_EQ(H1RequestParser().parse(bytes, head), ParseStatus::complete) << bytes;
  std::string value = "-";
  for (const Field& field : head.fields) {
    if (field.name == name) value = value == "-" ? std::string(field.value) : "several";
  }
  return value;
}

struct Rewritten {
  const char* target;
  const char* host;
  RequestRewrite rewrite;
  uint16_t listener_port;
  bool preserve_host_header;
  const char* line;
  const char* host_sent;
};

TEST(ForwardedRequest, rewritten_by_table) {
  const Rewritten rows[] = {
      {"/a?b", "h.example", {"i.internal", "/c?d"}, 80, false, "GET /c?d HTTP/1.1", "i.internal"},
      {"/a?b", "h.example", {"i.internal", ""}, 80, false, "GET /a?b HTTP/1.1", "i.internal"},
      {"/a?b", "h.example", {"", "/c"}, 80, false, "GET /c HTTP/1.1", "h.example"},
      // The port stays what it would have been.
      {"/", "h:8080", {"i", ""}, 8080, false, "GET / HTTP/1.1", "i:8080"},
      {"/", "h", {"i", ""}, 8080, false, "GET / HTTP/1.1", "i:8080"},
      {"/", "h:9", {"i", ""}, 8080, false, "GET / HTTP/1.1", "i:9"},
      {"/", "h:9", {"i", ""}, 443, false, "GET / HTTP/1.1", "i"},
      {"/", "h:9", {"i", ""}, 443, true, "GET / HTTP/1.1", "i:9"},
      {"/", "h", {"i", ""}, 8080, true, "GET / HTTP/1.1", "i"},
      // Unless the new host brings its own.
      {"/", "h:9", {"i:7", ""}, 8080, false, "GET / HTTP/1.1", "i:7"},
      {"/", "h:9", {"[::1]:7", ""}, 443, true, "GET / HTTP/1.1", "[::1]:7"},
      {"/", "h:9", {"[::1]", ""}, 8080, false, "GET / HTTP/1.1", "[::1]:9"},
      // Absolute-form becomes origin-form.
      {"http://x.example:9/a?b", "h", {"", "/c"}, 8080, false, "GET /c HTTP/1.1", "x.example:9"},
      {"http://x.example:9/a?b", "h", {"i", "/c"}, 8080, true, "GET /c HTTP/1.1", "i:9"},
      {"http://x.example/a?b", "h", {"i", ""}, 80, true, "GET /a?b HTTP/1.1", "i"},
      // What may not stand in a request line is encoded.
      {"/a", "h", {"", "/b c\x01"}, 80, false, "GET /b%20c%01 HTTP/1.1", "h"},
  };
  for (const Rewritten& row : rows) {
    const std::string bytes = std::string("GET ") + row.target + " HTTP/1.1\r\nHost: " + row.host +
                              "\r\nAccept: a\r\n\r\n";
    const std::string sent = forwarded(bytes, {.preserve_host_header = row.preserve_host_header},
                                       {.listener_port = row.listener_port}, nullptr, row.rewrite);
    EXPECT_EQ(sent.substr(0, sent.find('\r')), row.line) << bytes;
    EXPECT_EQ(value_of(sent, "Host"), row.host_sent) << bytes;
    EXPECT_EQ(value_of(sent, "Accept"), "a");
  }
}

TEST(ForwardedRequest, a_rewritten_one_that_is_too_large_is_a_problem) {
  ForwardProblem problem = ForwardProblem::none;
  const std::string url = "/" + std::string(30'000, ' ');
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\n\r\n", {}, {}, &problem, {"", url}), "");
  EXPECT_EQ(problem, ForwardProblem::head_too_large);
}

TEST(ForwardedRequest, as_a_whole) {
  EXPECT_EQ(forwarded("GET /a?b=c HTTP/1.1\r\nHost: h.example\r\nuser-agent: curl\r\n"
                      "Connection: keep-alive\r\nAccept:*/*\r\n\r\n"),
            "GET /a?b=c HTTP/1.1\r\n"
            "X-Forwarded-For: 192.0.2.7\r\n"
            "X-Forwarded-Proto: http\r\n"
            "X-Forwarded-Port: 80\r\n"
            "Host: h.example\r\n"
            "X-Amzn-Trace-Id: Root=1-65f0a1b2-0123456789abcdef01234567\r\n"
            "user-agent: curl\r\n"
            "Accept: */*\r\n"
            "\r\n");
}

TEST(ForwardedRequest, keeps_order_case_and_text_of_other_fields) {
  const std::string text = forwarded(
      "POST / HTTP/1.1\r\nA: 1\r\nCONTENT-type: x/y\r\nb:2\r\nHost: h\r\nA: 3\r\n"
      "Content-Length: 5\r\nC:   4  \r\n\r\n");
  EXPECT_NE(text.find("\r\nA: 1\r\nCONTENT-type: x/y\r\nb: 2\r\nA: 3\r\nC: 4\r\n"
                      "Content-Length: 5\r\n\r\n"),
            text.npos)
      << text;
}

TEST(ForwardedRequest, framing_is_written_anew) {
  struct Case {
    std::string_view head, content_length, transfer_encoding;
  };
  constexpr Case cases[] = {
      {"POST / HTTP/1.1\r\ncontent-length: 007\r\n", "7", "-"},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n", "5", "-"},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n", "0", "-"},
      {"GET / HTTP/1.1\r\nContent-Length: 0\r\n", "-", "-"},
      {"GET / HTTP/1.1\r\nContent-Length: 3\r\n", "3", "-"},
      {"POST / HTTP/1.1\r\ntransfer-encoding: CHUNKED;x\r\n", "-", "chunked"},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "-", "chunked"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n", "5", "-"},
      {"POST / HTTP/1.1\r\nTransfer_Encoding: chunked\r\nContent-Length: 5\r\n", "5", "-"},
      {"POST / HTTP/1.1\r\n", "-", "-"},
  };
  for (const Case& c : cases) {
    const std::string text = forwarded(std::string(c.head) + "Host: h\r\n\r\n");
    EXPECT_EQ(value_of(text, "Content-Length"), c.content_length) << c.head;
    EXPECT_EQ(value_of(text, "Transfer-Encoding"), c.transfer_encoding) << c.head;
    EXPECT_EQ(text.find("dentity"), text.npos);
    EXPECT_EQ(text.find("Transfer_"), text.npos);
  }
}

TEST(ForwardedRequest, hop_by_hop_fields_stay_here) {
  for (const std::string_view field :
       {"Connection: close", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x", "Proxy-Authenticate: Basic", "Upgrade: websocket",
        "TE: gzip", "Expect: 100-continue", "Trailer: X", "X Y: z", " folded", "no colon"}) {
    const std::string text =
        forwarded("PUT / HTTP/1.1\r\nHost: h\r\n" + std::string(field) + "\r\nLast: 1\r\n\r\n");
    EXPECT_NE(text.find("01234567\r\nLast: 1\r\n\r\n"), text.npos) << text;
  }
}

TEST(ForwardedRequest, fields_that_connection_names_stay_here) {
  const std::string text = forwarded(
      "PUT / HTTP/1.1\r\nHost: h\r\nHTTP2-Settings: x\r\nConnection: close, http2-settings ,X-b\r\n"
      "X-A: 1\r\nX-B: 2\r\nConnection: x-c\r\nX-C: 3\r\n\r\n");
  EXPECT_NE(text.find("01234567\r\nX-A: 1\r\n\r\n"), text.npos) << text;
}

TEST(ForwardedRequest, but_a_client_cannot_name_away_what_targets_rely_on) {
  const std::string text = forwarded(
      "PUT / HTTP/1.1\r\nHost: h\r\nConnection: Host, Content-Length, X-Forwarded-For, "
      "X-Forwarded-Proto, X-Forwarded-Port, X-Forwarded-Host, X-Amzn-Trace-Id, Forwarded\r\n"
      "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Host: a\r\nForwarded: for=b\r\n"
      "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(value_of(text, "Host"), "h");
  EXPECT_EQ(value_of(text, "Content-Length"), "2");
  EXPECT_EQ(value_of(text, "X-Forwarded-For"), "198.51.100.1, 192.0.2.7");
  EXPECT_EQ(value_of(text, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(value_of(text, "X-Forwarded-Port"), "80");
  EXPECT_EQ(value_of(text, "X-Forwarded-Host"), "a");
  EXPECT_EQ(value_of(text, "X-Amzn-Trace-Id"), trace);
  EXPECT_EQ(value_of(text, "Forwarded"), "for=b");
}

TEST(ForwardedRequest, nominations_are_limited_in_number) {
  std::string options;
  for (int i = 0; i < 64; ++i) options += "x" + std::to_string(i) + ",";
  const std::string text = forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: " + options +
                                     "over\r\nX63: a\r\nOver: b\r\n\r\n");
  EXPECT_EQ(value_of(text, "X63"), "-");
  EXPECT_EQ(value_of(text, "Over"), "b");
}

TEST(ForwardedRequest, a_wish_for_trailers_is_renewed) {
  const std::string text =
      forwarded("GET / HTTP/1.1\r\nHost: h\r\nTE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n\r\n");
  EXPECT_EQ(value_of(text, "TE"), "trailers");
  EXPECT_EQ(value_of(text, "Connection"), "TE");
}

TEST(ForwardedRequest, trailer_announcement_goes_with_chunks) {
  const std::string text = forwarded(
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n");
  EXPECT_EQ(value_of(text, "Trailer"), "Checksum");
}

TEST(ForwardedRequest, host) {
  struct Case {
    std::string_view line, hosts;
    uint16_t listener_port;
    bool preserve;
    std::string_view expected;
  };
  constexpr Case cases[] = {
      // Default ports: no port, whatever the client said.
      {"GET / HTTP/1.1", "Host: h\r\n", 80, false, "h"},
      {"GET / HTTP/1.1", "Host: h:8080\r\n", 443, false, "h"},
      {"GET / HTTP/1.1", "Host: h:\r\n", 80, false, "h"},
      {"GET / HTTP/1.1", "Host: [::1]:80\r\n", 80, false, "[::1]"},
      // Others: the listener's, unless the client gave one.
      {"GET / HTTP/1.1", "Host: h\r\n", 8080, false, "h:8080"},
      {"GET / HTTP/1.1", "Host: h:\r\n", 8080, false, "h:8080"},
      {"GET / HTTP/1.1", "Host: h:80\r\n", 8080, false, "h:80"},
      {"GET / HTTP/1.1", "Host: [::1]\r\n", 8080, false, "[::1]:8080"},
      {"GET / HTTP/1.1", "Host: h:x\r\n", 8080, false, "h:x"},
      // Preserved.
      {"GET / HTTP/1.1", "Host: h\r\n", 8080, true, "h"},
      {"GET / HTTP/1.1", "Host: h:81\r\n", 80, true, "h:81"},
      // Missing or empty: the load balancer's name.
      {"GET / HTTP/1.0", "", 80, false, "balancer.example"},
      {"GET / HTTP/1.0", "", 8080, false, "balancer.example:8080"},
      {"GET / HTTP/1.0", "", 8080, true, "balancer.example"},
      {"GET / HTTP/1.0", "Host:\r\n", 80, false, "balancer.example"},
      // Absolute-form wins, preserved or not, and its user information is nobody's host.
      {"GET http://a/ HTTP/1.1", "Host: h\r\n", 80, false, "a"},
      {"GET http://a:81/ HTTP/1.1", "Host: h\r\n", 80, false, "a"},
      {"GET http://a:81/ HTTP/1.1", "Host: h\r\n", 80, true, "a:81"},
      {"GET http://u:p@a/ HTTP/1.1", "", 8080, false, "a:8080"},
      {"GET http://a/ HTTP/1.1", "Host: h\r\n", 80, true, "a"},
  };
  for (const Case& c : cases) {
    const std::string text =
        forwarded(std::string(c.line) + "\r\n" + std::string(c.hosts) + "\r\n",
                  {.preserve_host_header = c.preserve}, {.listener_port = c.listener_port});
    EXPECT_EQ(value_of(text, "Host"), c.expected) << c.line << " " << c.hosts;
  }
}

TEST(ForwardedRequest, target) {
  constexpr std::pair<std::string_view, std::string_view> cases[] = {
      {"GET /a?b#c HTTP/1.1", "GET /a?b HTTP/1.1"},
      {"GET /a#/../b HTTP/1.1", "GET /a HTTP/1.1"},
      {"GET http://h#/a HTTP/1.1", "GET / HTTP/1.1"},
      {"GET http://h:81/a?b HTTP/1.1", "GET /a?b HTTP/1.1"},
      {"GET http://h HTTP/1.1", "GET / HTTP/1.1"},
      {"GET http://h?q HTTP/1.1", "GET /?q HTTP/1.1"},
      {"OPTIONS http://h HTTP/1.1", "OPTIONS * HTTP/1.1"},
      {"OPTIONS http://h/ HTTP/1.1", "OPTIONS / HTTP/1.1"},
      {"OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"},
      {"GET /a b HTTP/1.1", "GET /a%20b HTTP/1.1"},
      {"GET /a\tb\x7f HTTP/1.1", "GET /a%09b%7F HTTP/1.1"},
      {"GET http://h/a b HTTP/1.1", "GET /a%20b HTTP/1.1"},
      {"GET /x HTTP/1.0 HTTP/1.1", "GET /x%20HTTP/1.0 HTTP/1.1"},
      {"GET /\xc3\xa4 HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1"},
      {"GET /x HTTP/1.0", "GET /x HTTP/1.1"},
      {"GET /x", "GET /x HTTP/1.1"},
      {"m-search * HTTP/1.1", "m-search * HTTP/1.1"},
  };
  for (const auto& [line, expected] : cases) {
    const std::string text = forwarded(std::string(line) + "\r\nHost: h\r\n\r\n");
    EXPECT_EQ(text.substr(0, text.find("\r\n")), expected);
  }
}

TEST(ForwardedRequest, control_characters_in_values_become_spaces) {
  const std::string text = forwarded(
      "GET / HTTP/1.1\r\nHost: h\r\nA: x\x01y\x7fz\tw\r\nX-Forwarded-For: 1\x02"
      "2\r\n\r\n");
  EXPECT_EQ(value_of(text, "A"), "x y z\tw");
  EXPECT_EQ(value_of(text, "X-Forwarded-For"), "1 2, 192.0.2.7");
}

TEST(ForwardedRequest, forwarded_for) {
  struct Case {
    std::string_view fields, ip;
    XffMode mode;
    bool client_port;
    std::string_view expected;
  };
  constexpr Case cases[] = {
      {"", "192.0.2.7", XffMode::append, false, "192.0.2.7"},
      {"X-Forwarded-For: 1.1.1.1\r\n", "192.0.2.7", XffMode::append, false, "1.1.1.1, 192.0.2.7"},
      {"X-Forwarded-For: a\r\nx-forwarded-for: b, c\r\n", "192.0.2.7", XffMode::append, false,
       "a, b, c, 192.0.2.7"},
      {"X-Forwarded-For:\r\n", "192.0.2.7", XffMode::append, false, "192.0.2.7"},
      {"", "2001:db8::7", XffMode::append, false, "2001:db8::7"},
      {"X-Forwarded-For: ::1\r\n", "2001:db8::7", XffMode::append, false, "::1, 2001:db8::7"},
      {"X-Forwarded-For: [::1]:80\r\n", "2001:db8::7", XffMode::append, false,
       "[::1]:80, [2001:db8::7]"},
      {"X-Forwarded-For: 1.1.1.1:80\r\n", "2001:db8::7", XffMode::append, false,
       "1.1.1.1:80, [2001:db8::7]"},
      {"X-Forwarded-For: 1.1.1.1\r\n", "192.0.2.7", XffMode::append, true,
       "1.1.1.1, 192.0.2.7:4711"},
      {"", "2001:db8::7", XffMode::append, true, "[2001:db8::7]:4711"},
      {"X-Forwarded-For: a\r\n", "192.0.2.7", XffMode::preserve, true, "a"},
      {"", "192.0.2.7", XffMode::preserve, false, "-"},
      {"X-Forwarded-For: a\r\n", "192.0.2.7", XffMode::remove, true, "-"},
  };
  for (const Case& c : cases) {
    const std::string text =
        forwarded("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(c.fields) + "\r\n",
                  {.xff_mode = c.mode, .xff_client_port = c.client_port}, {.ip = c.ip});
    EXPECT_EQ(value_of(text, "X-Forwarded-For"), c.expected) << c.fields;
  }
}

TEST(ForwardedRequest, thirty_addresses_are_passed_on_and_one_more_is_a_problem) {
  for (const XffMode mode : {XffMode::append, XffMode::preserve, XffMode::remove}) {
    std::string list = "a";
    for (int i = 1; i < 29; ++i) list += ", a";
    const std::string begin =
        "GET / HTTP/1.1\r\nX-Forwarded-For: " + list + "\r\nX-Forwarded-For: ";
    ForwardProblem problem;
    EXPECT_NE(forwarded(begin + "b\r\n\r\n", {.xff_mode = mode}, {}, &problem), "");
    EXPECT_EQ(problem, ForwardProblem::none);
    EXPECT_EQ(forwarded(begin + "b, c\r\n\r\n", {.xff_mode = mode}, {}, &problem), "");
    EXPECT_EQ(problem, ForwardProblem::too_many_forwarded_for);
  }
}

TEST(ForwardedRequest, what_the_client_says_of_protocol_port_and_trace_is_replaced) {
  const std::string text = forwarded(
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Port: 1\r\n"
      "X-Amzn-Trace-Id: x\r\n\r\n",
      {}, {.listener_port = 8443, .secure = true});
  EXPECT_EQ(value_of(text, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(value_of(text, "X-Forwarded-Port"), "8443");
  EXPECT_EQ(value_of(text, "X-Amzn-Trace-Id"), trace);
}

TEST(ForwardedRequest, tls_fields_are_the_load_balancers_own_where_switched_on) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: h\r\nx-amzn-tls-version: forged\r\nX-Amzn-Tls-Cipher-Suite: "
      "forged\r\n\r\n";
  const std::string secure =
      forwarded(bytes, {.add_tls_version_and_cipher = true}, {.secure = true});
  EXPECT_EQ(value_of(secure, "X-Amzn-Tls-Version"), "TLSv1.3");
  EXPECT_EQ(value_of(secure, "X-Amzn-Tls-Cipher-Suite"), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(secure.find("forged"), secure.npos);
  const std::string plain = forwarded(bytes, {.add_tls_version_and_cipher = true});
  EXPECT_EQ(plain.find("orged"), plain.npos);
  EXPECT_EQ(plain.find("Tls"), plain.npos);
  EXPECT_NE(forwarded(bytes).find("x-amzn-tls-version: forged"), std::string::npos);
}

std::string told_of(const ClientCertificate* certificate, const ForwardingSettings& settings,
                    const std::string& received = "",
                    std::optional<CertificateTelling> handshake = std::nullopt) {
  RequestHead head;
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + received + "\r\n";
  EXPECT_EQ(H1RequestParser().parse(bytes, head), ParseStatus::complete);
  SlabPool pool;
  Buffer out(pool);
  const TargetParts parts = split_target(head.target, false);
  ClientFacts facts = facts_of({.secure = true});
  facts.certificate = certificate;
  facts.certificate_telling = handshake.value_or(settings.certificate);
  const ForwardedRequest request{
      .head = head, .parts = parts, .client = facts, .settings = settings};
  if (forward_problem(request) != ForwardProblem::none) return "too large";
  write_forwarded_request(request, out);
  return std::string(out.view());
}

constexpr const char* certificate_names[] = {
    "X-Amzn-Mtls-Clientcert-Serial-Number", "X-Amzn-Mtls-Clientcert-Issuer",
    "X-Amzn-Mtls-Clientcert-Subject",       "X-Amzn-Mtls-Clientcert-Validity",
    "X-Amzn-Mtls-Clientcert-Leaf",          "X-Amzn-Mtls-Clientcert"};

TEST(ForwardedRequest, tells_of_the_clients_certificate_what_the_listener_says) {
  const ClientCertificate shown{"0A", "CN=ca", "CN=me", "NotBefore=a;NotAfter=b", "leaf", "chain"};
  const ClientCertificateNames names;
  const std::string verified = told_of(
      &shown, {.certificate = CertificateTelling::verified_leaf, .certificate_names = &names});
  const char* values[] = {"0A", "CN=ca", "CN=me", "NotBefore=a;NotAfter=b", "leaf", "-"};
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(value_of(verified, certificate_names[i]), values[i]);
  const std::string passed =
      told_of(&shown, {.certificate = CertificateTelling::chain, .certificate_names = &names});
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(value_of(passed, certificate_names[i]), "-");
  EXPECT_EQ(value_of(passed, certificate_names[5]), "chain");
  EXPECT_EQ(told_of(&shown, {}).find("Clientcert"), std::string::npos);
}

TEST(ForwardedRequest, a_certificate_is_told_only_as_its_handshake_was_made) {
  const ClientCertificate shown{"0A", "CN=ca", "CN=me", "NotBefore=a;NotAfter=b", "leaf", "chain"};
  const ClientCertificateNames names;
  constexpr CertificateTelling all[] = {CertificateTelling::nothing, CertificateTelling::chain,
                                        CertificateTelling::verified_leaf};
  for (const CertificateTelling handshake : all) {
    for (const CertificateTelling listener : all) {
      const std::string told =
          told_of(&shown, {.certificate = listener, .certificate_names = &names}, "", handshake);
      const bool tells = handshake == listener && listener != CertificateTelling::nothing;
      EXPECT_EQ(told.find("Clientcert") != told.npos, tells);
    }
  }
}

TEST(ForwardedRequest, fields_that_look_like_a_certificates_are_marked) {
  ClientCertificateNames names;
  names.subject = "Client-Name";
  Fields fields;
  for (const char* name :
       {"client_name", "CLIENT-NAME", "X_Amzn_Mtls-Clientcert-Leaf", "x-amzn-mtls-clientcert-more"})
    fields.add(name, "forged");
  mark_certificate_fields(names, fields);
  for (const Field& field : fields)
    EXPECT_TRUE(field.id == FieldId::x_amzn_mtls_clientcert) << field.name;
  Fields others;
  for (const char* name : {"Client-Names", "Client", "Host"}) others.add(name, "kept");
  mark_certificate_fields(names, others);
  for (const Field& field : others)
    EXPECT_FALSE(field.id == FieldId::x_amzn_mtls_clientcert) << field.name;
}

TEST(ForwardedRequest, nobody_but_daruma_tells_of_certificates) {
  std::string forged;
  for (const char* name : certificate_names) {
    forged += std::string(name) + ": forged\r\n" + ascii_lowered(name) + ": forged\r\n";
  }
  EXPECT_EQ(told_of(nullptr, {}, forged).find("forged"), std::string::npos);
  // Where targets go by them, look-alikes go too, and the names that are the listener's own.
  ClientCertificateNames names;
  names.subject = "Client-Name";
  const ForwardingSettings settings{.certificate = CertificateTelling::verified_leaf,
                                    .certificate_names = &names};
  forged += "X_Amzn_Mtls_Clientcert_Leaf: forged\r\nclient_name: forged\r\nClient-Name: forged\r\n";
  const std::string none = told_of(nullptr, settings, forged + "Client-Names: kept\r\n");
  EXPECT_EQ(none.find("forged"), std::string::npos);
  EXPECT_EQ(value_of(none, "Client-Names"), "kept");
  const ClientCertificate shown{"0A", "CN=ca", "CN=me", "", "", ""};
  EXPECT_EQ(value_of(told_of(&shown, settings, forged), "Client-Name"), "CN=me");
}

TEST(ForwardedRequest, a_certificate_that_fits_no_head_is_refused) {
  ClientCertificate shown;
  shown.chain.assign(Buffer::size_max(), 'x');
  const ClientCertificateNames names;
  EXPECT_TRUE(told_of(&shown, {.certificate = CertificateTelling::chain,
                               .certificate_names = &names}) == "too large");
}

TEST(ForwardedRequest, what_is_not_told_of_a_certificate_takes_no_room) {
  ClientCertificate chain, leaf;
  chain.chain.assign(Buffer::size_max() / 2, 'x');
  chain.leaf.assign(Buffer::size_max(), 'x');
  leaf.leaf = chain.chain;
  leaf.chain = chain.leaf;
  const ClientCertificateNames names;
  EXPECT_FALSE(told_of(&chain, {.certificate = CertificateTelling::chain,
                                .certificate_names = &names}) == "too large");
  EXPECT_FALSE(told_of(&leaf, {.certificate = CertificateTelling::verified_leaf,
                               .certificate_names = &names}) == "too large");
  EXPECT_FALSE(told_of(&chain, {}) == "too large");
}

TEST(ForwardedRequest, trailers_pass_as_fields_of_the_head_do) {
  constexpr std::string_view trailers = "A: 1\r\nB_b: 2\r\nx-amzn-tls-version: 3\r\nC:4\r\n";
  Fields head;
  EXPECT_EQ(passing_trailers(trailers, {}), trailers);
  EXPECT_EQ(passing_trailers(trailers, {.head = &head}), trailers);
  head.add("Connection", "c, D");
  EXPECT_EQ(passing_trailers(trailers, {.head = &head}),
            "A: 1\r\nB_b: 2\r\nx-amzn-tls-version: 3\r\n");
  EXPECT_EQ(passing_trailers(trailers, {&head, {.drop_invalid_header_fields = true}}),
            "A: 1\r\nx-amzn-tls-version: 3\r\n");
  EXPECT_EQ(passing_trailers(trailers, {&head, {.add_tls_version_and_cipher = true}}),
            "A: 1\r\nB_b: 2\r\n");
  EXPECT_EQ(passing_trailers("", {.head = &head}), "");
}

TEST(ForwardedRequest, drops_names_outside_the_rule_where_switched_on) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: h\r\nX_A: 1\r\nX.B: 2\r\nX-C3: 3\r\nX~D: 4\r\n\r\n";
  const std::string dropped = forwarded(bytes, {.drop_invalid_header_fields = true});
  EXPECT_NE(dropped.find("01234567\r\nX-C3: 3\r\n\r\n"), dropped.npos) << dropped;
  const std::string kept = forwarded(bytes);
  EXPECT_NE(kept.find("\r\nX_A: 1\r\nX.B: 2\r\nX-C3: 3\r\nX~D: 4\r\n\r\n"), kept.npos) << kept;
}

TEST(ForwardedRequest, the_largest_head_still_fits) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  while (bytes.size() < 60'000) bytes += "A:" + std::string(400, 'x') + "\n";
  bytes += "A: " + std::string(65'536 - bytes.size() - 7, 'y') + "\r\n\r\n";
  ASSERT_EQ(bytes.size(), 65'536u);
  EXPECT_GT(forwarded(bytes).size(), bytes.size());
}

TEST(ForwardedRequest, a_head_that_outgrows_the_buffer_when_encoded_is_a_problem) {
  std::string bytes = "GET /" + std::string(16'000, '\x01') + " HTTP/1.1\r\n";
  for (int i = 0; i < 4; ++i) bytes += "A: " + std::string(12'000, 'x') + "\r\n";
  ForwardProblem problem;
  EXPECT_EQ(forwarded(bytes + "\r\n", {}, {}, &problem), "");
  EXPECT_EQ(problem, ForwardProblem::head_too_large);
}

std::string_view text_of(const TraceRoot& root) {
  return {root.data(), root.size()};
}

TEST(TraceId, root_is_made_of_time_and_chance) {
  const TraceRoot root = make_trace_root(0x65f0a1b2, 0xffffffff00000001, 0x23456789abcdef00);
  EXPECT_EQ(text_of(root), "1-65f0a1b2-0000000123456789abcdef00");
}

TEST(TraceId, is_combined_with_what_came) {
  const TraceRoot fresh = make_trace_root(0x22222222, 0x22222222, 0x2222222222222222);
  const std::string self = "Self=" + std::string(text_of(fresh));
  const std::string root = "Root=" + std::string(text_of(fresh));
  const std::pair<std::string_view, std::string> cases[] = {
      {"Root=1-a-b", self + ";Root=1-a-b"},
      {"Root=1-a-b;CalledFrom=app", self + ";Root=1-a-b;CalledFrom=app"},
      {"Self=1-c-d;Root=1-a-b", self + ";Root=1-a-b"},
      {"Root=1-a-b; Self=1-c-d; x=y", self + ";Root=1-a-b;x=y"},
      {"x=y", root + ";x=y"},
      {"Self=1-c-d", root},
      {"", root},
      {";;", root},
  };
  std::string combined = "left over";
  combine_trace_id(nullptr, fresh, combined);
  EXPECT_EQ(combined, root);
  for (const auto& [received, expected] : cases) {
    const Field field{"X-Amzn-Trace-Id", received, FieldId::x_amzn_trace_id};
    combine_trace_id(&field, fresh, combined);
    EXPECT_EQ(combined, expected) << received;
  }
  const std::string begin = self + ";Root=1;";
  const std::string fits = "Root=1;" + std::string(7 * 1024 - begin.size(), 'x');
  Field field{"X-Amzn-Trace-Id", fits, FieldId::x_amzn_trace_id};
  combine_trace_id(&field, fresh, combined);
  EXPECT_EQ(combined.size(), 7u * 1024);
  const std::string over = fits + "x";
  field.value = over;
  combine_trace_id(&field, fresh, combined);
  EXPECT_EQ(combined, root);
}

}  // namespace
}  // namespace daruma::http
