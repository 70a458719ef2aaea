// SPDX-License-Identifier: Apache-2.0
#include "control/members.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "control/suggestion.h"

namespace daruma::control {
namespace {

constexpr size_t shown_bytes_max = 60;

// A value as messages show it: whole, or its beginning.
std::string shown(std::string_view text) {
  if (text.size() <= shown_bytes_max) return std::string(text);
  size_t end = shown_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::optional<int64_t> parse_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto digits = parse_decimal(negative ? text.substr(1) : text);
  if (!digits || *digits > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  const auto number = static_cast<int64_t>(*digits);
  return negative ? -number : number;
}

}  // namespace

void DecodeProblems::add(Position position, const Path& where, std::string message) {
  list_.push_back({position, std::move(message)});
  forget(where);
}

bool DecodeProblems::spoiled(const std::vector<PathStep>& where) const {
  std::vector<PathStep> place = where;
  while (!spoiled_.contains(place)) {
    if (place.empty()) return false;
    if (place.back().index != PathStep::no_index) {
      place.back().index = PathStep::no_index;
    } else {
      place.pop_back();
    }
  }
  return true;
}

bool DecodeProblems::any_spoiled(std::string_view section, std::string_view member) const {
  return std::ranges::any_of(spoiled_, [&](const auto& steps) {
    if (steps.empty()) return true;
    if (steps[0].member != section) return false;
    return steps.size() == 1 || (steps.size() == 2 && steps[1].member == member);
  });
}

void DecodeProblems::excuse(const YamlNode& node, const Path& where,
                            std::span<const ForeignMember> foreign) {
  const bool any = std::ranges::any_of(
      foreign, [&](const ForeignMember& member) { return node.find(member.key) != nullptr; });
  if (any) forget(where);
}

bool DecodeProblems::refuse_choice(const YamlNode& node, const Path& where, std::string_view key,
                                   std::span<const std::string_view> foreign) {
  const YamlNode::Entry* entry = node.find(key);
  if (entry == nullptr || entry->value->kind != YamlNode::Kind::scalar) return false;
  const std::string& value = entry->value->text;
  if (std::ranges::find(foreign, std::string_view(value)) == foreign.end()) return false;
  add(entry->value->position, where,
      fmt::format("{} {} is an ALB feature that this release does not have", key, value));
  return true;
}

Members::Members(const YamlNode& node, const Path& path, std::string_view what,
                 DecodeProblems& problems)
    : node_(node),
      path_(path),
      what_(what),
      problems_(problems),
      usable_(node.kind == YamlNode::Kind::mapping) {
  if (usable_) return;
  problems_.add(
      node.position, path,
      fmt::format("{} must be a mapping (key: value), not {}", what, describe(node.kind)));
}

const YamlNode* Members::take(std::string_view key, YamlNode::Kind kind,
                              std::string_view expected) {
  known_.push_back(key);
  const YamlNode::Entry* entry = usable_ ? node_.find(key) : nullptr;
  if (entry == nullptr) return nullptr;
  if (entry->value->kind == kind) return entry->value;
  wrong_kind(key, expected, *entry->value);
  return nullptr;
}

void Members::wrong_kind(std::string_view key, std::string_view expected, const YamlNode& node) {
  const Path where = path_.at(key);
  if (node.kind == YamlNode::Kind::null) {
    problems_.add(node.position, where,
                  fmt::format("{} has no value; it must be {}", key, expected));
    return;
  }
  problems_.add(node.position, where,
                fmt::format("{} must be {}, not {}", key, expected,
                            node.kind == YamlNode::Kind::scalar ? "'" + shown(node.text) + "'"
                                                                : describe(node.kind)));
}

void Members::text(std::string_view key, std::string& out) {
  if (const YamlNode* node = take(key, YamlNode::Kind::scalar, "a text")) out = node->text;
}

void Members::text(std::string_view key, std::optional<std::string>& out) {
  if (const YamlNode* node = take(key, YamlNode::Kind::scalar, "a text")) out = node->text;
}

void Members::number(std::string_view key, std::string_view expected, std::optional<int64_t>& out) {
  const YamlNode* node = take(key, YamlNode::Kind::scalar, expected);
  if (node == nullptr) return;
  out = parse_number(node->text);
  if (!out) wrong_kind(key, expected, *node);
}

void Members::boolean(std::string_view key, std::optional<bool>& out) {
  const YamlNode* node = take(key, YamlNode::Kind::scalar, "true or false");
  if (node == nullptr) return;
  if (node->text == "true" || node->text == "false") {
    out = node->text == "true";
  } else {
    wrong_kind(key, "true or false", *node);
  }
}

void Members::mapping(std::string_view key, const Visit& visit) {
  const YamlNode* node = take(key, YamlNode::Kind::mapping, "a mapping (key: value)");
  if (node == nullptr) return;
  const Path path = path_.at(key);
  visit(*node, path);
}

void Members::each(std::string_view key, const Visit& visit) {
  const YamlNode* node = take(key, YamlNode::Kind::sequence, "a list");
  if (node == nullptr) return;
  for (size_t i = 0; i < node->items.size(); ++i) {
    const Path path = path_.at(key, i);
    visit(*node->items[i], path);
  }
}

void Members::texts(std::string_view key, std::vector<std::string>& out) {
  list(key, out, [&](const YamlNode& node, const Path& path, std::string& text) {
    if (node.kind == YamlNode::Kind::scalar) {
      text = node.text;
      return;
    }
    problems_.add(node.position, path,
                  fmt::format("each item of {} must be a text, not {}", key, describe(node.kind)));
  });
}

void Members::texts(std::string_view key, std::optional<std::vector<std::string>>& out) {
  std::vector<std::string> given;
  texts(key, given);
  const YamlNode::Entry* entry = usable_ ? node_.find(key) : nullptr;
  if (entry != nullptr && entry->value->kind == YamlNode::Kind::sequence) out = std::move(given);
}

void Members::attributes(std::string_view key, model::api::Attributes& out) {
  mapping(key, [&](const YamlNode& node, const Path& path) {
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.value->kind == YamlNode::Kind::scalar) {
        out.emplace(entry.key, entry.value->text);
        continue;
      }
      const Path where = path.at(entry.key);
      problems_.add(entry.value->position, where,
                    fmt::format("'{}' must have a single value, not {}", entry.key,
                                describe(entry.value->kind)));
    }
  });
}

void Members::finish(std::span<const ForeignMember> foreign) {
  if (!usable_) return;
  for (const YamlNode::Entry& entry : node_.entries) {
    if (std::ranges::find(known_, std::string_view(entry.key)) == known_.end()) {
      unknown(entry, foreign);
    }
  }
}

void Members::unknown(const YamlNode::Entry& entry, std::span<const ForeignMember> foreign) {
  const Path where = path_.at(entry.key);
  const auto found = std::ranges::find(foreign, entry.key, &ForeignMember::key);
  if (found == foreign.end()) {
    const std::string_view meant = problems_.many() ? "" : nearest(entry.key, known_);
    // What was meant is not missing: it is misspelt.
    if (!meant.empty()) {
      const Path misspelt = path_.at(meant);
      problems_.forget(misspelt);
    }
    problems_.add(
        entry.position, where,
        fmt::format("{} has no '{}'{}", what_, shown(entry.key), did_you_mean(entry.key, known_)));
    return;
  }
  if (!found->instead.empty()) {
    problems_.add(entry.position, where, fmt::format("{}: {}", entry.key, found->instead));
    return;
  }
  switch (found->kind) {
    case ForeignKind::feature:
      problems_.add(entry.position, where,
                    entry.key + " is an ALB feature that this release does not have");
      return;
    case ForeignKind::nowhere:
      problems_.add(entry.position, where, entry.key + " means nothing outside AWS; remove it");
      return;
    case ForeignKind::elsewhere:
      problems_.add(entry.position, where,
                    entry.key + " belongs to other types of load balancers; remove it");
      return;
  }
}

}  // namespace daruma::control
