// SPDX-License-Identifier: Apache-2.0
//
// Which of many regular expressions are found in a subject, at a cost that hardly grows with their
// number. Nearly every expression can only be found where one of a few literal texts stands
// ("/foo/x" or "/bar/x" for "^/(foo|bar)/x$"); RE2 knows which. The expression is filed under those
// texts in a GlobIndex, and run where one of them is. Those without such a text are run together,
// by RE2::Set. Immutable and thread-safe; matching may allocate and takes readers' locks inside RE2
// (docs/adr/0006).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/glob_index.h"
#include "routing/regex.h"

namespace daruma::routing {

class RegexIndex {
 public:
  struct Item {
    std::string regex;
    uint32_t rank;  // the smaller, the more important
  };
  // REQUIRES: Regex::compile() takes each of them.
  RegexIndex(std::span<const Item> items, Case letters);
  RegexIndex(RegexIndex&&) noexcept;
  RegexIndex& operator=(RegexIndex&&) noexcept;
  ~RegexIndex();

  // Calls f(index into items) at least once for each expression that is found, in no particular
  // order, leaving out those whose rank is not below `bound`. f may lower the variable that is
  // passed as `bound`.
  template <class F>
  void for_each_match(std::string_view subject, const uint32_t& bound, F f) const;

  // How many expressions have no literal text that they can be filed under.
  size_t unfiled() const { return unfiled_.size(); }

 private:
  class Together;
  struct Member {
    uint32_t rank;
    uint32_t item;  // the caller's index
    const Regex* regex;
  };
  // What is filed under one text, by rank. Mostly that is one: it stands here, and no further cache
  // line need be read for it.
  struct Bucket {
    Member first;
    std::vector<Member> more;
  };
  void file(std::span<const Item> items, Case letters);
  void lay_out(std::map<std::string, std::vector<Member>> under);
  // Which of unfiled_ are found, as indices into it; false: all must be tried.
  bool run_together(std::string_view subject, std::vector<int>& found) const;

  Member member_for(std::span<const Item> items, uint32_t item) const {
    return {items[item].rank, item, &regexes_[item]};
  }

  std::vector<Regex> regexes_;  // as the caller counts them
  std::optional<GlobIndex> texts_;
  std::vector<Bucket> buckets_;               // as texts_ counts them
  std::vector<Member> unfiled_;               // by rank
  std::unique_ptr<const Together> together_;  // all of unfiled_; null: they are few
};

template <class F>
void RegexIndex::for_each_match(std::string_view subject, const uint32_t& bound, F f) const {
  const auto visit = [subject, &bound, &f](const Member& member) {
    if (member.rank < bound && member.regex->found_in(subject)) f(member.item);
  };
  if (texts_) {
    texts_->for_each_candidate(subject, bound, [this, &visit](uint32_t text, uint32_t) {
      const Bucket& bucket = buckets_[text];
      visit(bucket.first);
      for (const Member& member : bucket.more) visit(member);
    });
  }
  if (unfiled_.empty() || unfiled_.front().rank >= bound) return;
  std::vector<int> found;
  if (!run_together(subject, found)) {
    for (const Member& member : unfiled_) visit(member);
    return;
  }
  for (const int at : found) {
    const Member& member = unfiled_[static_cast<size_t>(at)];
    if (member.rank < bound) f(member.item);
  }
}

}  // namespace daruma::routing
