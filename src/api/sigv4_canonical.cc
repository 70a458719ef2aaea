// SPDX-License-Identifier: Apache-2.0
#include "api/sigv4_canonical.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "http/percent_encoding.h"

namespace daruma::api {
namespace {

// Without dot segments and doubled slashes, unlike RFC 3986 5.2.4, which keeps the latter.
std::vector<std::string_view> normalised_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

bool ends_in_slash(std::string_view path) {
  return path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
}

void add_collapsed(std::string& text, std::string_view value) {
  bool space = false;
  for (const char c : trim_ows(value)) {
    if (space && c != ' ') text += ' ';
    space = c == ' ';
    if (!space) text += c;
  }
}

}  // namespace

std::vector<QueryPair> query_pairs(std::string_view query) {
  std::vector<QueryPair> pairs;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (!pair.empty()) {
      pairs.push_back(
          {http::percent_decoded(pair.substr(0, equals)),
           equals == std::string_view::npos ? "" : http::percent_decoded(pair.substr(equals + 1))});
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return pairs;
}

std::string canonical_path(std::string_view path) {
  std::string text;
  for (const std::string_view segment : normalised_segments(path)) {
    text += '/';
    text += http::percent_encoded(segment);
  }
  if (text.empty() || ends_in_slash(path)) text += '/';
  return text;
}

std::string canonical_query(const std::vector<QueryPair>& pairs, std::string_view except) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const QueryPair& pair : pairs) {
    if (!except.empty() && pair.name == except) continue;
    encoded.emplace_back(http::percent_encoded(pair.name), http::percent_encoded(pair.value));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

std::string canonical_field(const http::Fields& fields, std::string_view name) {
  std::string text(name);
  text += ':';
  bool first = true;
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::invalid || !ascii_iequals(field.name, name)) continue;
    if (!first) text += ',';
    first = false;
    add_collapsed(text, field.value);
  }
  return text + "\n";
}

}  // namespace daruma::api
