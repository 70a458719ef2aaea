// SPDX-License-Identifier: Apache-2.0
#include "app/log_filter.h"

#include <gtest/gtest.h>

#include "telemetry/log_format.h"

namespace daruma::app {
namespace {

using telemetry::LogFormat;

constexpr std::string_view line =
    "https 2026-10-03T12:00:00.000001Z app/web/5 192.0.2.7:41234 10.0.0.2:80 0.1 -1 -1 502 - 120 "
    "340 \"GET https://Shop.example.com:443/cart/7?id=1 HTTP/1.1\" \"curl\" - - - \"Root=1-2\" "
    "\"-\" \"-\" 0 2026-10-03T12:00:00.000000Z \"forward\" \"-\" \"target_connection_reset\" "
    "\"10.0.0.1:80 10.0.0.2:80\" \"- -\" \"-\" \"-\" TID_1 \"-\" \"-\" \"-\" 192.0.2.1";

bool wants(const LogQuestion& question, std::string_view text = line) {
  EXPECT_EQ(problem_of(question), "");
  return LogFilter(question).wants(text);
}

struct Row {
  LogQuestion question;
  bool wanted;
};
const Row rows[] = {
    {{}, true},
    {{.status = "502"}, true},
    {{.status = "5xx"}, true},
    {{.status = "4xx"}, false},
    {{.status = "503"}, false},
    {{.reason = "target_connection_reset"}, true},
    {{.reason = "target_connect_timeout"}, false},
    {{.host = "shop.example.com"}, true},
    {{.host = "*.example.com"}, true},
    {{.host = "example.com"}, false},
    {{.path = "/cart/*"}, true},
    {{.path = "/cart/7"}, true},
    {{.path = "/Cart/*"}, false},
    {{.target = "10.0.0.1:80"}, true},
    {{.target = "10.0.0.2:80"}, true},
    {{.target = "10.0.0.2:8"}, false},
    {{.load_balancer = "web"}, true},
    {{.load_balancer = "we"}, false},
    {{.status = "5xx", .host = "shop.*", .path = "/cart/*"}, true},
    {{.status = "5xx", .host = "shop.*", .path = "/other"}, false},
};

TEST(LogFilter, wants_what_was_asked_for_in_every_format) {
  telemetry::LogTranslator translator;
  for (const LogFormat format : {LogFormat::alb, LogFormat::json, LogFormat::ltsv}) {
    std::string text;
    translator.append(format, telemetry::LogKind::access, line, text);
    text.pop_back();
    for (const Row& row : rows) {
      EXPECT_EQ(wants(row.question, text), row.wanted)
          << text << row.question.status << row.question.reason << row.question.host
          << row.question.path << row.question.target << row.question.load_balancer;
    }
  }
}

TEST(LogFilter, survives_any_line) {
  for (const char* text : {"", "{", "{\"elb_status_code\":[]}", "[]", "type:", "\"\"\"", "a b",
                           "type:x\t\t:\t", "https - - - - - - - 502"}) {
    EXPECT_FALSE(wants({.status = "5xx", .host = "a", .path = "/"}, text)) << text;
  }
}

TEST(LogFilter, says_what_is_wrong_with_a_question) {
  EXPECT_NE(problem_of({.status = "5x"}), "");
  EXPECT_NE(problem_of({.status = "fivexx"}), "");
  EXPECT_NE(problem_of({.reason = "because"}), "");
  EXPECT_NE(problem_of({.host = std::string(1000, 'a')}), "");
}

}  // namespace
}  // namespace daruma::app
