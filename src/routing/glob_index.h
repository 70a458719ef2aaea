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

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "routing/glob.h"

namespace daruma::routing {

class GlobIndex {
 public:
  struct Item {
    Glob glob;
    uint32_t rank;  // the smaller, the more important
  };
  // REQUIRES: all globs were made with `letters`.
  GlobIndex(std::vector<Item> items, Case letters);

  // Calls f(index into items) once for each glob that matches, in no particular order, leaving out
  // those whose rank is not below `bound`. f may lower the variable that is passed as `bound`.
  template <class F>
  void for_each_match(std::string_view subject, const uint32_t& bound, F f) const;

 private:
  enum class Kind : uint8_t { exact, prefix, suffix, gram };
  struct Filing {
    Kind kind;
    uint64_t key;
    uint32_t length;  // of the literal; of a gram: 8, 4, 3, 2 or 1
  };
  // A glob where it is looked for: all that most verifications read is one cache line.
  struct alignas(64) Member {
    uint32_t rank;
    uint32_t item;  // the caller's index
    Glob glob;
  };
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
  class Visited;

  // Up to this many are tried one by one: that is quicker than hashing.
  static constexpr size_t scan_max = 4;
  // Bounds the set of visited members, which lives on the stack. Further globs are scanned.
  static constexpr size_t gram_members_max = 32 * 1024;

  static uint64_t key_of(Kind kind, std::string_view text, Case letters);
  static uint64_t gram_key(uint64_t gram, size_t length);
  static uint64_t gram_mask(size_t length) { return UINT64_MAX >> (64 - 8 * length); }
  Bucket find(uint64_t key) const {
    if (slots_.empty()) return {};
    for (size_t at = key & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key || slots_[at].bucket.count == 0) return slots_[at].bucket;
    }
  }
  template <class F>
  void visit(Bucket bucket, std::string_view subject, const uint32_t& bound, F& f) const {
    if (bucket.count != 0) visit_members(bucket, subject, bound, f);
  }
  template <class F>
  void visit_members(Bucket bucket, std::string_view subject, const uint32_t& bound, F& f) const;
  template <class F>
  void visit_grams(std::string_view subject, const uint32_t& bound, F& f) const;

  Case letters_;
  std::vector<Member> members_;  // those of gram buckets come first
  std::vector<Slot> slots_;      // open addressing; a power of two, at most half full
  std::vector<Length> prefix_lengths_;
  std::vector<Length> suffix_lengths_;
  std::vector<Length> gram_lengths_;
  uint32_t exact_least_rank_ = UINT32_MAX;
  uint32_t gram_members_ = 0;
  Bucket scan_;
};

template <class F>
void GlobIndex::visit_members(Bucket bucket, std::string_view subject, const uint32_t& bound,
                              F& f) const {
  for (uint32_t at = bucket.begin; at < bucket.begin + bucket.count; ++at) {
    const Member& member = members_[at];
    if (member.rank >= bound) return;
    if (member.glob.matches(subject)) f(member.item);
  }
}

// Which buckets of grams have been visited. A gram may stand many times in a subject; if its bucket
// were visited as often, a hostile subject would make the cost quadratic. Most subjects meet few
// buckets: only the others pay for clearing the whole set.
class GlobIndex::Visited {
 public:
  // `begins` bounds what may be passed to insert().
  explicit Visited(uint32_t begins) : begins_(begins) {}
  // False if it was there already.
  bool insert(uint32_t begin) {
    if (few_count_ > few_.size()) return insert_into_all(begin);
    const auto few_end = few_.begin() + few_count_;
    if (std::find(few_.begin(), few_end, begin) != few_end) return false;
    if (few_count_ == few_.size()) return overflow(begin);
    few_[few_count_++] = begin;
    return true;
  }

 private:
  bool overflow(uint32_t begin) {
    std::fill_n(all_.begin(), begins_ / 64 + 1, 0);
    for (const uint32_t visited : few_) insert_into_all(visited);
    ++few_count_;
    return insert_into_all(begin);
  }
  bool insert_into_all(uint32_t begin) {
    const uint64_t bit = uint64_t{1} << (begin % 64);
    const bool is_new = (all_[begin / 64] & bit) == 0;
    all_[begin / 64] |= bit;
    return is_new;
  }

  const uint32_t begins_;
  uint32_t few_count_ = 0;  // one more than fit: all_ is in use
  std::array<uint32_t, 16> few_;
  std::array<uint64_t, gram_members_max / 64 + 1> all_;
};

template <class F>
void GlobIndex::visit_grams(std::string_view subject, const uint32_t& bound, F& f) const {
  Visited visited(gram_members_);
  uint64_t gram = 0;
  for (size_t read = 1; read <= subject.size(); ++read) {
    const char c = subject[read - 1];
    gram = (gram << 8) | static_cast<uint8_t>(letters_ == Case::insensitive ? ascii_lower(c) : c);
    for (const Length& length : gram_lengths_) {
      if (length.least_rank >= bound) continue;
      const Bucket bucket = find(gram_key(gram & gram_mask(length.length), length.length));
      if (bucket.count == 0 || !visited.insert(bucket.begin)) continue;
      visit_members(bucket, subject, bound, f);
    }
  }
}

template <class F>
void GlobIndex::for_each_match(std::string_view subject, const uint32_t& bound, F f) const {
  if (exact_least_rank_ < bound && subject.size() <= Glob::pattern_bytes_max) {
    visit(find(key_of(Kind::exact, subject, letters_)), subject, bound, f);
  }
  for (const Length& prefix : prefix_lengths_) {
    if (prefix.length > subject.size()) break;
    if (prefix.least_rank >= bound) continue;
    const std::string_view text = subject.substr(0, prefix.length);
    visit(find(key_of(Kind::prefix, text, letters_)), subject, bound, f);
  }
  for (const Length& suffix : suffix_lengths_) {
    if (suffix.length > subject.size()) break;
    if (suffix.least_rank >= bound) continue;
    const std::string_view text = subject.substr(subject.size() - suffix.length);
    visit(find(key_of(Kind::suffix, text, letters_)), subject, bound, f);
  }
  visit(scan_, subject, bound, f);
  if (gram_members_ > 0) visit_grams(subject, bound, f);
}

}  // namespace daruma::routing
