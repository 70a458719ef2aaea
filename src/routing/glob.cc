// SPDX-License-Identifier: Apache-2.0
#include "routing/glob.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "routing/ascii_word.h"

namespace daruma::routing {
namespace {

// Wildcards in text().
constexpr char any_run = '\x01';
constexpr char any_one = '\x02';
constexpr std::string_view wildcards = "\x01\x02";

bool is_escaped(std::string_view pattern, size_t at, Escapes escapes) {
  return escapes == Escapes::backslash && pattern[at] == '\\' && at + 1 < pattern.size() &&
         (pattern[at + 1] == '*' || pattern[at + 1] == '?');
}

// Within a run of wildcards only the number of '?' and the presence of '*' count.
std::string canonical(std::string_view pattern, Escapes escapes) {
  std::string text;
  bool star = false;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '*') {
      star = true;
      continue;
    }
    const bool one = pattern[at] == '?';
    if (!one && star) {
      text += any_run;
      star = false;
    }
    if (is_escaped(pattern, at, escapes)) ++at;
    text += one ? any_one : pattern[at];
  }
  if (star) text += any_run;
  return text;
}

template <Case letters>
char fold(char c) {
  return letters == Case::insensitive ? ascii_lower(c) : c;
}

// `literal` is in lower case and as long as `subject`.
bool equal_folded(std::string_view literal, std::string_view subject) {
  size_t at = 0;
  for (; at + 8 <= literal.size(); at += 8) {
    if (word_of(&literal[at], 8) != ascii_lowered_word(word_of(&subject[at], 8))) return false;
  }
  const size_t rest = literal.size() - at;
  return word_of(literal.data() + at, rest) ==
         ascii_lowered_word(word_of(subject.data() + at, rest));
}

template <Case letters>
bool equal_literal(std::string_view literal, std::string_view subject) {
  return letters == Case::insensitive ? equal_folded(literal, subject) : literal == subject;
}

// `literal` is folded and not empty. Its first word is looked for everywhere; where it stands, the
// rest is compared word by word: at most pattern_bytes_max / 8 steps for each character.
template <Case letters>
bool contains(std::string_view window, std::string_view literal) {
  const size_t first = std::min<size_t>(literal.size(), 8);
  const uint64_t mask = UINT64_MAX >> (64 - 8 * first);
  uint64_t wanted = 0;
  for (const char c : literal.substr(0, first)) wanted = (wanted << 8) | static_cast<uint8_t>(c);
  const std::string_view rest = literal.substr(first);
  uint64_t read = 0;
  for (size_t end = 1; end + rest.size() <= window.size(); ++end) {
    read = (read << 8) | static_cast<uint8_t>(fold<letters>(window[end - 1]));
    if (end < first || (read & mask) != wanted) continue;
    if (equal_literal<letters>(rest, window.substr(end, rest.size()))) return true;
  }
  return false;
}

}  // namespace

// Finds the segments between the stars one after the other, each at its leftmost place, which
// leaves most room for those that follow. Within a segment all possible places are followed at once
// (Baeza-Yates and Gonnet's Shift-And): bit i of the state says that the last characters read match
// the tokens of this segment up to and including token i. So every character is looked at once.
struct Glob::Search {
  using Bits = unsigned __int128;
  static_assert(pattern_bytes_max <= 128, "one bit per token");
  struct Segment {
    Bits first;
    Bits last;
  };

  explicit Search(std::string_view middle);
  template <Case letters>
  bool found_in(std::string_view window) const;

  std::array<uint8_t, 256> class_of{};  // 0: a character that no literal of the middle names
  std::vector<Bits> accepts;            // by class: the tokens that match it
  std::vector<Segment> segments;
};

struct Glob::Far {
  std::string text;              // "" if it fits into near_text_
  std::optional<Search> search;  // for the middle, unless that is one literal text
};

Glob::Search::Search(std::string_view middle) : accepts(1, 0) {
  Bits bit = 1;
  Bits any = 0;
  bool segment_begins = true;
  for (const char c : middle) {
    if (c == any_run) {
      segment_begins = true;
      continue;
    }
    if (segment_begins) segments.push_back({.first = bit, .last = bit});
    segment_begins = false;
    segments.back().last = bit;
    if (c == any_one) {
      any |= bit;
    } else {
      uint8_t& its_class = class_of[static_cast<uint8_t>(c)];
      if (its_class == 0) {
        its_class = static_cast<uint8_t>(accepts.size());
        accepts.push_back(0);
      }
      accepts[its_class] |= bit;
    }
    bit <<= 1;
  }
  for (Bits& tokens : accepts) tokens |= any;
}

template <Case letters>
bool Glob::Search::found_in(std::string_view window) const {
  auto segment = segments.begin();
  Bits state = 0;
  for (const char c : window) {
    const Bits accepted = accepts[class_of[static_cast<uint8_t>(fold<letters>(c))]];
    state = ((state << 1) | segment->first) & accepted;
    if ((state & segment->last) == 0) continue;
    // What is left in the state reaches the next segment only through the bit that `first` sets.
    if (++segment == segments.end()) return true;
  }
  return false;
}

Glob::Glob(std::string_view pattern, Case letters, Escapes escapes) : letters_(letters) {
  DARUMA_ASSERT(pattern.size() <= pattern_bytes_max);
  std::string wanted = canonical(pattern, escapes);
  if (letters == Case::insensitive) wanted = ascii_lowered(wanted);
  text_bytes_ = static_cast<uint8_t>(wanted.size());
  has_question_ = wanted.find(any_one) != std::string::npos;
  const size_t first_star = wanted.find(any_run);
  has_star_ = first_star != std::string::npos;
  auto far = std::make_unique<Far>();
  if (has_star_) {
    const size_t last_star = wanted.rfind(any_run);
    head_bytes_ = static_cast<uint8_t>(first_star);
    tail_bytes_ = static_cast<uint8_t>(wanted.size() - last_star - 1);
    if (first_star != last_star) {
      const std::string middle = wanted.substr(first_star + 1, last_star - first_star - 1);
      has_literal_middle_ = middle.find_first_of(wildcards) == std::string::npos;
      if (!has_literal_middle_) far->search.emplace(middle);
    }
  }
  if (wanted.size() <= near_bytes_max) {
    std::copy(wanted.begin(), wanted.end(), near_text_.begin());
  } else {
    far->text = std::move(wanted);
  }
  if (far->search || !far->text.empty()) far_ = std::move(far);
}

Glob::Glob(Glob&&) noexcept = default;
Glob& Glob::operator=(Glob&&) noexcept = default;
Glob::~Glob() = default;

const char* Glob::far_text() const {
  return far_->text.data();
}

bool Glob::matches(std::string_view subject) const {
  return letters_ == Case::insensitive ? matches_as<Case::insensitive>(subject)
                                       : matches_as<Case::sensitive>(subject);
}

// `tokens` (no '*' among them) and `subject` are equally long.
template <Case letters>
bool Glob::equal(std::string_view tokens, std::string_view subject) const {
  if (!has_question_) return equal_literal<letters>(tokens, subject);
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] != any_one && tokens[i] != fold<letters>(subject[i])) return false;
  }
  return true;
}

template <Case letters>
bool Glob::matches_as(std::string_view subject) const {
  if (!has_star_) return subject.size() == text_bytes_ && equal<letters>(text(), subject);
  const size_t ends = size_t{head_bytes_} + tail_bytes_;
  if (subject.size() < ends) return false;
  if (!equal<letters>(head(), subject.substr(0, head_bytes_))) return false;
  if (!equal<letters>(tail(), subject.substr(subject.size() - tail_bytes_))) return false;
  const std::string_view window = subject.substr(head_bytes_, subject.size() - ends);
  if (has_literal_middle_) return contains<letters>(window, middle());
  return far_ == nullptr || !far_->search || far_->search->found_in<letters>(window);
}

Glob::Literals Glob::literals() const {
  Literals literals;
  const std::string_view all = text();
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find_first_of(wildcards, begin), all.size());
    const std::string_view run = all.substr(begin, end - begin);
    if (begin == 0) {
      literals.prefix = run;
    } else if (end == all.size()) {
      literals.suffix = run;
    } else if (!run.empty()) {
      literals.inner.push_back(run);
    }
    begin = end + 1;
  }
  return literals;
}

}  // namespace daruma::routing
