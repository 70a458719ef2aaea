// SPDX-License-Identifier: Apache-2.0
//
// What a cookie of stickiness remembers, before it is sealed: which target a client has in each
// target group, and since when; in the cookie for groups, which group. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daruma::routing {

struct StickyEntry {
  uint64_t group = 0;   // model::TargetGroup::sticky_id
  uint64_t target = 0;  // model::StickyPlace::id; 0 in the cookie for groups
  uint32_t issued = 0;  // seconds since 1970
  bool operator==(const StickyEntry&) const = default;
};

class StickyRecord {
 public:
  static constexpr size_t entry_bytes = 20;

  // False, and the record empty, if these bytes are not what encode() writes.
  bool decode(std::string_view bytes);
  std::string encode() const;

  const StickyEntry* find(uint64_t group) const;
  void erase(uint64_t group);
  // Instead of what there is of its group. Of more than `most` entries the oldest goes.
  void put(const StickyEntry& entry, size_t most);
  // Those issued before then.
  void erase_older(uint32_t then);

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<StickyEntry> entries_;  // of different groups, in the order of put()
};

}  // namespace daruma::routing
