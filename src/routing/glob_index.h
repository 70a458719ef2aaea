// SPDX-License-Identifier: Apache-2.0
//
// Which of many globs match a subject, at a cost that does not grow with their number. Each glob is
// filed under the literal text of it that fewest others share:
//   exact   the whole pattern, if it has no wildcards
//   prefix  what it begins with       "/api/*"
//   suffix  what it ends with         "*.example.com"
//   gram    up to eight characters of what it contains   "*foobar*"
//   scan    nothing: it has no literal text, and there are few such patterns
// The subject's own pieces are looked up by hash; what is found is verified by the glob itself. So
// the cost is a few look-ups (one per distinct length of a filed prefix or suffix, one per
// character if there are grams) and one verification per glob that shares its rarest literal with
// the subject. Immutable, thread-safe, allocates nothing while matching.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "routing/glob.h"
#include "routing/visited.h"

namespace daruma::routing {

// Two cache lines: there may be hundreds, one for each host.
class alignas(64) GlobIndex {
 public:
  struct Item {
    Glob glob;
    uint32_t rank;  // the smaller, the more important
    // There is no more to know of it than its rank: its index would only be a further look-up.
    bool rank_is_all = false;
  };
  static constexpr uint32_t no_item = UINT32_MAX;
  // REQUIRES: all globs were made with `letters`.
  GlobIndex(std::vector<Item> items, Case letters);

  // Calls f(index into items, or no_item where its rank is all; its rank) once for each glob that
  // matches, in no particular order, leaving out those whose rank is not below `bound`. f may lower
  // the variable that is passed as `bound`.
  template <class F>
  void for_each_match(std::string_view subject, const uint32_t& bound, F f) const {
    look_up<Verify::yes>(subject, bound, f);
  }
  // The same without verifying: also for globs that only share what they are filed under.
  template <class F>
  void for_each_candidate(std::string_view subject, const uint32_t& bound, F f) const {
    look_up<Verify::no>(subject, bound, f);
  }

 private:
  enum class Verify : uint8_t { no, yes };
  enum class Kind : uint8_t { exact, prefix, suffix, gram };
  struct Filing {
    Kind kind;
    uint64_t key;
    uint32_t length;  // of the literal; of a gram: 8, 4, 3, 2 or 1
  };
  // A glob where it is looked for: all that most verifications read is this one cache line.
  struct alignas(64) Member {
    uint32_t rank;
    uint32_t item;  // as f is told
    Glob glob;
  };
  static_assert(sizeof(Member) == 64);
  struct Bucket {
    uint32_t begin = 0;  // into members_, by rank
    uint32_t count = 0;
  };
  struct Slot {
    uint64_t key = 0;
    Bucket bucket;  // empty: the slot is free
  };
  struct Length {
    uint32_t length;
    uint32_t least_rank;
  };
  class Builder;

  // Up to this many are tried one by one: that is quicker than hashing.
  static constexpr size_t scan_max = 4;
  // Bounds the set of visited members, which lives on the stack. Further globs are scanned.
  static constexpr uint32_t gram_members_max = 32 * 1024;

  static uint64_t key_of(Kind kind, std::string_view text, Case letters);
  static uint64_t gram_key(uint64_t gram, size_t length);
  static uint64_t gram_mask(size_t length) { return UINT64_MAX >> (64 - 8 * length); }
  // Most look-ups find nothing. The filter, a bit for each key, says so from the processor's
  // nearest cache; the slots of thousands of globs are not in it.
  Bucket find(uint64_t key) const {
    if (!may_hold(key)) return {};
    for (size_t at = key & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key || slots_[at].bucket.count == 0) return slots_[at].bucket;
    }
  }
  bool may_hold(uint64_t key) const {
    const uint64_t bit = (key >> 32) & (64 * filter_.size() - 1);
    return ((filter_[bit / 64] >> (bit % 64)) & 1) != 0;
  }
  template <Verify verify, class F>
  void look_up(std::string_view subject, const uint32_t& bound, F& f) const;
  template <Verify verify, class F>
  void visit(Bucket bucket, std::string_view subject, const uint32_t& bound, F& f) const {
    if (bucket.count != 0) visit_members<verify>(bucket, subject, bound, f);
  }
  template <Verify verify, class F>
  void visit_members(Bucket bucket, std::string_view subject, const uint32_t& bound, F& f) const;
  template <Verify verify, class F>
  void visit_grams(std::string_view subject, const uint32_t& bound, F& f) const;

  std::span<const Length> prefix_lengths() const { return {lengths_.data(), prefixes_end_}; }
  std::span<const Length> suffix_lengths() const {
    return std::span(lengths_).subspan(prefixes_end_, grams_begin_ - prefixes_end_);
  }
  std::span<const Length> gram_lengths() const { return std::span(lengths_).subspan(grams_begin_); }

  std::vector<Member> members_;   // those of gram buckets come first
  std::vector<uint64_t> filter_;  // bits; a power of two
  std::vector<Slot> slots_;       // open addressing; a power of two, at most half full
  std::vector<Length> lengths_;   // of prefixes, suffixes and grams
  uint32_t prefixes_end_ = 0;     // in lengths_
  uint32_t grams_begin_ = 0;
  uint32_t exact_least_rank_ = UINT32_MAX;
  uint32_t gram_members_ = 0;
  Bucket scan_;
  Case letters_;
};

template <GlobIndex::Verify verify, class F>
void GlobIndex::visit_members(Bucket bucket, std::string_view subject, const uint32_t& bound,
                              F& f) const {
  for (uint32_t at = bucket.begin; at < bucket.begin + bucket.count; ++at) {
    const Member& member = members_[at];
    if (member.rank >= bound) return;
    if (verify == Verify::no || member.glob.matches(subject)) f(member.item, member.rank);
  }
}

template <GlobIndex::Verify verify, class F>
void GlobIndex::visit_grams(std::string_view subject, const uint32_t& bound, F& f) const {
  Visited<gram_members_max> visited(gram_members_);
  uint64_t gram = 0;
  for (size_t read = 1; read <= subject.size(); ++read) {
    const char c = subject[read - 1];
    gram = (gram << 8) | static_cast<uint8_t>(letters_ == Case::insensitive ? ascii_lower(c) : c);
    for (const Length& length : gram_lengths()) {
      if (length.least_rank >= bound) continue;
      const Bucket bucket = find(gram_key(gram & gram_mask(length.length), length.length));
      if (bucket.count == 0 || !visited.insert(bucket.begin)) continue;
      visit_members<verify>(bucket, subject, bound, f);
    }
  }
}

template <GlobIndex::Verify verify, class F>
void GlobIndex::look_up(std::string_view subject, const uint32_t& bound, F& f) const {
  if (exact_least_rank_ < bound && subject.size() <= Glob::pattern_bytes_max) {
    visit<verify>(find(key_of(Kind::exact, subject, letters_)), subject, bound, f);
  }
  for (const Length& prefix : prefix_lengths()) {
    if (prefix.length > subject.size()) break;
    if (prefix.least_rank >= bound) continue;
    const std::string_view text = subject.substr(0, prefix.length);
    visit<verify>(find(key_of(Kind::prefix, text, letters_)), subject, bound, f);
  }
  for (const Length& suffix : suffix_lengths()) {
    if (suffix.length > subject.size()) break;
    if (suffix.least_rank >= bound) continue;
    const std::string_view text = subject.substr(subject.size() - suffix.length);
    visit<verify>(find(key_of(Kind::suffix, text, letters_)), subject, bound, f);
  }
  visit<verify>(scan_, subject, bound, f);
  if (gram_members_ > 0) visit_grams<verify>(subject, bound, f);
}

}  // namespace daruma::routing
