// SPDX-License-Identifier: Apache-2.0
#include "http/uri.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "http/characters.h"

namespace daruma::http {
namespace {

bool is_scheme(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
}

// Whether a name or an IPv4 address may hold it (RFC 3986 3.2.2, reg-name).
constexpr bool is_host_character(char c) {
  return is_unreserved(c) || std::string_view("%!$&'()*+,;=").find(c) != std::string_view::npos;
}
constexpr std::array<bool, 256> host_table = [] {
  std::array<bool, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) table[i] = is_host_character(static_cast<char>(i));
  return table;
}();

// Where the host at the front ends, brackets included; npos if brackets hold no address.
size_t host_end(std::string_view authority) {
  const bool bracketed = authority.starts_with('[');
  size_t end = bracketed ? 1 : 0;
  while (end < authority.size() && (host_table[static_cast<uint8_t>(authority[end])] ||
                                    (bracketed && authority[end] == ':'))) {
    ++end;
  }
  if (!bracketed) return end;
  const bool closed = end > 1 && end < authority.size() && authority[end] == ']';
  return closed ? end + 1 : std::string_view::npos;
}

void split_path(std::string_view text, TargetParts& parts) {
  parts.path_and_query = text.substr(0, text.find('#'));
  const size_t mark = parts.path_and_query.find('?');
  parts.path = parts.path_and_query.substr(0, mark);
  if (parts.path.empty()) parts.path = "/";
  if (mark != std::string_view::npos) parts.query = parts.path_and_query.substr(mark + 1);
}

TargetParts split_absolute(std::string_view target) {
  TargetParts parts;
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos || !is_scheme(target.substr(0, colon))) return parts;
  const std::string_view rest = target.substr(colon + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  // "user@host": the user is nobody's business here, and must not pass for the host.
  const size_t at = authority.rfind('@');
  parts.authority = at == std::string_view::npos ? authority : authority.substr(at + 1);
  const char* const end = parts.authority.data() + parts.authority.size();
  if (parts.authority.empty() || find_control_or_space(parts.authority.data(), end) != end) {
    return {};
  }
  parts.form = TargetForm::absolute;
  split_path(rest.substr(authority_end), parts);
  return parts;
}

// The unreserved character that an escape at the front of `text` stands for, or '\0'.
char decoded_unreserved(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return '\0';
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) return '\0';
  const char c = static_cast<char>(high * 16 + low);
  return is_unreserved(c) ? c : '\0';
}

bool is_normal(std::string_view path) {
  return path.find('%') == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

// In place: what is kept is never longer than what was read.
void resolve_dot_segments(std::string& path) {
  size_t kept = 1;  // ends with a '/' or is the whole result
  for (size_t begin = 1; begin <= path.size();) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    const std::string_view segment = std::string_view(path).substr(begin, slash - begin);
    if (segment == "..") {
      if (kept > 1) kept = path.rfind('/', kept - 2) + 1;
    } else if (segment != ".") {
      const size_t bytes = std::min(slash + 1, path.size()) - begin;
      std::copy_n(path.begin() + begin, bytes, path.begin() + kept);
      kept += bytes;
    }
    begin = slash + 1;
  }
  path.resize(kept);
}

}  // namespace

TargetParts split_target(std::string_view target, bool is_connect) {
  TargetParts parts;
  if (is_connect) {
    if (target.empty() || target.find_first_of("/?#@") != std::string_view::npos) return parts;
    parts.form = TargetForm::authority;
    parts.authority = target;
    return parts;
  }
  if (target == "*") {
    parts.form = TargetForm::asterisk;
    parts.path_and_query = parts.path = target;
    return parts;
  }
  if (!target.starts_with('/')) return split_absolute(target);
  parts.form = TargetForm::origin;
  split_path(target, parts);
  return parts;
}

std::optional<HostPort> split_host(std::string_view authority) {
  const size_t end = host_end(authority);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view host = authority.substr(0, end);
  if (end == authority.size()) return HostPort{host, std::nullopt};
  if (authority[end] != ':') return std::nullopt;
  const std::string_view digits = authority.substr(end + 1);
  if (digits.empty()) return HostPort{host, std::nullopt};
  const std::optional<uint64_t> port = parse_decimal(digits);
  if (!port || *port > 65535) return std::nullopt;
  return HostPort{host, static_cast<uint16_t>(*port)};
}

std::string_view normalised_path(std::string_view path, std::string& storage) {
  if (!path.starts_with('/') || is_normal(path)) return path;
  storage.clear();
  for (size_t i = 0; i < path.size(); ++i) {
    const char decoded = decoded_unreserved(path.substr(i));
    storage += decoded ? decoded : path[i];
    if (decoded) i += 2;
  }
  resolve_dot_segments(storage);
  return storage == path ? path : std::string_view(storage);
}

}  // namespace daruma::http
