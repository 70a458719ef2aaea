// SPDX-License-Identifier: Apache-2.0
#include "control/validate_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;
using std::string_view;

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

// Zone names end up in metric labels and log fields.
bool is_zone(string_view zone) {
  return zone.size() <= 64 && std::ranges::all_of(zone, [](char c) {
           return is_alnum(c) || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

std::string check_name(string_view what, string_view name) {
  if (name.empty()) return "Name is missing";
  if (name.size() > limits::name_bytes_max) {
    return fmt::format("{} name '{}' cannot be longer than '{}' characters", what, name,
                       limits::name_bytes_max);
  }
  if (!std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-'; })) {
    return fmt::format(
        "{} name '{}' can only contain characters that are alphanumeric characters "
        "or hyphens(-)",
        what, name);
  }
  if (name.front() == '-' || name.back() == '-') {
    return fmt::format("{} name '{}' cannot begin or end with '-'", what, name);
  }
  return "";
}

std::string check_certificate_name(string_view name) {
  if (name.empty()) return "Name is missing";
  const auto good = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  if (name.size() <= 64 && std::ranges::all_of(name, good)) return "";
  return fmt::format("Certificate name '{}' must be up to 64 letters, digits and - _ .", name);
}

std::string check_host_name(string_view name) {
  bool all_digits = true;  // of the last label: then it was meant to be an IPv4 address
  size_t label = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      const string_view text = name.substr(i - label, label);
      if (label == 0 || label > 63 || text.front() == '-' || text.back() == '-') {
        return fmt::format("'{}' is neither an IP address nor a host name", name);
      }
      all_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
      label = 0;
    } else if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_') {
      return fmt::format("'{}' is neither an IP address nor a host name", name);
    } else {
      ++label;
    }
  }
  if (all_digits) return fmt::format("'{}' is not an IP address", name);
  if (name.size() > 253) return "a host name has at most 253 characters";
  return "";
}

bool validate_number(const std::optional<int64_t>& value, limits::Range range, const Path& parent,
                     string_view member, Issues& issues) {
  if (!value || (*value >= range.least && *value <= range.most)) return true;
  issues.error(parent.at(member), fmt::format("{} must be a number from {} to {}, not {}", member,
                                              range.least, range.most, *value));
  return false;
}

void validate_zone(const std::string& zone, const Path& parent, Issues& issues) {
  if (is_zone(zone)) return;
  issues.error(
      parent.at("AvailabilityZone"),
      fmt::format("AvailabilityZone '{}' must be up to 64 letters, digits and - _ .", zone));
}

void validate_attributes(AttributeScope scope, const model::api::Attributes& attributes,
                         const Path& parent, Issues& issues) {
  const Path path = parent.at("Attributes");
  for (const auto& [key, value] : attributes) {
    const auto problem = check_attribute(scope, key, value);
    if (!problem) continue;
    if (problem->at_key) {
      issues.error_at_key(path.at(key), problem->message);
    } else {
      issues.error(path.at(key), problem->message);
    }
  }
}

void not_in_this_release(const Path& where, const std::string& what, Issues& issues) {
  issues.error(where, what + " is an ALB feature that this release does not have");
}

}  // namespace daruma::control
