// SPDX-License-Identifier: Apache-2.0
#include "sim/token.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace daruma::sim {
namespace {

constexpr size_t cell_bytes = 64;
using Cell = std::array<char, cell_bytes>;

void put_hex(char* at, uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4) at[i] = "0123456789abcdef"[value & 15];
}

// In the request's, each cell is a request and the end of a chunked body; in the response's, a
// response.
Cell cell(Token token, BodyOf which, uint64_t index) {
  static constexpr std::string_view request =
      "GET /poison/tttttttttttttttt HTTP/1.1\r\nX: iiiiiii\r\n\r\n0\r\n\r\n.....\n";
  static constexpr std::string_view response =
      "HTTP/1.1 299 tttttttttttttttt\r\nX: iiiiiii\r\nContent-Length: 0\r\n\r\n";
  static_assert(request.size() == cell_bytes && response.size() == cell_bytes);
  const std::string_view pattern = which == BodyOf::request ? request : response;
  Cell bytes;
  std::copy(pattern.begin(), pattern.end(), bytes.begin());
  put_hex(bytes.data() + pattern.find("tttttttt"), token.value, 16);
  put_hex(bytes.data() + pattern.find("iiiiiii"), index, 7);
  return bytes;
}

}  // namespace

std::string hex(uint64_t value) {
  std::string text(16, '0');
  put_hex(text.data(), value, 16);
  return text;
}

std::string text_of(Token token) {
  return hex(token.value);
}

std::optional<Token> parse_token(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  const std::optional<uint64_t> value = parse_hex(text);
  if (!value) return std::nullopt;
  return Token{*value};
}

std::string body_bytes(Token token, BodyOf which, size_t offset, size_t size) {
  std::string bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    const size_t at = offset + bytes.size();
    const Cell c = cell(token, which, at / cell_bytes);
    const size_t from = at % cell_bytes;
    bytes.append(c.data() + from, std::min(cell_bytes - from, size - bytes.size()));
  }
  return bytes;
}

bool is_body(Token token, BodyOf which, size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const Cell c = cell(token, which, offset / cell_bytes);
    const size_t from = offset % cell_bytes;
    const size_t n = std::min(cell_bytes - from, bytes.size());
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n),
                    c.begin() + static_cast<std::ptrdiff_t>(from)))
      return false;
    bytes.remove_prefix(n);
    offset += n;
  }
  return true;
}

bool is_poison(std::string_view start_line) {
  return start_line.starts_with("GET /poison/") || start_line.starts_with("HTTP/1.1 299 ");
}

uint64_t checksum(uint64_t so_far, std::string_view bytes) {
  for (const char c : bytes) so_far = (so_far ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return so_far;
}

}  // namespace daruma::sim
