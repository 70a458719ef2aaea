// SPDX-License-Identifier: Apache-2.0
#include "http/desync.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "http/h1_parser.h"
#include "http/request_inspector.h"

namespace daruma::http {
namespace {

using enum Finding;

RequestHead parsed(std::string_view bytes) {
  RequestHead head;
  EXPECT_EQ(H1RequestParser().parse(bytes, head), ParseStatus::complete)
      << testing::PrintToString(bytes);
  return head;
}

// Each finding: a request that has it, and one that nearly has.
struct Example {
  Finding finding;
  std::string_view with;
  std::string_view without;
};

constexpr Example examples[] = {
    {non_compliant_header, "GET / HTTP/1.1\r\nX Y: z\r\n\r\n", "GET / HTTP/1.1\r\nX_Y: z\r\n\r\n"},
    {non_compliant_header, "GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n",
     "GET / HTTP/1.1\r\nX: a\t\x80\r\n\r\n"},
    {non_compliant_header, "GET / HTTP/1.1\r\nX : y\r\n\r\n", "GET / HTTP/1.1\r\nX:  y \r\n\r\n"},
    {space_in_uri, "GET /a b HTTP/1.1\r\n\r\n", "GET /a%20b HTTP/1.1\r\n\r\n"},
    {space_in_uri, "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n"},
    {non_compliant_version, "GET / HTTP/1.2\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"},
    {non_compliant_version, "GET / HTTP/1.1\t\r\n\r\n", "GET / HTTP/1.1\n\r\n"},
    {non_compliant_version, "GET /\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"},
    {non_compliant_version, "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/0.8\r\n\r\n"},
    {get_head_zero_content_length, "HEAD / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
     "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
    {get_head_zero_content_length, "GET / HTTP/1.1\r\nContent-Length: 00\r\n\r\n",
     "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"},
    {non_crlf_line_termination, "GET / HTTP/1.1\n\r\n", "\nGET / HTTP/1.1\r\n\r\n"},
    {non_crlf_line_termination, "GET / HTTP/1.1\r\nA: b\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
    {non_crlf_line_termination, "GET / HTTP/1.1\r\nA: b\r\n\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n\n"},
    {empty_header, "GET / HTTP/1.1\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nA: \r\n\r\n"},
    {empty_header, "GET / HTTP/1.1\r\n \t: b\r\n\r\n", "GET / HTTP/1.1\r\n A: b\r\n\r\n"},
    {ambiguous_uri, "GET /a\tb HTTP/1.1\r\n\r\n", "GET /a%09b HTTP/1.1\r\n\r\n"},
    {ambiguous_uri, "GET /\x7f HTTP/1.1\r\n\r\n", "GET /\x80\xff HTTP/1.1\r\n\r\n"},
    {undefined_content_length_semantics, "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
     "DELETE / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"},
    {undefined_content_length_semantics, "POST / HTTP/0.9\r\nContent-Length: 1\r\n\r\n",
     "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n"},
    {undefined_transfer_encoding_semantics, "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "get / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {undefined_transfer_encoding_semantics, "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {duplicate_content_length, "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 01\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: 1\r\nX-Content-Length: 1\r\n\r\n"},
    {both_te_cl_present, "PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: 1\r\nTE: chunked\r\n\r\n"},
    {suspicious_header, "PUT / HTTP/1.1\r\nTransfer_Encoding: chunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding2: chunked\r\n\r\n"},
    {suspicious_header, "PUT / HTTP/1.1\r\n-content.length: 1\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Lengths: 1\r\n\r\n"},
    {suspicious_header, "PUT / HTTP/1.1\r\nContentLength: 1\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Lengt: 1\r\n\r\n"},
    {suspicious_header,
     "PUT / HTTP/1.1\r\nTran\xc5\xbf"
     "fer-Encoding: chunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTran\xc5\xbe"
     "fer-Encoding: chunked\r\n\r\n"},
    {suspicious_header, "PUT / HTTP/1.1\r\nTransfer-Encod\xc4\xb1ng: chunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encod\xc4\xb2ng: chunked\r\n\r\n"},
    {suspicious_header, "PUT / HTTP/1.1\r\nA: b\r\n Content-Length: 1\r\n\r\n",
     "PUT / HTTP/1.1\r\nA: Content_Length: 1\r\n\r\n"},
    {multiline_header, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
     "GET / HTTP/1.1\r\nA: b\r\nc:\r\n\r\n"},
    {multiline_header, "GET / HTTP/1.1\r\n A: b\r\n\r\n",
     "GET / HTTP/1.1\r\nContent-Type: b\r\n c: d\r\n\te\r\n\r\n"},
    {multiline_header, "GET / HTTP/1.1\r\nContent-Type: b\r\nA: b\r\n c\r\n\r\n",
     "GET / HTTP/1.1\r\nA: b\r\ncontent-type: c\r\n d\r\n\r\n"},
    {missing_header_colon, "GET / HTTP/1.1\r\nA\r\n\r\n", "GET / HTTP/1.1\r\nA:\r\n\r\n"},
    {missing_uri, "GET HTTP/1.1\r\n\r\n", "GET /HTTP/1.1\r\n\r\n"},
    {missing_uri, "GET  HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"},
    {missing_uri, "GET\r\n\r\n", "GET /\r\n\r\n"},
    {bad_header, "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "GET / HTTP/1.1\r\nA: b\vc\r\n\r\n"},
    {bad_header, "GET / HTTP/1.1\r\n\rA: b\r\n\r\n", "GET / HTTP/1.1\r\n\vA: b\r\n\r\n"},
    {bad_header, {"GET / HTTP/1.1\r\nA: \0\r\n\r\n", 25}, "GET / HTTP/1.1\r\nA: \x01\r\n\r\n"},
    {bad_header, "GET / HTTP/1.1\r\nA: b\r\n c\rd\r\n\r\n",
     "GET / HTTP/1.1\r\nA: b\r\n cd\r\n\r\n"},
    {bad_uri, "GET /a\rb HTTP/1.1\r\n\r\n", "GET /a\vb HTTP/1.1\r\n\r\n"},
    {bad_uri, {"GET \0 HTTP/1.1\r\n\r\n", 18}, "GET / HTTP/1.1\r\n\r\n"},
    {bad_version, "GET / HTTP/1.11\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"},
    {bad_version, "GET / http/1.1\r\n\r\n", "GET / HTTP/1.9\r\n\r\n"},
    {bad_version, "GET / HTTP/1.\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"},
    {bad_version, "GET / FTP\r\n\r\n", "GET /FTP\r\n\r\n"},
    {bad_method, "G(T / HTTP/1.1\r\n\r\n", "G*T / HTTP/1.1\r\n\r\n"},
    {multiple_content_length, "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"},
    {multiple_content_length, "PUT / HTTP/1.1\r\nContent-Length : 1\r\nContent-Length: 2\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length : 2\r\nContent-Length: 2\r\n\r\n"},
    {bad_content_length, "PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: \t1 \r\n\r\n"},
    {bad_content_length, "PUT / HTTP/1.1\r\nContent-Length:\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
    {bad_content_length, "PUT / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n"},
    {bad_content_length, "PUT / HTTP/1.1\r\nContent-Length\r\n\r\n",
     "PUT / HTTP/1.1\r\nContent\r\n\r\n"},
    {multiple_transfer_encoding_chunked,
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip, chunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, gzip, chunked\r\n\r\n"},
    {bad_transfer_encoding, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked,\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: deflate,compress\t, chunked ;\r\n\r\n"},
    {bad_transfer_encoding, "PUT / HTTP/1.1\r\nTransfer-Encoding: \r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"},
    {bad_transfer_encoding, "PUT / HTTP/1.1\r\nTransfer-Encoding: \vchunked\r\n\r\n",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: \tchunked\r\n\r\n"},
};

TEST(Findings, each_is_found_and_its_near_miss_is_not) {
  std::set<Finding> shown;
  for (const Example& example : examples) {
    SCOPED_TRACE(name_of(example.finding));
    shown.insert(example.finding);
    EXPECT_TRUE(parsed(example.with).findings.has(example.finding))
        << testing::PrintToString(example.with);
    EXPECT_FALSE(parsed(example.without).findings.has(example.finding))
        << testing::PrintToString(example.without);
  }
  // These two are of heads that never end: FindingAtClose has their tests.
  shown.insert({partial_header_line, missing_last_empty_line});
  EXPECT_EQ(shown.size(), static_cast<size_t>(finding_count));
}

TEST(Findings, names_are_all_different) {
  std::set<std::string_view> names;
  for (int i = 0; i < finding_count; ++i) names.insert(name_of(static_cast<Finding>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(finding_count));
  EXPECT_EQ(names.count(""), 0u);
  EXPECT_EQ(name_of(non_crlf_line_termination), "NonCrLfLineTermination");
  EXPECT_EQ(name_of(both_te_cl_present), "BothTeClPresent");
}

TEST(Classify, the_first_finding_of_the_highest_tier_is_the_reason) {
  Findings findings;
  EXPECT_EQ(classify(findings).tier, DesyncTier::compliant);
  EXPECT_EQ(classify(findings).reason, std::nullopt);
  findings.set(space_in_uri);
  findings.set(non_compliant_header);
  EXPECT_EQ(classify(findings).tier, DesyncTier::acceptable);
  EXPECT_EQ(classify(findings).reason, space_in_uri);
  findings.set(multiline_header);
  findings.set(empty_header);
  EXPECT_EQ(classify(findings).tier, DesyncTier::ambiguous);
  EXPECT_EQ(classify(findings).reason, multiline_header);
  findings.set(bad_transfer_encoding);
  findings.set(bad_header);
  findings.set(bad_transfer_encoding);
  EXPECT_EQ(classify(findings).tier, DesyncTier::severe);
  EXPECT_EQ(classify(findings).reason, bad_transfer_encoding);
}

TEST(Classify, every_finding_has_the_tier_of_the_specification) {
  for (int i = 0; i < finding_count; ++i) {
    const Finding finding = static_cast<Finding>(i);
    const std::set<Finding> acceptable = {non_compliant_header, space_in_uri, non_compliant_version,
                                          get_head_zero_content_length, non_crlf_line_termination};
    const std::set<Finding> severe = {bad_header,
                                      bad_uri,
                                      bad_version,
                                      bad_method,
                                      multiple_content_length,
                                      bad_content_length,
                                      multiple_transfer_encoding_chunked,
                                      bad_transfer_encoding};
    const DesyncTier tier = acceptable.count(finding) ? DesyncTier::acceptable
                            : severe.count(finding)   ? DesyncTier::severe
                                                      : DesyncTier::ambiguous;
    EXPECT_EQ(tier_of(finding), tier) << name_of(finding);
  }
  EXPECT_EQ(name_of(DesyncTier::compliant), "Compliant");
  EXPECT_EQ(name_of(DesyncTier::acceptable), "Acceptable");
  EXPECT_EQ(name_of(DesyncTier::ambiguous), "Ambiguous");
  EXPECT_EQ(name_of(DesyncTier::severe), "Severe");
}

DesyncDecision decided(std::string_view bytes, DesyncMode mode) {
  const RequestHead head = parsed(bytes);
  return decide(classify(head.findings), head.findings, mode);
}

TEST(Decide, by_tier_and_mode) {
  struct Case {
    std::string_view bytes;
    DesyncDecision monitor, defensive, strictest;
  };
  using enum DesyncDecision;
  constexpr Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", allow, allow, allow},
      {"GET /a b HTTP/1.1\r\n\r\n", allow, allow, block},
      {"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", allow, allow_and_close, block},
      {"PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", allow,
       allow_and_close, block},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", allow, allow_and_close, block},
      // What no reader can frame is stopped even where an ALB only watches.
      {"PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", block, block, block},
      {"PUT / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", block, block, block},
      {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", block, block, block},
      {"GET HTTP/1.1\r\n\r\n", block, block, block},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes);
    EXPECT_EQ(decided(c.bytes, DesyncMode::monitor), c.monitor);
    EXPECT_EQ(decided(c.bytes, DesyncMode::defensive), c.defensive);
    EXPECT_EQ(decided(c.bytes, DesyncMode::strictest), c.strictest);
  }
}

TEST(Decide, every_severe_finding_is_unframeable) {
  for (int i = 0; i < finding_count; ++i) {
    const Finding finding = static_cast<Finding>(i);
    Findings findings;
    findings.set(finding);
    const bool expected = tier_of(finding) == DesyncTier::severe || finding == missing_uri ||
                          finding == partial_header_line || finding == missing_last_empty_line;
    EXPECT_EQ(unframeable(findings), expected) << name_of(finding);
  }
}

TEST(InspectRequest, judges_parts_that_were_never_one_text) {
  RequestHead head;
  head.method_text = "POST";
  head.target = "/x";
  head.fields.add("content-length", " 5 ", FieldId::other);
  head.fields.add("Transfer_Encoding", "chunked", FieldId::other);
  head.fields.add("a\nb", "c", FieldId::other);
  inspect_request(head, "HTTP/1.1");
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 5u);
  EXPECT_EQ(head.fields.find(FieldId::content_length)->value, "5");
  EXPECT_EQ(head.fields.find("Transfer_Encoding"), nullptr);
  EXPECT_TRUE(head.findings.has(suspicious_header));
  EXPECT_TRUE(head.findings.has(bad_header));
}

}  // namespace
}  // namespace daruma::http
