// SPDX-License-Identifier: Apache-2.0
#include "api/query_reader.h"

#include <fmt/format.h>

#include <utility>

#include "api/shapes.h"
#include "base/bytes.h"

namespace daruma::api {
namespace {

// As AWS's validator spells a member: "loadBalancerArn".
std::string path_of(std::string_view name) {
  std::string path(name);
  path[0] = ascii_lower(path[0]);
  return path;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto digits = parse_decimal(negative ? text.substr(1) : text);
  if (!digits || *digits > INT32_MAX) return std::nullopt;
  const auto number = static_cast<int64_t>(*digits);
  return negative ? -number : number;
}

}  // namespace

const Parameter* QueryReader::take(std::string_view name) {
  const auto found = node_.members.find(name);
  if (found == node_.members.end()) return nullptr;
  taken_.insert(found->first);
  return &found->second;
}

const Parameter* QueryReader::take_text(std::string_view name) {
  const Parameter* member = take(name);
  if (member == nullptr || member->members.empty()) return member;
  fail(invalid(fmt::format("'{}' is a single value, not a structure or a list", name)).value());
  return nullptr;
}

void QueryReader::text(std::string_view name, std::string& out) {
  if (const Parameter* member = take_text(name)) out = member->text;
}

void QueryReader::text(std::string_view name, std::optional<std::string>& out) {
  if (const Parameter* member = take_text(name)) out = member->text;
}

void QueryReader::number(std::string_view name, std::optional<int64_t>& out) {
  const Parameter* member = take_text(name);
  if (member == nullptr) return;
  out = parse_integer(member->text);
  if (out) return;
  fail(invalid(fmt::format("'{}' value '{}' is not an integer", name, member->text)).value());
}

void QueryReader::flag(std::string_view name, std::optional<bool>& out) {
  const Parameter* member = take_text(name);
  if (member == nullptr) return;
  if (member->text == "true") out = true;
  if (member->text == "false") out = false;
  if (out) return;
  fail(invalid(fmt::format("'{}' value '{}' must be true or false", name, member->text)).value());
}

std::vector<const Parameter*> QueryReader::items(std::string_view name) {
  const Parameter* member = take(name);
  if (member == nullptr) return {};
  auto items = member->items();
  if (items) return std::move(*items);
  fail(invalid(fmt::format("{}: {}", name, items.error().message)).value());
  return {};
}

void QueryReader::texts(std::string_view name, std::vector<std::string>& out) {
  for (const Parameter* item : items(name)) {
    if (!item->members.empty()) {
      fail(invalid(fmt::format("the items of '{}' are single values", name)).value());
    }
    out.push_back(item->text);
  }
}

void QueryReader::texts(std::string_view name, std::optional<std::vector<std::string>>& out) {
  if (has(name)) texts(name, out.emplace());
}

void QueryReader::group(std::string& out) {
  std::optional<std::string> name;
  group(name);
  if (name) {
    out = *name;
  } else if (!has("TargetGroupArn")) {
    fail(invalid("A target group ARN must be specified").value());
  }
}

void QueryReader::group(std::optional<std::string>& out) {
  const Parameter* member = take_text("TargetGroupArn");
  if (member == nullptr) return;
  auto name = group_of_arn_(member->text);
  if (!name) return fail(name.error());
  out = std::move(*name);
}

void QueryReader::forward_config(
    std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
    std::optional<model::api::TargetGroupStickinessConfig>& stickiness) {
  within("ForwardConfig", [&](QueryReader& inner) {
    inner.objects("TargetGroups", groups.emplace());
    inner.object("TargetGroupStickinessConfig", stickiness);
  });
}

void QueryReader::foreign(std::string_view name, const char* code) {
  if (take(name) == nullptr) return;
  fail({code, fmt::format("{} is a feature that this release does not have", name)});
}

void QueryReader::need(std::string_view name) {
  if (has(name)) return;
  fail(invalid(fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                           "constraint: Member must not be null",
                           path_of(name)))
           .value());
}

std::optional<ServiceError> QueryReader::finish() {
  for (const auto& [name, member] : node_.members) {
    if (problem_) break;
    if (!taken_.contains(name)) {
      fail(invalid(fmt::format("The parameter '{}' is not known here", name)).value());
    }
  }
  return problem_;
}

}  // namespace daruma::api
