// SPDX-License-Identifier: Apache-2.0
#include "routing/sticky_record.h"

#include <algorithm>

namespace daruma::routing {
namespace {

constexpr char format_version = 1;

void put_number(uint64_t value, int bytes, std::string& out) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
}

uint64_t take_number(std::string_view& bytes, size_t count) {
  uint64_t value = 0;
  for (const char c : bytes.substr(0, count)) value = (value << 8) | static_cast<uint8_t>(c);
  bytes.remove_prefix(count);
  return value;
}

}  // namespace

bool StickyRecord::decode(std::string_view bytes) {
  entries_.clear();
  const bool good =
      !bytes.empty() && bytes[0] == format_version && (bytes.size() - 1) % entry_bytes == 0;
  if (!good) return false;
  bytes.remove_prefix(1);
  while (!bytes.empty()) {
    StickyEntry entry;
    entry.group = take_number(bytes, 8);
    entry.target = take_number(bytes, 8);
    entry.issued = static_cast<uint32_t>(take_number(bytes, 4));
    entries_.push_back(entry);
  }
  return true;
}

std::string StickyRecord::encode() const {
  std::string bytes(1, format_version);
  for (const StickyEntry& entry : entries_) {
    put_number(entry.group, 8, bytes);
    put_number(entry.target, 8, bytes);
    put_number(entry.issued, 4, bytes);
  }
  return bytes;
}

const StickyEntry* StickyRecord::find(uint64_t group) const {
  const auto found = std::ranges::find(entries_, group, &StickyEntry::group);
  return found == entries_.end() ? nullptr : &*found;
}

void StickyRecord::erase(uint64_t group) {
  std::erase_if(entries_, [group](const StickyEntry& entry) { return entry.group == group; });
}

void StickyRecord::put(const StickyEntry& entry, size_t most) {
  erase(entry.group);
  while (!entries_.empty() && entries_.size() >= most)
    entries_.erase(std::ranges::min_element(entries_, {}, &StickyEntry::issued));
  entries_.push_back(entry);
}

void StickyRecord::erase_older(uint32_t then) {
  std::erase_if(entries_, [then](const StickyEntry& entry) { return entry.issued < then; });
}

}  // namespace daruma::routing
