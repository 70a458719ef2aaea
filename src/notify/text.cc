// SPDX-License-Identifier: Apache-2.0
#include "notify/text.h"

namespace daruma::notify {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

}  // namespace

std::string shortened(std::string_view text, size_t characters_max) {
  size_t characters = 0;
  size_t end = 0;  // of all characters but the last that is allowed
  for (size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    ++characters;
    if (characters == characters_max) end = i;
    if (characters > characters_max) return std::string(text.substr(0, end)) + "…";
  }
  return std::string(text);
}

}  // namespace daruma::notify
