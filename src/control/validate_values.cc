// SPDX-License-Identifier: Apache-2.0
#include "control/validate_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/characters.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;
using std::string_view;

// Zone names end up in metric labels and log fields.
bool is_zone(string_view zone) {
  return zone.size() <= 64 && std::ranges::all_of(zone, [](char c) {
           return http::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

std::string no_host_name(string_view name) {
  const bool has_port = std::ranges::count(name, ':') == 1 && http::is_digit(name.back());
  return fmt::format("'{}' is neither an IP address nor a host name{}", name,
                     has_port ? "; write the port as Port" : "");
}

}  // namespace

std::string check_name(string_view what, string_view name) {
  if (name.empty()) return "Name is missing";
  if (name.size() > limits::name_bytes_max) {
    return fmt::format("{} name '{}' cannot be longer than '{}' characters", what, name,
                       limits::name_bytes_max);
  }
  if (!std::ranges::all_of(name, [](char c) { return http::is_alphanumeric(c) || c == '-'; })) {
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
  const auto good = [](char c) {
    return http::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  };
  if (name.size() <= 64 && std::ranges::all_of(name, good)) return "";
  return fmt::format("Certificate name '{}' must be up to 64 letters, digits and - _ .", name);
}

bool is_visible(string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string check_host_name(string_view name) {
  bool all_digits = true;  // of the last label: then it was meant to be an IPv4 address
  size_t label = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      const string_view text = name.substr(i - label, label);
      if (label == 0 || label > 63 || text.front() == '-' || text.back() == '-') {
        return no_host_name(name);
      }
      all_digits = std::ranges::all_of(text, http::is_digit);
      label = 0;
    } else if (!http::is_alphanumeric(name[i]) && name[i] != '-' && name[i] != '_') {
      return no_host_name(name);
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
