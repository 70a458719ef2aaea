// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace daruma::telemetry {
namespace {

using Json = nlohmann::json;

std::string translated(LogFormat format, LogKind kind, std::string_view line) {
  LogTranslator translator;
  std::string out;
  translator.append(format, kind, line, out);
  return out;
}

constexpr std::string_view health =
    "http 2026-10-31T12:44:58.901409Z 1.121980746 172.31.31.9:80 apache FAIL 502 TargetError "
    "app/web/5 192.0.2.1";
constexpr std::string_view access =
    "https 2026-10-03T12:00:00.000001Z app/web/5 192.0.2.7:41234 - -1 -1 -1 503 - 120 340 "
    "\"GET https://h.example:443/a?b=\\x22c\\x22 HTTP/1.1\" \"M\\xc3\\xb6zilla\\x5c\" - - - "
    "\"Root=1-2\" \"h.example\" \"-\" 0 2026-10-03T12:00:00.000000Z \"forward\" \"-\" "
    "\"no_registered_targets\" \"-\" \"-\" \"-\" \"-\" TID_1 \"-\" \"-\" \"-\" 192.0.2.1";

TEST(LogFormat, a_line_has_as_many_fields_as_names) {
  std::vector<std::string_view> fields;
  split_log_line(access, fields);
  ASSERT_EQ(fields.size(), log_fields(LogKind::access).size());
  EXPECT_EQ(fields.front(), "https");
  EXPECT_EQ(fields[12], "GET https://h.example:443/a?b=\\x22c\\x22 HTTP/1.1");
  EXPECT_EQ(fields.back(), "192.0.2.1");
  split_log_line(health, fields);
  EXPECT_EQ(fields.size(), log_fields(LogKind::health_check).size());
}

TEST(LogFormat, reads_any_text) {
  std::vector<std::string_view> fields;
  for (const char* line : {"", " ", "\"", "\"\"", "a \"b", "\"a\"b c", "  a"}) {
    split_log_line(line, fields);
    EXPECT_LE(fields.size(), 4u) << line;
  }
}

TEST(LogFormat, json_has_types_and_leaves_out_what_there_is_not) {
  const Json line = Json::parse(translated(LogFormat::json, LogKind::access, access));
  EXPECT_EQ(line["elb_status_code"], 503);
  EXPECT_EQ(line["target_processing_time"], -1);
  EXPECT_EQ(line["request"], "GET https://h.example:443/a?b=\"c\" HTTP/1.1");
  EXPECT_EQ(line["user_agent"], "M\xc3\xb6zilla\\");
  EXPECT_EQ(line["error_reason"], "no_registered_targets");
  EXPECT_FALSE(line.contains("target"));
  EXPECT_FALSE(line.contains("target_status_code"));
  const Json probe = Json::parse(translated(LogFormat::json, LogKind::health_check, health));
  EXPECT_EQ(probe["latency"], 1.121980746);
  EXPECT_EQ(probe["reason_code"], "TargetError");
}

// Whatever a client sends: the line stays JSON of one line.
TEST(LogFormat, json_of_every_byte) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string line = "https t e c t 1 1 1 200 200 1 1 \"GET /\\x";
    line += "0123456789abcdef"[byte / 16];
    line += "0123456789abcdef"[byte % 16];
    line += "\"";
    const std::string out = translated(LogFormat::json, LogKind::access, line);
    EXPECT_EQ(std::ranges::count(out, '\n'), 1) << byte;
    const Json json = Json::parse(out, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << out;
    const std::string request = json["request"];
    if (byte < 0x80) {
      EXPECT_EQ(request, std::string("GET /") + static_cast<char>(byte));
    } else {
      EXPECT_EQ(request, line.substr(line.find("GET"), 9)) << "no UTF-8 stays escaped";
    }
  }
}

TEST(LogFormat, ltsv_has_every_field) {
  EXPECT_EQ(translated(LogFormat::ltsv, LogKind::health_check, health),
            "type:http\ttime:2026-10-31T12:44:58.901409Z\tlatency:1.121980746\t"
            "target_addr:172.31.31.9:80\ttarget_group_id:apache\tstatus:FAIL\tstatus_code:502\t"
            "reason_code:TargetError\telb:app/web/5\tip_address:192.0.2.1\n");
}

TEST(LogFormat, alb_is_the_line_itself) {
  EXPECT_EQ(translated(LogFormat::alb, LogKind::access, access), std::string(access) + "\n");
}

}  // namespace
}  // namespace daruma::telemetry
