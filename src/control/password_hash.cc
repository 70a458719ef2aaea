// SPDX-License-Identifier: Apache-2.0
#include "control/password_hash.h"

#include <argon2.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace daruma::control {
namespace {

// RFC 9106 4, "second recommended option", on one thread instead of four: workers have the others.
constexpr uint32_t memory_kib = 64 * 1024;
constexpr uint32_t passes = 3;
constexpr uint32_t lanes = 1;
constexpr size_t salt_bytes = 16;
constexpr size_t hash_bytes = 32;

constexpr uint64_t memory_kib_max = 256 * 1024;
constexpr uint64_t passes_max = 16;
constexpr uint64_t lanes_max = 4;
// In Base64 without padding, of 8 and of 12 bytes: the least that the library takes.
constexpr size_t salt_chars_min = 11;
constexpr size_t hash_chars_min = 16;
constexpr size_t part_chars_max = 128;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "m=65536": the number; 0 if it is none.
uint64_t number_of(std::string_view part, std::string_view name) {
  if (!part.starts_with(name)) return 0;
  return parse_decimal(part.substr(name.size())).value_or(0);
}

bool is_base64(std::string_view text, size_t chars_min) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
           c == '/';
  };
  return text.size() >= chars_min && text.size() <= part_chars_max && text.size() % 4 != 1 &&
         std::ranges::all_of(text, is_digit);
}

}  // namespace

Result<std::string> hash_of_password(std::string_view password) {
  DARUMA_ASSERT(password.size() <= password_bytes_max);
  std::array<unsigned char, salt_bytes> salt;
  const int random = RAND_bytes(salt.data(), static_cast<int>(salt.size()));
  DARUMA_ASSERT(random == 1);
  std::string text(argon2_encodedlen(passes, memory_kib, lanes, salt_bytes, hash_bytes, Argon2_id),
                   '\0');
  const int done =
      argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(),
                            salt.data(), salt.size(), hash_bytes, text.data(), text.size());
  if (done != ARGON2_OK) return fail(argon2_error_message(done));
  text.resize(text.find('\0'));
  return text;
}

bool is_password(std::string_view password, const std::string& hash) {
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string problem_of_hash(std::string_view hash) {
  constexpr const char* remedy = "make it with `daruma keys password`";
  const auto parts = split(hash, '$');
  if (parts.size() != 6 || !parts[0].empty() || parts[1] != "argon2id" || parts[2] != "v=19")
    return std::string("is no Argon2id hash ($argon2id$v=19$…); ") + remedy;
  const auto costs = split(parts[3], ',');
  const bool complete = costs.size() == 3;
  const uint64_t memory = complete ? number_of(costs[0], "m=") : 0;
  const uint64_t turns = complete ? number_of(costs[1], "t=") : 0;
  const uint64_t ways = complete ? number_of(costs[2], "p=") : 0;
  if (ways == 0 || ways > lanes_max || memory < 8 * ways || memory > memory_kib_max || turns == 0 ||
      turns > passes_max) {
    return std::string("costs too much, or nothing: at most m=262144, t=16 and p=4; ") + remedy;
  }
  if (!is_base64(parts[4], salt_chars_min) || !is_base64(parts[5], hash_chars_min))
    return std::string("is damaged: salt and hash are Base64 without padding; ") + remedy;
  return "";
}

}  // namespace daruma::control
