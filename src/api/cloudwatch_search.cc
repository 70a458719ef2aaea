// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace daruma::api::cloudwatch {
namespace {

using std::string_view;

string_view trimmed(string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string lower(string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::vector<std::string> parts_of(string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = list.find(',');
    string_view part = trimmed(list.substr(0, comma));
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"')
      part = part.substr(1, part.size() - 2);
    parts.emplace_back(part);
    if (comma == string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

// A word, or what is between quotes.
Result<std::pair<std::string, bool>> take_value(string_view& text) {
  if (text.starts_with('"')) {
    const size_t end = text.find('"', 1);
    if (end == string_view::npos) return fail("a quote is not closed");
    std::pair<std::string, bool> value{text.substr(1, end - 1), true};
    text.remove_prefix(end + 1);
    return value;
  }
  const size_t end = std::min(text.find_first_of(" =\""), text.size());
  std::pair<std::string, bool> value{text.substr(0, end), false};
  text.remove_prefix(end);
  return value;
}

}  // namespace

Result<MetricSearch> MetricSearch::of(string_view text) {
  MetricSearch search;
  text = trimmed(text);
  if (text.starts_with('{')) {
    const size_t end = text.find('}');
    if (end == string_view::npos) return fail("'{' is not closed");
    search.schema_ = parts_of(text.substr(1, end - 1));
    std::sort(search.schema_->begin() + 1, search.schema_->end());
    text = trimmed(text.substr(end + 1));
  }
  for (; !text.empty(); text = trimmed(text)) {
    auto value = take_value(text);
    if (!value) return fail(value.error().message);
    if (!value->second && (value->first == "AND")) continue;
    if (!value->second && (value->first == "OR" || value->first == "NOT" || value->first == "(" ||
                           value->first.starts_with('('))) {
      return fail("OR, NOT and parentheses are not in this release");
    }
    Term term;
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      term.name = std::move(value->first);
      value = take_value(text);
      if (!value) return fail(value.error().message);
    }
    if (value->first.empty()) return fail("a term is empty");
    term.exact = value->second;
    term.value = term.exact ? value->first : lower(value->first);
    search.terms_.push_back(std::move(term));
  }
  return search;
}

bool MetricSearch::fits(const metrics::SeriesKey& key) const {
  if (schema_) {
    std::vector<std::string> names{key.space};
    for (const metrics::Dimension& dimension : key.dimensions) names.push_back(dimension.name);
    std::sort(names.begin() + 1, names.end());
    if (names != *schema_) return false;
  }
  return std::ranges::all_of(terms_, [&key](const Term& term) {
    const auto holds = [&term](string_view name, string_view value) {
      if (!term.name.empty() && term.name != name) return false;
      return term.exact ? value == term.value : lower(value).find(term.value) != std::string::npos;
    };
    if (holds("MetricName", key.name) || (holds("Namespace", key.space) && !term.name.empty()))
      return true;
    return std::ranges::any_of(key.dimensions, [&holds](const metrics::Dimension& dimension) {
      return holds(dimension.name, dimension.value);
    });
  });
}

}  // namespace daruma::api::cloudwatch
