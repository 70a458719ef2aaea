// SPDX-License-Identifier: Apache-2.0
#include "api/acm_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/utf8.h"

namespace daruma::api::acm {
namespace {

using std::string_view;

constexpr size_t tags_max = 50;

}  // namespace

tl::unexpected<ServiceError> wrong(std::string message) {
  return refuse("ValidationException", std::move(message));
}

Expected<void> check_members(const Json& in, std::initializer_list<string_view> known) {
  for (const auto& [name, value] : in.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return wrong(fmt::format("'{}' is not known here, or not in this release", name));
  }
  return {};
}

const Json& member(const Json& in, const char* name, const Json& otherwise) {
  const auto found = in.find(name);
  return found == in.end() ? otherwise : *found;
}

Expected<std::string> text(const Json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end()) {
    return wrong(
        fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                    "constraint: Member must not be null",
                    name));
  }
  if (!found->is_string()) return wrong(fmt::format("'{}' must be a string", name));
  return found->get<std::string>();
}

Expected<std::string> choice(const Json& in, const char* name,
                             std::initializer_list<string_view> choices) {
  if (!in.contains(name)) return std::string(*choices.begin());
  auto given = text(in, name);
  if (!given || std::ranges::find(choices, *given) != choices.end()) return given;
  return wrong(
      fmt::format("'{}' is not one of {} here: '{}'", name, fmt::join(choices, ", "), *given));
}

Expected<std::string> pem(const Json& in, const char* name) {
  const auto encoded = text(in, name);
  if (!encoded) return encoded;
  const Result<std::string> bytes = base64_decoded(*encoded);
  if (!bytes) return wrong(fmt::format("'{}' is not base64", name));
  for (string_view rest = *bytes; !rest.empty(); rest.remove_prefix(utf8_length(rest))) {
    if (utf8_length(rest) == 0) return wrong(fmt::format("'{}' is not PEM", name));
  }
  return bytes->ends_with('\n') ? *bytes : *bytes + "\n";
}

Expected<void> read_tags(const Json& in, shapes::Tags& tags) {
  const auto list = in.find("Tags");
  if (list == in.end()) return {};
  if (!list->is_array()) return wrong("'Tags' must be a list");
  for (const Json& tag : *list) {
    if (!tag.is_object()) return wrong("a tag is a structure of Key and Value");
    const auto key = text(tag, "Key");
    if (!key) return tl::unexpected(key.error());
    const auto value = tag.contains("Value") ? text(tag, "Value") : std::string();
    if (!value) return tl::unexpected(value.error());
    if (key->empty() || utf8_count(*key) > 128 || utf8_count(*value) > 256 ||
        key->starts_with("aws:")) {
      return refuse("InvalidTagException",
                    fmt::format("The tag key '{}' or its value is not valid", *key));
    }
    tags[*key] = *value;
  }
  if (tags.size() <= tags_max) return {};
  return refuse("TooManyTagsException", fmt::format("A certificate has at most {} tags", tags_max));
}

Expected<const shapes::Certificate*> find(const JsonCall& call) {
  const auto arn = text(call.in, "CertificateArn");
  if (!arn) return tl::unexpected(arn.error());
  if (!arn->starts_with("arn:aws:acm:")) {
    return refuse("InvalidArnException", fmt::format("'{}' is not a certificate's ARN", *arn));
  }
  const auto found = call.catalog.certificate(*arn);
  if (found) return *found;
  return refuse("ResourceNotFoundException", fmt::format("Could not find certificate {}.", *arn));
}

Expected<shapes::Certificate*> edited(JsonCall& call, const shapes::Certificate& certificate) {
  auto& created = call.catalog.created().certificates;
  const auto there = std::ranges::find(created, certificate.name, &shapes::Certificate::name);
  if (there != created.end()) return &*there;
  return refuse("AccessDeniedException",
                call.catalog.not_permitted("Certificate", certificate.name).value().message);
}

}  // namespace daruma::api::acm
