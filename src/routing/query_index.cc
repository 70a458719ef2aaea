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
  for (Item& item : items) {
    Entry entry{std::nullopt, glob_of(item.pair.value), RuleLeaf(std::move(item.rules))};
    if (item.pair.key) entry.key = glob_of(*item.pair.key);
    least_rule_ = std::min(least_rule_, entry.leaf.least_rule());
    if (entry.key) keys.add(*entry.key);
    values.add(entry.value);
    entries_.push_back(std::move(entry));
  }
  std::vector<GlobIndex::Item> key_items;
  std::vector<GlobIndex::Item> value_items;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const bool by_key = entry.key && keys.of(*entry.key) <= values.of(entry.value);
    (by_key ? by_key_ : by_value_).entries.push_back(i);
    const std::string& pattern = by_key ? *items[i].pair.key : items[i].pair.value;
    (by_key ? key_items : value_items).push_back({glob_of(pattern), entry.leaf.least_rule()});
  }
  if (!key_items.empty()) by_key_.globs.emplace(std::move(key_items), Case::insensitive);
  if (!value_items.empty()) by_value_.globs.emplace(std::move(value_items), Case::insensitive);
}

// A client may repeat a pair thousands of times; its rules are asked once.
void QueryIndex::take_best(const MatchInput& input, uint32_t& best) const {
  if (least_rule_ >= best || input.query.empty()) return;
  Visited<items_max> visited(static_cast<uint32_t>(entries_.size()));
  const auto ask = [this, &visited, &input, &best](uint32_t at) {
    if (visited.insert(at)) entries_[at].leaf.take_best(input, best);
  };
  any_query_pair(input.query, [this, &ask, &best](std::string_view key, std::string_view value) {
    if (by_key_.globs) {
      by_key_.globs->for_each_match(key, best, [this, &ask, value](uint32_t item, uint32_t) {
        const uint32_t at = by_key_.entries[item];
        if (entries_[at].value.matches(value)) ask(at);
      });
    }
    if (by_value_.globs) {
      by_value_.globs->for_each_match(value, best, [this, &ask, key](uint32_t item, uint32_t) {
        const uint32_t at = by_value_.entries[item];
        if (!entries_[at].key || entries_[at].key->matches(key)) ask(at);
      });
    }
    return false;
  });
}

}  // namespace daruma::routing
