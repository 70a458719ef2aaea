// SPDX-License-Identifier: Apache-2.0
#include "routing/transforms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/characters.h"
#include "http/uri.h"
#include "model/limits.h"

namespace daruma::routing {
namespace {

using std::string_view;

bool is_host_character(char c) {
  return http::is_alpha(c) || http::is_digit(c) || c == '-' || c == '.' || c == '_' || c == ':' ||
         c == '[' || c == ']';
}

bool is_valid_host(string_view text) {
  const auto split = http::split_host(text);
  return split && !split->host.empty() && std::ranges::all_of(text, is_host_character);
}

// Spaces and control characters that came with the request are encoded where it is written.
bool is_valid_url(string_view text) {
  return text.starts_with('/');
}

}  // namespace

Result<Rewrite> Rewrite::compile(string_view regex, string_view replace, Case letters) {
  Result<Regex> compiled = Regex::compile(regex, letters);
  if (!compiled) return tl::unexpected(compiled.error());
  Rewrite rewrite(std::move(*compiled));
  Result<std::vector<Part>> parts = parse(replace, rewrite.regex_.groups());
  if (!parts) return tl::unexpected(parts.error());
  rewrite.parts_ = std::move(*parts);
  for (const Part& part : rewrite.parts_) {
    if (const int* group = std::get_if<int>(&part)) {
      rewrite.groups_used_ = std::max(rewrite.groups_used_, *group);
    }
  }
  return rewrite;
}

// "$12" is group 12 where there is one, else group 1 and a '2'.
Result<std::vector<Rewrite::Part>> Rewrite::parse(string_view replace, int groups) {
  std::vector<Part> parts;
  std::string text;
  for (size_t at = 0; at < replace.size(); ++at) {
    if (replace[at] != '$' || at + 1 == replace.size() || !http::is_digit(replace[at + 1])) {
      text += replace[at];
      continue;
    }
    int group = replace[++at] - '0';
    if (at + 1 < replace.size() && http::is_digit(replace[at + 1])) {
      const int two_digits = 10 * group + replace[at + 1] - '0';
      if (two_digits <= groups) {
        group = two_digits;
        ++at;
      }
    }
    if (group > groups) {
      return fail(fmt::format("Replace has ${}, but Regex has {} group{}", group, groups,
                              groups == 1 ? "" : "s"));
    }
    if (!text.empty()) parts.emplace_back(std::move(text));
    text.clear();
    parts.emplace_back(group);
  }
  if (!text.empty()) parts.emplace_back(std::move(text));
  return parts;
}

Rewrite::Outcome Rewrite::apply(string_view subject, size_t bytes_max, std::string& result) const {
  std::array<string_view, Regex::groups_max + 1> room;
  const std::span<string_view> groups(room.data(), static_cast<size_t>(groups_used_) + 1);
  if (!regex_.find(subject, groups)) return Outcome::no_match;
  const size_t begin = static_cast<size_t>(groups[0].data() - subject.data());
  const auto append = [&result, bytes_max](string_view text) {
    if (text.size() > bytes_max - result.size()) return false;
    result += text;
    return true;
  };
  result.clear();
  if (!append(subject.substr(0, begin))) return Outcome::too_long;
  for (const Part& part : parts_) {
    const int* group = std::get_if<int>(&part);
    const string_view text = group ? groups[static_cast<size_t>(*group)] : std::get<0>(part);
    if (!append(text)) return Outcome::too_long;
  }
  if (!append(subject.substr(begin + groups[0].size()))) return Outcome::too_long;
  return Outcome::rewritten;
}

string_view name_of(TransformStatus status) {
  switch (status) {
    case TransformStatus::none:
      break;
    case TransformStatus::success:
      return "TransformSuccess";
    case TransformStatus::buffer_too_small:
      return "TransformBufferTooSmall";
    case TransformStatus::invalid_host:
      return "TransformInvalidHost";
    case TransformStatus::invalid_path:
      return "TransformInvalidPath";
  }
  return "";
}

namespace {

TransformStatus apply_one(const std::optional<Rewrite>& rewrite, string_view subject,
                          size_t bytes_max, bool (*is_valid)(string_view), TransformStatus invalid,
                          std::string& result) {
  result.clear();
  if (!rewrite) return TransformStatus::success;
  switch (rewrite->apply(subject, bytes_max, result)) {
    case Rewrite::Outcome::no_match:
      return TransformStatus::success;
    case Rewrite::Outcome::too_long:
      return TransformStatus::buffer_too_small;
    case Rewrite::Outcome::rewritten:
      break;
  }
  if (!is_valid(result)) return invalid;
  if (result == subject) result.clear();
  return TransformStatus::success;
}

}  // namespace

TransformStatus Transforms::apply(string_view host_received, string_view url_received,
                                  Rewritten& result) const {
  TransformStatus status = apply_one(host, host_received, model::limits::host_bytes_max,
                                     is_valid_host, TransformStatus::invalid_host, result.host);
  if (status == TransformStatus::success) {
    status = apply_one(url, url_received, model::limits::request_line_bytes_max, is_valid_url,
                       TransformStatus::invalid_path, result.url);
  }
  if (status != TransformStatus::success) {
    result.host.clear();
    result.url.clear();
  }
  return status;
}

}  // namespace daruma::routing
