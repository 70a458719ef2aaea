// SPDX-License-Identifier: Apache-2.0
#include "alarm/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/stable_hash.h"
#include "base/time_text.h"
#include "http/date.h"

namespace daruma::alarm {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json value_of(const Notice& notice) {
  return {{"alarm", notice.alarm},
          {"description", notice.description},
          {"state", name_of(notice.state)},
          {"before", name_of(notice.before)},
          {"reason", notice.reason},
          {"advice", notice.advice},
          {"link", notice.link},
          {"at", date_and_time(notice.at)},
          {"at_microseconds", notice.at.time_since_epoch().count()},
          {"test", notice.test}};
}

std::string_view color_of(State state) {
  switch (state) {
    case State::ok:
      return "good";
    case State::alarm:
      return "danger";
    case State::insufficient_data:
      break;
  }
  return "warning";
}

std::string head_of(const Notice& notice) {
  return fmt::format("{}{}: {}", notice.test ? "TEST " : "", name_of(notice.state), notice.alarm);
}

std::string body_of(const Notice& notice) {
  std::string text = notice.description;
  for (const std::string* part : {&notice.reason, &notice.advice}) {
    if (part->empty()) continue;
    if (!text.empty()) text += "\n";
    text += part == &notice.advice ? "Advice: " + *part : *part;
  }
  return text;
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return text;
}

// RFC 2047, of pieces that a line holds.
std::string header_text(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (plain && text.size() < 900) return text;
  std::string out;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(begin + 42, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    if (end == begin) end = std::min(begin + 42, text.size());  // no UTF-8
    out += (out.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?") +
           base64(text.substr(begin, end - begin)) + "?=";
    begin = end;
  }
  return out;
}

// RFC 5322 3.3: "Sat, 03 Oct 2026 12:02:00 +0000".
std::string mail_date(WallTime time) {
  std::string text(http::Date(time).view());
  return text.replace(text.size() - 3, 3, "+0000");
}

}  // namespace

std::string json_of(const Notice& notice) {
  return dump(value_of(notice));
}

std::optional<Notice> parse_notice(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto member = [&json](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto state = parse_state(member("state"));
  const auto before = parse_state(member("before"));
  const auto at = json.find("at_microseconds");
  if (!state || !before || at == json.end() || !at->is_number_integer()) return std::nullopt;
  return Notice{member("alarm"),
                member("description"),
                *state,
                *before,
                member("reason"),
                member("advice"),
                member("link"),
                WallTime(WallTime::duration(at->get<int64_t>())),
                json.value("test", Json()) == Json(true)};
}

std::string title_of(std::span<const Notice> notices) {
  if (notices.size() == 1) return one_line(head_of(notices[0]));
  std::string text = fmt::format("{} alarms:", notices.size());
  constexpr size_t named_max = 5;
  bool first_state = true;
  for (const State state : {State::alarm, State::insufficient_data, State::ok}) {
    std::vector<std::string> names;
    for (const Notice& notice : notices) {
      if (notice.state == state) names.push_back(notice.alarm);
    }
    if (names.empty()) continue;
    const size_t more = names.size() - std::min(names.size(), named_max);
    names.resize(names.size() - more);
    text += fmt::format("{} {} {}", first_state ? "" : ";", name_of(state), fmt::join(names, ", "));
    if (more > 0) text += fmt::format(" and {} more", more);
    first_state = false;
  }
  return one_line(std::move(text));
}

std::string text_of(std::span<const Notice> notices) {
  std::string text;
  for (const Notice& notice : notices) {
    if (!text.empty()) text += "\n";
    text += fmt::format("{} (was {})\n{}\nat {}\n{}{}", head_of(notice), name_of(notice.before),
                        body_of(notice), date_and_time(notice.at), notice.link,
                        notice.link.empty() ? "" : "\n");
  }
  return text;
}

std::string webhook_json(std::span<const Notice> notices) {
  Json attachments = Json::array();
  for (const Notice& notice : notices) {
    Json attachment{{"color", color_of(notice.state)},
                    {"title", head_of(notice)},
                    {"text", body_of(notice)},
                    {"fallback", head_of(notice)},
                    {"ts", unix_seconds(notice.at)}};
    if (!notice.link.empty()) attachment["title_link"] = notice.link;
    attachments.push_back(std::move(attachment));
  }
  return dump({{"text", title_of(notices)}, {"attachments", std::move(attachments)}});
}

std::string list_json(std::span<const Notice> notices) {
  Json list = Json::array();
  for (const Notice& notice : notices) list.push_back(value_of(notice));
  return dump({{"notices", std::move(list)}});
}

std::string mail_text(const Envelope& envelope, std::span<const Notice> notices, WallTime now) {
  const std::string body = text_of(notices);
  std::string text =
      fmt::format("From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\n", envelope.from,
                  fmt::join(envelope.to, ",\r\n "), header_text(title_of(notices)), mail_date(now));
  text += fmt::format("Message-ID: <{:x}.{:x}@{}>\r\n", now.time_since_epoch().count(),
                      stable_hash(body), envelope.host);
  text +=
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string encoded = base64(body);
  constexpr size_t line = 76;
  for (size_t i = 0; i < encoded.size(); i += line) text += encoded.substr(i, line) + "\r\n";
  return text;
}

}  // namespace daruma::alarm
