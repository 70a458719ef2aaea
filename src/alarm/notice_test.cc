// SPDX-License-Identifier: Apache-2.0
#include "alarm/notice.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace daruma::alarm {
namespace {

const WallTime at = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 2min;

Notice notice(const std::string& name, State state) {
  return {name,
          "No target is healthy.",
          state,
          State::ok,
          "0 < 1",
          "raise MaxRequestWorkers",
          "http://127.0.0.1:9090/#alarms",
          at};
}

TEST(Notice, survives_the_disk) {
  Notice one = notice("達磨 \"5xx\"", State::alarm);
  one.test = true;
  EXPECT_EQ(parse_notice(json_of(one)), one);
  for (const char* damaged : {"", "{}", "[]", "{\"state\":\"ALARM\"}", "{\"state\":1}"})
    EXPECT_EQ(parse_notice(damaged), std::nullopt) << damaged;
}

TEST(Notice, several_are_one_title) {
  EXPECT_EQ(title_of(std::vector{notice("a", State::alarm)}), "ALARM: a");
  EXPECT_EQ(title_of(std::vector{notice("a", State::ok), notice("b", State::alarm),
                                 notice("c", State::alarm)}),
            "3 alarms: ALARM b, c; OK a");
  std::vector<Notice> many(9, notice("x", State::alarm));
  EXPECT_EQ(title_of(many), "9 alarms: ALARM x, x, x, x, x and 4 more");
  EXPECT_EQ(title_of(std::vector{notice("a\r\nBcc: somebody", State::ok)}), "OK: a  Bcc: somebody");
}

TEST(Notice, is_what_slack_takes) {
  const auto json = nlohmann::json::parse(webhook_json(std::vector{notice("a", State::alarm)}));
  EXPECT_EQ(json["text"], "ALARM: a");
  const auto& attachment = json["attachments"][0];
  EXPECT_EQ(attachment["color"], "danger");
  EXPECT_EQ(attachment["title_link"], "http://127.0.0.1:9090/#alarms");
  EXPECT_EQ(attachment["text"], "No target is healthy.\n0 < 1\nAdvice: raise MaxRequestWorkers");
  EXPECT_EQ(attachment["ts"], at.time_since_epoch() / 1s);
}

TEST(Notice, is_a_mail) {
  const std::string mail =
      mail_text({"lb@example.com", {"a@example.com", "b@example.com"}, "lb.example.com"},
                std::vector{notice("a", State::alarm)}, at);
  EXPECT_TRUE(
      mail.starts_with("From: lb@example.com\r\nTo: a@example.com,\r\n b@example.com\r\n"
                       "Subject: ALARM: a\r\nDate: Sat, 03 Oct 2026 12:02:00 +0000\r\n"))
      << mail;
  EXPECT_NE(mail.find("\r\n\r\nQUxBUk06IGE"), std::string::npos) << mail;
  for (size_t i = 0; i < mail.size(); ++i) {
    EXPECT_TRUE(mail[i] != '\n' || mail[i - 1] == '\r');
  }
  const std::string other = mail_text({"lb@example.com", {"a@example.com"}, "x"},
                                      std::vector{notice("達磨", State::ok)}, at);
  EXPECT_NE(other.find("Subject: =?utf-8?B?T0s6IOmBlOejqA==?=\r\n"), std::string::npos) << other;
}

}  // namespace
}  // namespace daruma::alarm
