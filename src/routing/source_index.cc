// SPDX-License-Identifier: Apache-2.0
#include "routing/source_index.h"

#include <algorithm>
#include <cstring>

namespace daruma::routing {

size_t SourceIndex::Hash::operator()(const CidrRange& range) const {
  uint64_t high = 0;
  uint64_t low = 0;
  std::memcpy(&high, range.base().octets().data(), 8);
  std::memcpy(&low, range.base().octets().data() + 8, 8);
  const auto mixed = static_cast<unsigned __int128>(high ^ 0x9e3779b97f4a7c15) *
                     (low ^ range.prefix_bits() ^ 0xc2b2ae3d27d4eb4f);
  return static_cast<uint64_t>(mixed) ^ static_cast<uint64_t>(mixed >> 64);
}

SourceIndex::SourceIndex(std::vector<Item> items) {
  for (auto& [range, rules] : items) {
    RuleLeaf leaf(std::move(rules));
    note_length(range, leaf.least_rule());
    leaves_.emplace(range, std::move(leaf));
  }
}

void SourceIndex::note_length(const CidrRange& range, uint32_t rule) {
  least_rule_ = std::min(least_rule_, rule);
  const auto same = std::ranges::find_if(lengths_, [&range](const Length& length) {
    return length.family == range.base().family() && length.prefix_bits == range.prefix_bits();
  });
  if (same == lengths_.end()) {
    lengths_.push_back({range.base().family(), range.prefix_bits(), rule});
  } else {
    same->least_rule = std::min(same->least_rule, rule);
  }
}

void SourceIndex::take_best(const MatchInput& input, uint32_t& best) const {
  if (least_rule_ >= best || input.source == nullptr) return;
  for (const Length& length : lengths_) {
    if (length.family != input.source->family() || length.least_rule >= best) continue;
    const auto found = leaves_.find(CidrRange::around(*input.source, length.prefix_bits));
    if (found != leaves_.end()) found->second.take_best(input, best);
  }
}

}  // namespace daruma::routing
