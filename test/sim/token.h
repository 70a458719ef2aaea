// SPDX-License-Identifier: Apache-2.0
//
// Every simulated request has a token of its own. It stands in the path, in a field and in each 64
// bytes of both bodies, so that a byte in the wrong exchange, or at the wrong place, is recognised.
// The bodies look like HTTP messages: whoever mistakes a body for a message sees a poisoned one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daruma::sim {

struct Token {
  uint64_t value = 0;
  auto operator<=>(const Token&) const = default;
};

inline constexpr std::string_view token_field = "X-Sim-Token";
inline constexpr std::string_view checksum_field = "X-Sim-Request-Checksum";
inline constexpr std::string_view target_field = "X-Sim-Target";

std::string text_of(Token token);  // 16 hexadecimal digits
std::optional<Token> parse_token(std::string_view text);

enum class BodyOf : uint8_t { request, response };

// `size` bytes of the body from `offset` on.
std::string body_bytes(Token token, BodyOf which, size_t offset, size_t size);
// True if `bytes` is what the body holds at `offset`.
bool is_body(Token token, BodyOf which, size_t offset, std::string_view bytes);
// True if text holds a message that only ever stood inside a body.
bool is_poison(std::string_view start_line);

// FNV-1a, 64 bits; begins with checksum_start.
inline constexpr uint64_t checksum_start = 0xcbf29ce484222325;
uint64_t checksum(uint64_t so_far, std::string_view bytes);
std::string hex(uint64_t value);

}  // namespace daruma::sim
