// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_input.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/utf8.h"

namespace daruma::api::ec2 {

using std::string_view;

namespace {

constexpr size_t tag_key_max = 127;
constexpr size_t tag_value_max = 255;

}  // namespace

const Parameter* Input::take(string_view name) {
  const auto found = parameters_.members.find(name);
  if (found == parameters_.members.end()) return nullptr;
  taken_.insert(found->first);
  return &found->second;
}

std::string Input::text(string_view name) {
  const Parameter* found = take(name);
  return found ? found->text : "";
}

std::string Input::required(string_view name) {
  std::string found = text(name);
  if (found.empty()) {
    fail({"MissingParameter", fmt::format("The request must contain the parameter {}", name)});
  }
  return found;
}

std::vector<std::string> Input::texts(string_view name) {
  std::vector<std::string> values;
  for (const Parameter* item : items(name)) values.push_back(item->text);
  return values;
}

std::optional<int64_t> Input::number(string_view name) {
  const Parameter* found = take(name);
  if (found == nullptr) return std::nullopt;
  const bool negative = found->text.starts_with('-');
  const auto digits = parse_decimal(string_view(found->text).substr(negative ? 1 : 0));
  if (digits && *digits <= INT32_MAX) {
    return negative ? -static_cast<int64_t>(*digits) : static_cast<int64_t>(*digits);
  }
  fail({"InvalidParameterValue",
        fmt::format("Value ({}) for parameter {} is invalid", found->text, name)});
  return std::nullopt;
}

std::optional<bool> Input::flag(string_view name) {
  const Parameter* found = take(name);
  if (found == nullptr) return std::nullopt;
  if (found->text == "true" || found->text == "false") return found->text == "true";
  fail({"InvalidParameterValue",
        fmt::format("Value ({}) for parameter {} is invalid", found->text, name)});
  return std::nullopt;
}

std::vector<const Parameter*> Input::items(string_view name) {
  const Parameter* list = take(name);
  if (list == nullptr) return {};
  if (!list->text.empty()) {
    fail({"UnknownParameter",
          fmt::format("The parameter {0} is not recognized: it is a list, {0}.1", name)});
  }
  std::map<uint64_t, const Parameter*> sorted;
  for (const auto& [index, item] : list->members) {
    if (const auto number = parse_decimal(index)) {
      sorted[*number] = &item;
    } else {
      fail({"UnknownParameter", fmt::format("The parameter {}.{} is not recognized", name, index)});
    }
  }
  std::vector<const Parameter*> found;
  for (const auto& [number, item] : sorted) found.push_back(item);
  return found;
}

Input::GivenTags Input::given_tags() {
  GivenTags tags;
  for (const Parameter* tag : items("Tag")) {
    const Parameter* key = tag->find("Key");
    const Parameter* value = tag->find("Value");
    if (key == nullptr || key->text.empty() || utf8_count(key->text) > tag_key_max ||
        (value != nullptr && utf8_count(value->text) > tag_value_max)) {
      fail({"InvalidParameterValue",
            fmt::format("A tag's Key has 1 to {} characters, its Value at most {}", tag_key_max,
                        tag_value_max)});
      continue;
    }
    if (key->text.starts_with("aws:")) {
      fail({"InvalidParameterValue", "Tag keys that begin with 'aws:' are reserved"});
    }
    auto& given = tags[key->text];
    if (value != nullptr) given = value->text;
  }
  return tags;
}

model::api::Tags Input::tags(string_view resource_type) {
  model::api::Tags tags;
  each("TagSpecification", [&](Input& specification) {
    if (specification.text("ResourceType") != resource_type) {
      fail({"InvalidParameterValue",
            fmt::format("Only what is made can be tagged: ResourceType={}", resource_type)});
    }
    for (auto& [key, value] : specification.given_tags()) tags[key] = value.value_or("");
  });
  if (tags.size() > tags_max) {
    fail({"TagLimitExceeded", fmt::format("A resource has at most {} tags", tags_max)});
  }
  return tags;
}

Expected<void> Input::finish() {
  for (const auto& [name, member] : parameters_.members) {
    if (problem_) break;
    if (taken_.contains(name)) continue;
    fail({"UnknownParameter", fmt::format("The parameter {} is not recognized", name)});
  }
  if (problem_) return tl::unexpected(std::move(*problem_));
  return {};
}

}  // namespace daruma::api::ec2
