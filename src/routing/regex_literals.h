// SPDX-License-Identifier: Apache-2.0
//
// What a subject must contain for a regular expression to be found in it. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace daruma::routing {

class RegexLiterals {
 public:
  static constexpr size_t bytes_min = 3;  // shorter ones stand everywhere

  // REQUIRES: Regex::compile() takes the pattern.
  explicit RegexLiterals(std::string_view pattern);
  ~RegexLiterals();
  RegexLiterals(RegexLiterals&&) noexcept;
  RegexLiterals& operator=(RegexLiterals&&) noexcept;

  // All literal texts that play a part, in lower case. None if it may be found without any.
  const std::vector<std::string>& all() const { return all_; }

  // Some of all(), at least one of which stands in every subject, letters folded, that the
  // expression is found in, and none of which could be left out of them: those are left out first
  // that come first in `order`. Indices into all(). REQUIRES: `order` is a permutation of all().
  std::vector<size_t> needed(const std::vector<size_t>& order) const;

 private:
  struct Filter;
  std::unique_ptr<const Filter> filter_;
  std::vector<std::string> all_;
};

}  // namespace daruma::routing
