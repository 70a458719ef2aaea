// SPDX-License-Identifier: Apache-2.0
//
// Patterns of rule conditions: '*' stands for any run of characters, none included, '?' for exactly
// one; the whole subject must match (elbv2: host-header and path-pattern). Time is linear in the
// subject, whatever the pattern and whoever sends the subject. Immutable, thread-safe, pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"

namespace daruma::routing {

enum class Case : uint8_t {
  sensitive,
  insensitive,  // ASCII letters only
};
enum class Escapes : uint8_t {
  none,
  backslash,  // "\\*" and "\\?" stand for themselves
};

class Glob {
 public:
  static constexpr size_t pattern_bytes_max = model::limits::condition_value_bytes_max;

  // REQUIRES: pattern.size() <= pattern_bytes_max, and no control characters in it (validation
  // refuses both).
  Glob(std::string_view pattern, Case letters, Escapes escapes = Escapes::none);
  Glob(Glob&&) noexcept;
  Glob& operator=(Glob&&) noexcept;
  ~Glob();

  bool matches(std::string_view subject) const;

  // The same language always has the same text, where only wildcards stand side by side: "*?**" and
  // "?*" are one. Lower case if letters do not matter; wildcards stand there as control characters,
  // so that what is no wildcard cannot be taken for one. Without wildcards: what matches.
  std::string_view text() const {
    return {text_bytes_ <= near_bytes_max ? near_text_.data() : far_text(), text_bytes_};
  }
  bool has_wildcards() const { return has_star_ || has_question_; }
  bool matches_everything() const { return text_bytes_ == 1 && has_star_; }

  // The runs of literal characters, as views into text(): any subject that matches contains all of
  // them; it begins with `prefix` and ends with `suffix` ("" where the pattern begins or ends with
  // a wildcard). Without wildcards, `prefix` is the whole text.
  struct Literals {
    std::string_view prefix;
    std::string_view suffix;
    std::vector<std::string_view> inner;
  };
  Literals literals() const;

 private:
  struct Search;
  struct Far;
  // So that a glob is 56 bytes: with what an index adds, one cache line.
  static constexpr size_t near_bytes_max = 41;

  const char* far_text() const;
  template <Case letters>
  bool matches_as(std::string_view subject) const;
  template <Case letters>
  bool equal(std::string_view tokens, std::string_view subject) const;
  std::string_view head() const { return text().substr(0, head_bytes_); }
  std::string_view tail() const { return text().substr(text_bytes_ - tail_bytes_); }
  std::string_view middle() const {
    return text().substr(head_bytes_ + 1U, text_bytes_ - head_bytes_ - tail_bytes_ - 2U);
  }

  std::unique_ptr<const Far> far_;  // what few globs have; null if this one does not
  Case letters_;
  bool has_star_ = false;
  bool has_literal_middle_ = false;
  bool has_question_ = false;
  uint8_t text_bytes_ = 0;
  uint8_t head_bytes_ = 0;  // before the first '*'
  uint8_t tail_bytes_ = 0;  // after the last '*'
  // All of the text, if it fits: among thousands of globs each further cache line would be felt.
  std::array<char, near_bytes_max> near_text_{};
};

}  // namespace daruma::routing
