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
    Regex regex;
  };
  // Members that are filed under one text, by rank.
  struct Bucket {
    uint32_t begin;
    uint32_t count;
  };
  void file(std::span<const Item> items, Case letters);
  void lay_out(std::vector<std::pair<std::string, std::vector<uint32_t>>> under);
  // Which of unfiled_ are found, as indices into it; false: all must be tried.
  bool run_together(std::string_view subject, std::vector<int>& found) const;

  std::vector<Member> members_;  // as the caller counts them
  std::optional<GlobIndex> texts_;
  std::vector<Bucket> buckets_;               // as texts_ counts them
  std::vector<uint32_t> filed_;               // members
  std::vector<uint32_t> unfiled_;             // members, by rank
  std::unique_ptr<const Together> together_;  // all of unfiled_; null: they are few
};

template <class F>
void RegexIndex::for_each_match(std::string_view subject, const uint32_t& bound, F f) const {
  const auto visit = [this, subject, &bound, &f](uint32_t at) {
    const Member& member = members_[at];
    if (member.rank < bound && member.regex.found_in(subject)) f(at);
  };
  if (texts_) {
    texts_->for_each_match(subject, bound, [this, &visit](uint32_t text) {
      const Bucket bucket = buckets_[text];
      for (uint32_t at = bucket.begin; at < bucket.begin + bucket.count; ++at) visit(filed_[at]);
    });
  }
  if (unfiled_.empty() || members_[unfiled_.front()].rank >= bound) return;
  std::vector<int> found;
  if (!run_together(subject, found)) {
    for (const uint32_t at : unfiled_) visit(at);
    return;
  }
  for (const int at : found) {
    const uint32_t member = unfiled_[static_cast<size_t>(at)];
    if (members_[member].rank < bound) f(member);
  }
}

}  // namespace daruma::routing
