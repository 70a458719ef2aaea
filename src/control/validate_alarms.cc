// SPDX-License-Identifier: Apache-2.0
#include "control/validate_alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "control/validate_values.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;

constexpr size_t text_bytes_max = 1024;
constexpr size_t name_bytes_max = 64;

bool is_url(std::string_view text, std::string_view scheme, std::string_view other) {
  return is_visible(text, text_bytes_max) && (text.starts_with(scheme) || text.starts_with(other));
}

// As far as it is safe in a command of SMTP; whether somebody has it is for the server to say.
bool is_address(std::string_view text) {
  const size_t at = text.find('@');
  return is_visible(text, text_bytes_max) && at != std::string_view::npos && at > 0 &&
         at + 1 < text.size() && text.find_first_of("<>,;\"\\") == std::string_view::npos;
}

class Checks {
 public:
  explicit Checks(Issues& issues) : issues_(issues) {}

  // A name is a file's too, and the end of an ARN.
  void name(const std::string& name, const Path& item) {
    const auto is_good = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             c == '-' || c == '_';
    };
    if (name.empty() || name.size() > name_bytes_max || !std::ranges::all_of(name, is_good)) {
      issues_.error(item.at("Name"),
                    fmt::format("Name must have 1 to {} letters, digits, '-' and '_', not '{}'",
                                name_bytes_max, name));
    } else if (name == "mackerel") {
      issues_.error(item.at("Name"), "mackerel is the name of the way to Mackerel");
    } else if (!names_.insert(name).second) {
      issues_.error(item.at("Name"), fmt::format("'{}' is given twice", name));
    }
  }

  void count(size_t count, size_t most, const Path& where) {
    if (count <= most) return;
    issues_.error(where, fmt::format("at most {}, not {}", most, count));
  }

 private:
  Issues& issues_;
  std::set<std::string> names_;
};

void validate_webhook(const api::Webhook& webhook, const Path& item, Issues& issues) {
  const char* key = webhook.url_file ? "UrlFile" : "Url";
  if (!webhook.url && !webhook.url_file) {
    issues.error(item.at(key), "Url is missing; write UrlFile: FILE, or Url: https://…");
  } else if (webhook.url && !is_url(*webhook.url, "https://", "http://")) {
    issues.error(item.at(key), "a webhook's address begins with https:// or http://");
  }
}

void validate_mail(const api::Mail& mail, const Path& item, Checks& checks, Issues& issues) {
  if (!is_url(mail.server, "smtp://", "smtps://")) {
    issues.error(item.at("Server"),
                 fmt::format("Server is a mail server's address such as smtp://mail.example.com:25 "
                             "or smtps://mail.example.com; '{}' is none",
                             mail.server));
  }
  if (!is_address(mail.from))
    issues.error(item.at("From"), fmt::format("'{}' is no mail address", mail.from));
  if (mail.to.empty()) issues.error(item.at("To"), "To is missing: whom to write to, as a list");
  checks.count(mail.to.size(), limits::notice_recipients_max, item.at("To"));
  for (size_t i = 0; i < mail.to.size(); ++i) {
    if (!is_address(mail.to[i]))
      issues.error(item.at("To", i), fmt::format("'{}' is no mail address", mail.to[i]));
  }
  const bool password = mail.password || mail.password_file;
  if (mail.user.has_value() != password)
    issues.error(item.at(password ? "PasswordFile" : "User"), "User and PasswordFile go together");
}

}  // namespace

void validate_alarms(const api::Alarms& alarms, const Path& path, Issues& issues) {
  Checks checks(issues);
  if (alarms.console_url &&
      (!is_url(*alarms.console_url, "https://", "http://") || alarms.console_url->ends_with('/'))) {
    issues.error(path.at("ConsoleUrl"),
                 "ConsoleUrl is where people reach the admin port, such as https://lb.example.com, "
                 "without a slash at its end");
  }
  checks.count(alarms.webhooks.size(), limits::notice_ways_max, path.at("Webhooks"));
  for (size_t i = 0; i < alarms.webhooks.size(); ++i) {
    const Path item = path.at("Webhooks", i);
    checks.name(alarms.webhooks[i].name, item);
    validate_webhook(alarms.webhooks[i], item, issues);
  }
  checks.count(alarms.mail.size(), limits::notice_ways_max, path.at("Mail"));
  for (size_t i = 0; i < alarms.mail.size(); ++i) {
    const Path item = path.at("Mail", i);
    checks.name(alarms.mail[i].name, item);
    validate_mail(alarms.mail[i], item, checks, issues);
  }
  checks.count(alarms.commands.size(), limits::notice_ways_max, path.at("Commands"));
  for (size_t i = 0; i < alarms.commands.size(); ++i) {
    const Path item = path.at("Commands", i);
    checks.name(alarms.commands[i].name, item);
    checks.count(alarms.commands[i].command.size(), limits::notice_arguments_max,
                 item.at("Command"));
    if (alarms.commands[i].command.empty() || alarms.commands[i].command[0].empty())
      issues.error(item.at("Command"), "Command is missing: the program and its arguments, a list");
  }
}

}  // namespace daruma::control
