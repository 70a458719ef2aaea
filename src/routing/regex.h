// SPDX-License-Identifier: Apache-2.0
//
// A regular expression of a rule, by RE2: time is linear in the subject, whatever the expression
// and whoever sends the subject. It is searched for anywhere in the subject; '^' and '$' stand for
// the subject's ends. Subjects are bytes. Immutable and thread-safe; matching may allocate and
// takes a reader's lock inside RE2 (docs/adr/0006).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "routing/glob.h"

namespace re2 {
class RE2;
}

namespace daruma::routing {

class Regex {
 public:
  // Fails with a sentence on the expression: it is no regular expression, has what ALB does not
  // have either (look-around, back-references, atomic groups, possessive quantifiers, subroutines,
  // recursion, \p{...}), characters beyond visible ASCII, or becomes too large.
  static Result<Regex> compile(std::string_view pattern, Case letters);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool found_in(std::string_view subject) const;

  static constexpr int groups_max = 99;
  int groups() const;  // capturing ones
  // True if found; then groups[0] is the whole match, groups[i] that of group i, "" where it took
  // no part. REQUIRES: groups.size() <= groups_max + 1.
  bool find(std::string_view subject, std::span<std::string_view> groups) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> regex);
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace daruma::routing
