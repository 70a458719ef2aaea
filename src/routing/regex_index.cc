// SPDX-License-Identifier: Apache-2.0
#include "routing/regex_index.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "model/limits.h"
#include "routing/regex_literals.h"

namespace daruma::routing {
namespace {

// Up to this many are run one by one: that is quicker than all at once.
constexpr size_t one_by_one_max = 4;

// A glob that matches wherever `text` stands. What would be a wildcard may stand for anything.
Glob contains(const std::string& text) {
  return Glob("*" + text.substr(0, Glob::pattern_bytes_max - 2) + "*", Case::insensitive);
}

}  // namespace

class RegexIndex::Together {
 public:
  explicit Together(Case letters) : set_(options_for(letters), re2::RE2::UNANCHORED) {}
  bool add(const std::string& pattern) { return set_.Add(pattern, nullptr) >= 0; }
  bool compile() { return set_.Compile(); }
  // False if its automaton did not fit into memory.
  bool run(std::string_view subject, std::vector<int>& found) const {
    re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
    return set_.Match({subject.data(), subject.size()}, &found, &error) ||
           error.kind == re2::RE2::Set::kNoError;
  }

 private:
  static re2::RE2::Options options_for(Case letters) {
    re2::RE2::Options options(re2::RE2::Latin1);
    options.set_log_errors(false);
    options.set_case_sensitive(letters == Case::sensitive);
    options.set_max_mem(model::limits::regex_set_memory_bytes_max);
    return options;
  }
  re2::RE2::Set set_;
};

RegexIndex::RegexIndex(std::span<const Item> items, Case letters) {
  for (const Item& item : items) {
    Result<Regex> regex = Regex::compile(item.regex, letters);
    DARUMA_ASSERT(regex.has_value());
    regexes_.push_back(std::move(*regex));
  }
  file(items, letters);
}

RegexIndex::RegexIndex(RegexIndex&&) noexcept = default;
RegexIndex& RegexIndex::operator=(RegexIndex&&) noexcept = default;
RegexIndex::~RegexIndex() = default;

void RegexIndex::file(std::span<const Item> items, Case letters) {
  std::vector<RegexLiterals> literals;
  std::unordered_map<std::string, uint32_t> sharers;
  for (const Item& item : items) {
    literals.emplace_back(item.regex);
    for (const std::string& text : literals.back().all()) ++sharers[text];
  }
  std::map<std::string, std::vector<Member>> under;
  for (uint32_t i = 0; i < items.size(); ++i) {
    const std::vector<std::string>& all = literals[i].all();
    if (all.empty()) {
      unfiled_.push_back(member_for(items, i));
      continue;
    }
    std::vector<size_t> common_first(all.size());
    std::iota(common_first.begin(), common_first.end(), size_t{0});
    std::ranges::stable_sort(common_first, [&all, &sharers](size_t a, size_t b) {
      return sharers[all[a]] > sharers[all[b]];
    });
    for (const size_t text : literals[i].needed(common_first)) {
      under[all[text]].push_back(member_for(items, i));
    }
  }
  lay_out(std::move(under));
  std::ranges::stable_sort(unfiled_, {}, &Member::rank);
  if (unfiled_.size() <= one_by_one_max) return;
  auto together = std::make_unique<Together>(letters);
  for (const Member& member : unfiled_) {
    if (!together->add(items[member.item].regex)) return;
  }
  if (together->compile()) together_ = std::move(together);
}

void RegexIndex::lay_out(std::map<std::string, std::vector<Member>> under) {
  if (under.empty()) return;
  std::vector<GlobIndex::Item> texts;
  for (auto& [text, members] : under) {
    std::ranges::stable_sort(members, {}, &Member::rank);
    texts.push_back({contains(text), members.front().rank});
    buckets_.push_back({members.front(), {members.begin() + 1, members.end()}});
  }
  texts_.emplace(std::move(texts), Case::insensitive);
}

bool RegexIndex::run_together(std::string_view subject, std::vector<int>& found) const {
  return together_ != nullptr && together_->run(subject, found);
}

}  // namespace daruma::routing
