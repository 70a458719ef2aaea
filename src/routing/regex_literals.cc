// SPDX-License-Identifier: Apache-2.0
#include "routing/regex_literals.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace daruma::routing {
namespace {

bool is_visible(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

struct RegexLiterals::Filter {
  re2::FilteredRE2 re2{static_cast<int>(bytes_min)};
};

RegexLiterals::RegexLiterals(std::string_view pattern) {
  auto filter = std::make_unique<Filter>();
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  int id = 0;
  const auto code = filter->re2.Add({pattern.data(), pattern.size()}, options, &id);
  DARUMA_ASSERT(code == re2::RE2::NoError);
  filter->re2.Compile(&all_);
  std::vector<int> without_any;
  filter->re2.AllPotentials({}, &without_any);
  // Bytes beyond ASCII may have two cases.
  if (!without_any.empty() || !std::ranges::all_of(all_, is_visible)) all_.clear();
  filter_ = std::move(filter);
}

RegexLiterals::~RegexLiterals() = default;
RegexLiterals::RegexLiterals(RegexLiterals&&) noexcept = default;
RegexLiterals& RegexLiterals::operator=(RegexLiterals&&) noexcept = default;

std::vector<size_t> RegexLiterals::needed(const std::vector<size_t>& order) const {
  // Where only these stand, the expression cannot be found: so one of the others is needed.
  std::vector<int> unasked;
  std::vector<size_t> needed;
  for (const size_t at : order) {
    unasked.push_back(static_cast<int>(at));
    std::vector<int> possible;
    filter_->re2.AllPotentials(unasked, &possible);
    if (possible.empty()) continue;
    unasked.pop_back();
    needed.push_back(at);
  }
  return needed;
}

}  // namespace daruma::routing
