// SPDX-License-Identifier: Apache-2.0
//
// What people are told when an alarm changes its state, and how it is worded for those who carry
// it. Several that come together are one message. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alarm/alarm.h"

namespace daruma::alarm {

struct Notice {
  std::string alarm;
  std::string description;
  State state = State::ok;
  State before = State::insufficient_data;
  std::string reason;
  std::string advice;  // what to do about it; "" if there is nothing to say
  std::string link;    // to the console
  WallTime at{};
  bool test = false;  // somebody wanted to see whether it arrives
  bool operator==(const Notice&) const = default;
};

std::string json_of(const Notice& notice);
std::optional<Notice> parse_notice(const std::string& json);  // of json_of()

// "ALARM: no-healthy-target", "3 alarms: ALARM a, b; OK c". For one line.
std::string title_of(std::span<const Notice> notices);
// All of them, in paragraphs.
std::string text_of(std::span<const Notice> notices);
// The body of an incoming webhook as Slack and those like it take it (api.slack.com, "Incoming
// webhooks", "attachments").
std::string webhook_json(std::span<const Notice> notices);
// For programs: {"notices": […]}.
std::string list_json(std::span<const Notice> notices);

// A mail (RFC 5322, RFC 2045), lines ended by CR LF.
struct Envelope {
  std::string from;
  std::vector<std::string> to;
  std::string host;  // that Message-ID names
};
std::string mail_text(const Envelope& envelope, std::span<const Notice> notices, WallTime now);

}  // namespace daruma::alarm
