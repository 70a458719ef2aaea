// SPDX-License-Identifier: Apache-2.0
#include "api/query_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/utf8.h"

namespace daruma::api {
namespace {

using std::string_view;

tl::unexpected<ServiceError> malformed(std::string message) {
  return refuse("MalformedQueryString", std::move(message), 404);
}

enum class Plus : uint8_t { is_space, is_itself };

std::optional<std::string> decoded_text(string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus == Plus::is_space) {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      const auto byte = text.size() - at > 2 ? parse_hex(text.substr(at + 1, 2)) : std::nullopt;
      if (!byte) return std::nullopt;
      decoded += static_cast<char>(*byte);
      at += 2;
    }
  }
  return decoded;
}

// UTF-8 that XML can hold.
bool is_text(string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    if (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') return false;
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) return false;
    text.remove_prefix(length);
  }
  return true;
}

Expected<void> insert(Parameter& root, string_view name, std::string text) {
  Parameter* place = &root;
  size_t depth = 0;
  for (string_view rest = name; !rest.empty();) {
    if (++depth > query_depth_max) return malformed("A parameter's name has too many parts.");
    const size_t dot = rest.find('.');
    if (dot == 0) return malformed(fmt::format("The parameter name '{}' has an empty part.", name));
    place = &place->members[std::string(rest.substr(0, dot))];
    rest = dot == string_view::npos ? string_view() : rest.substr(dot + 1);
  }
  if (place == &root) return malformed("A parameter has no name.");
  if (place->has_text) return malformed(fmt::format("The parameter '{}' is given twice.", name));
  place->text = std::move(text);
  place->has_text = true;
  return {};
}

Expected<Parameter> parse(string_view form, Plus plus) {
  Parameter root;
  size_t count = 0;
  while (!form.empty()) {
    const size_t end = form.find('&');
    const string_view pair = form.substr(0, end);
    form = end == string_view::npos ? string_view() : form.substr(end + 1);
    if (pair.empty()) continue;
    if (++count > query_parameters_max) {
      return malformed(fmt::format("A request has at most {} parameters.", query_parameters_max));
    }
    const size_t equals = pair.find('=');
    const auto name = decoded_text(pair.substr(0, equals), plus);
    auto text = decoded_text(equals == string_view::npos ? "" : pair.substr(equals + 1), plus);
    if (!name || !text) return malformed("A '%' is not followed by two hexadecimal digits.");
    if (!is_text(*name) || !is_text(*text)) {
      return malformed("Parameters must be UTF-8 without control characters.");
    }
    const auto done = insert(root, *name, std::move(*text));
    if (!done) return tl::unexpected(done.error());
  }
  return root;
}

}  // namespace

Expected<std::vector<const Parameter*>> Parameter::items() const {
  std::vector<std::pair<uint64_t, const Parameter*>> numbered;
  for (const auto& [name, list] : members) {
    if (name != "member") return invalid(fmt::format("'{}' is no part of a list", name));
    for (const auto& [index, item] : list.members) {
      const auto number = parse_decimal(index);
      if (!number) return invalid(fmt::format("'{}' is no number of a list's item", index));
      numbered.emplace_back(*number, &item);
    }
  }
  if (numbered.empty() && !text.empty()) {
    return invalid(fmt::format("A list is expected (member.1, member.2 ...), not '{}'", text));
  }
  std::ranges::sort(numbered);
  std::vector<const Parameter*> items;
  items.reserve(numbered.size());
  for (const auto& [number, item] : numbered) items.push_back(item);
  return items;
}

Expected<Parameter> parse_form(string_view form) {
  return parse(form, Plus::is_space);
}

Expected<Parameter> parse_query(string_view query) {
  return parse(query, Plus::is_itself);
}

}  // namespace daruma::api
