// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::proxy {
namespace {

constexpr WallTime some_time{std::chrono::microseconds(1'700'000'000'186'641)};

AccessLogRecord full_record() {
  AccessLogRecord record;
  record.type = record.protocol = "https";
  record.time = some_time;
  record.created = some_time - std::chrono::microseconds(86'641);
  record.load_balancer = "app/web/50dc6c495c0c9188";
  record.client_ip = "192.0.2.7";
  record.client_port = 2817;
  record.target = "127.0.0.2:8443";
  record.request_seconds = 0.001;
  record.target_seconds = 0.0485;
  record.response_seconds = 0;
  record.status = record.target_status = 200;
  record.received_bytes = 34;
  record.sent_bytes = 366;
  record.method = "GET";
  record.host = "www.example.com";
  record.port = 8443;
  record.path_and_query = "/a?b=c";
  record.user_agent = "curl/7.88.1";
  record.tls_cipher = "TLS_AES_128_GCM_SHA256";
  record.tls_version = "TLSv1.3";
  record.target_group_arn = "arn:aws:elasticloadbalancing:local:0:targetgroup/apache/1";
  record.trace_id = "Root=1-58337262-36d228ad5d99923122bbe354";
  record.server_name = "www.example.com";
  record.certificate = "arn:aws:acm:local:0:certificate/site";
  record.rule_priority = 0;
  record.action = "forward";
  record.connection_id = "TID_1";
  record.node_ip = "127.0.0.1";
  return record;
}

std::string line_of(const AccessLogRecord& record) {
  AccessLogFormatter formatter;
  return std::string(formatter.format(record));
}

// Splits as log parsers do: by spaces outside quotes.
std::vector<std::string> tokens_of(const std::string& line) {
  std::vector<std::string> tokens(1);
  bool in_quotes = false;
  for (const char c : line) {
    if (c == '"') in_quotes = !in_quotes;
    if (c == ' ' && !in_quotes) {
      tokens.emplace_back();
    } else {
      tokens.back().push_back(c);
    }
  }
  return tokens;
}

TEST(AccessLogLine, has_every_field_in_its_place) {
  EXPECT_EQ(
      line_of(full_record()),
      "https 2023-11-14T22:13:20.186641Z app/web/50dc6c495c0c9188 192.0.2.7:2817 127.0.0.2:8443 "
      "0.001000 "
      "0.048500 0.000000 200 200 34 366 \"GET https://www.example.com:8443/a?b=c HTTP/1.1\" "
      "\"curl/7.88.1\" "
      "TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:local:0:targetgroup/apache/1 "
      "\"Root=1-58337262-36d228ad5d99923122bbe354\" \"www.example.com\" "
      "\"arn:aws:acm:local:0:certificate/site\" 0 2023-11-14T22:13:20.100000Z \"forward\" \"-\" "
      "\"-\" "
      "\"127.0.0.2:8443\" \"200\" \"-\" \"-\" TID_1 \"-\" \"-\" \"-\" 127.0.0.1");
}

TEST(AccessLogLine, has_34_fields_also_where_nothing_is_known) {
  EXPECT_EQ(tokens_of(line_of(full_record())).size(), 34u);
  EXPECT_EQ(tokens_of(line_of({})).size(), 34u);
}

TEST(AccessLogLine, says_why_daruma_answered_itself) {
  AccessLogRecord record = full_record();
  record.status = 502;
  record.target_status = 0;
  record.request_seconds = record.target_seconds = record.response_seconds = -1;
  record.reason = model::Reason::target_connection_refused;
  const std::vector<std::string> tokens = tokens_of(line_of(record));
  EXPECT_EQ(tokens[5], "-1");
  EXPECT_EQ(tokens[8], "502");
  EXPECT_EQ(tokens[9], "-");
  EXPECT_EQ(tokens[24], "\"target_connection_refused\"");
}

TEST(AccessLogLine, cannot_be_broken_by_what_a_client_sends) {
  AccessLogRecord record = full_record();
  record.user_agent = "a\" b\r\nc\x01\xff\\";
  record.path_and_query = "/\"\n x";
  const std::string line = line_of(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find("\"a\\x22 b\\x0d\\x0ac\\x01\\xff\\x5c\""), std::string::npos);
  EXPECT_EQ(tokens_of(line).size(), 34u);
}

TEST(AccessLogLine, tells_what_was_transformed) {
  AccessLogRecord record = full_record();
  const std::string uri = "/" + std::string(5'000, '"');
  record.transformed_host = "internal.example";
  record.transformed_uri = uri;
  record.transform_status = "TransformSuccess";
  const std::vector<std::string> tokens = tokens_of(line_of(record));
  EXPECT_EQ(tokens[30], "\"internal.example\"");
  EXPECT_EQ(tokens[31].size(), 3 + 4 * 5'000u);
  EXPECT_EQ(tokens[32], "\"TransformSuccess\"");
  EXPECT_EQ(tokens[33], "127.0.0.1");
}

TEST(AccessLogLine, puts_an_ipv6_client_into_brackets) {
  AccessLogRecord record = full_record();
  record.client_ip = "2001:db8::7";
  EXPECT_EQ(tokens_of(line_of(record))[3], "[2001:db8::7]:2817");
}

TEST(AccessLogLine, tells_the_time_of_each_record) {
  AccessLogFormatter formatter;
  AccessLogRecord record = full_record();
  formatter.format(record);
  record.time += std::chrono::microseconds(59'813'359);
  EXPECT_EQ(tokens_of(std::string(formatter.format(record)))[1], "2023-11-14T22:14:20.000000Z");
}

TEST(AccessLogLine, grows_with_what_it_must_hold) {
  AccessLogRecord record = full_record();
  const std::string path(20'000, 'x');
  record.path_and_query = path;
  EXPECT_NE(line_of(record).find(path), std::string::npos);
}

TEST(AccessLogLine, names_tier_and_reason_of_an_odd_request) {
  AccessLogRecord record = full_record();
  record.desync = {http::DesyncTier::ambiguous, http::Finding::both_te_cl_present};
  const std::vector<std::string> tokens = tokens_of(line_of(record));
  EXPECT_EQ(tokens[27], "\"Ambiguous\"");
  EXPECT_EQ(tokens[28], "\"BothTeClPresent\"");
}

}  // namespace
}  // namespace daruma::proxy
