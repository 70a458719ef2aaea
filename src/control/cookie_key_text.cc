// SPDX-License-Identifier: Apache-2.0
#include "control/cookie_key_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "tls/cookie_sealer.h"

namespace daruma::control {
namespace {

constexpr size_t keys_max = 2;

// Nullopt unless the line is a key.
std::optional<std::string> parse_key(std::string_view line) {
  if (line.size() != 2 * tls::cookie_key_bytes) return std::nullopt;
  std::string key;
  for (size_t i = 0; i < line.size(); i += 2) {
    const auto byte = parse_hex(line.substr(i, 2));
    if (!byte) return std::nullopt;
    key.push_back(static_cast<char>(*byte));
  }
  return key;
}

}  // namespace

Result<std::vector<std::string>> parse_cookie_keys(std::string_view text) {
  std::vector<std::string> keys;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim_ows(line);
    if (line.empty() || line.starts_with('#')) continue;
    std::optional<std::string> key = parse_key(line);
    if (!key) {
      return fail(
          fmt::format("line {} is not a key of {} hexadecimal digits; make one with "
                      "'openssl rand -hex {}'",
                      number, 2 * tls::cookie_key_bytes, tls::cookie_key_bytes));
    }
    if (std::ranges::find(keys, *key) != keys.end())
      return fail(fmt::format("line {} has the same key as one before it", number));
    if (keys.size() == keys_max)
      return fail(fmt::format("line {} is one key too many: there may be {}", number, keys_max));
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return fail("it holds no key; make one with 'openssl rand -hex 32'");
  return keys;
}

std::string cookie_key_line(std::string_view key) {
  std::string line;
  for (const char c : key) line += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return line;
}

}  // namespace daruma::control
