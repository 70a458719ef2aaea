// SPDX-License-Identifier: Apache-2.0
#include "routing/query_index.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "routing/query_pairs.h"
#include "routing/visited.h"

namespace daruma::routing {
namespace {

Glob glob_of(const std::string& pattern) {
  return Glob(pattern, Case::insensitive, Escapes::backslash);
}

// How many pairs have the same text. What matches everything is shared by all.
class Sharers {
 public:
  void add(const Glob& glob) { ++counts_[std::string(glob.text())]; }
  size_t of(const Glob& glob) const {
    if (glob.matches_everything()) return SIZE_MAX;
    return counts_.at(std::string(glob.text()));
  }

 private:
  std::unordered_map<std::string, size_t> counts_;
};

}  // namespace

QueryIndex::QueryIndex(std::vector<Item> items) {
  DARUMA_ASSERT(items.size() <= items_max);
  Sharers keys;
  Sharers values;
  for (const Item& item : items) {
    if (item.pair.key) keys.add(glob_of(*item.pair.key));
    values.add(glob_of(item.pair.value));
  }
  std::vector<Item*> by_key;
  std::vector<Item*> by_value;
  for (Item& item : items) {
    const auto& [key, value] = item.pair;
    const bool key_is_rarer = key && keys.of(glob_of(*key)) <= values.of(glob_of(value));
    (key_is_rarer ? by_key : by_value).push_back(&item);
  }
  by_key_ = side_of(Half::key, by_key);
  by_value_ = side_of(Half::value, by_value);
}

QueryIndex::Side QueryIndex::side_of(Half half, std::span<Item* const> items) {
  Side side;
  std::vector<GlobIndex::Item> globs;
  for (Item* const item : items) {
    const auto& [key, value] = item->pair;
    Entry& entry = side.entries.emplace_back(Entry{std::nullopt, RuleLeaf(std::move(item->rules))});
    if (half == Half::key) {
      Glob glob = glob_of(value);
      if (!glob.matches_everything()) entry.other_half = std::move(glob);
    } else if (key) {
      entry.other_half = glob_of(*key);
    }
    const uint32_t rank = entry.leaf.least_rule();
    least_rule_ = std::min(least_rule_, rank);
    globs.push_back({glob_of(half == Half::key ? *key : value), rank});
  }
  if (!globs.empty()) side.globs.emplace(std::move(globs), Case::insensitive);
  return side;
}

// A client may repeat a pair thousands of times; its rules are asked once.
void QueryIndex::take_best(const MatchInput& input, uint32_t& best) const {
  if (least_rule_ >= best || input.query.empty()) return;
  const auto keys = static_cast<uint32_t>(by_key_.entries.size());
  Visited<items_max> visited(keys + static_cast<uint32_t>(by_value_.entries.size()));
  const auto look_up = [&visited, &input, &best](const Side& side, uint32_t first_number,
                                                 std::string_view half, std::string_view other) {
    if (!side.globs) return;
    side.globs->for_each_match(half, best, [&](uint32_t item, uint32_t) {
      const Entry& entry = side.entries[item];
      if (entry.other_half && !entry.other_half->matches(other)) return;
      if (visited.insert(first_number + item)) entry.leaf.take_best(input, best);
    });
  };
  any_query_pair(input.query, [&](std::string_view key, std::string_view value) {
    look_up(by_key_, 0, key, value);
    look_up(by_value_, keys, value, key);
    return false;
  });
}

}  // namespace daruma::routing
