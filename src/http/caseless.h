// SPDX-License-Identifier: Apache-2.0
//
// Comparing with a word known beforehand, ASCII case aside, eight bytes at a step:
// equals<"keep-alive">(option). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace daruma::http {

// The word as a template argument, in lower case.
template <size_t N>
struct CaselessWord {
  static constexpr size_t size = N - 1;
  consteval CaselessWord(const char (&word)[N]) {
    for (size_t i = 0; i < size; ++i) {
      text[i] = word[i];
      // Letters differ from their capitals in this bit; nothing else may differ.
      case_bits[i] = word[i] >= 'a' && word[i] <= 'z' ? 0x20 : 0;
    }
  }
  std::array<char, size> text{};
  std::array<char, size> case_bits{};
};

namespace detail {
template <class Integer>
inline bool same_at(const char* text, const char* word, const char* case_bits) {
  Integer given, wanted, fold;
  std::memcpy(&given, text, sizeof given);
  std::memcpy(&wanted, word, sizeof wanted);
  std::memcpy(&fold, case_bits, sizeof fold);
  return static_cast<Integer>(given | fold) == wanted;
}
}  // namespace detail

// REQUIRES: `text` has as many bytes as the word.
template <CaselessWord word>
inline bool equals_same_size(const char* text) {
  using Integer =
      std::conditional_t<word.size >= 8, uint64_t,
                         std::conditional_t<word.size >= 4, uint32_t,
                                            std::conditional_t<word.size >= 2, uint16_t, uint8_t>>>;
  constexpr size_t step = sizeof(Integer);
  const auto same_at = [text](size_t i) {
    return detail::same_at<Integer>(text + i, word.text.data() + i, word.case_bits.data() + i);
  };
  for (size_t i = 0; i + step <= word.size; i += step) {
    if (!same_at(i)) return false;
  }
  return word.size % step == 0 || same_at(word.size - step);  // the last step overlaps
}

template <CaselessWord word>
inline bool equals(std::string_view text) {
  return text.size() == word.size && equals_same_size<word>(text.data());
}

}  // namespace daruma::http
