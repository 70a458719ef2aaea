// SPDX-License-Identifier: Apache-2.0
#include "routing/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::routing {
namespace {

using std::string_view;

struct Construct {
  string_view begins;
  string_view name;
};
// Outside of [...], the longest first where one begins like another.
constexpr Construct missing_constructs[] = {
    {"(?<=", "lookbehinds"},
    {"(?<!", "lookbehinds"},
    {"(?=", "lookaheads"},
    {"(?!", "lookaheads"},
    {"(?>", "atomic groups"},
    {"(?R)", "recursion"},
    {"(?0)", "recursion"},
    {"(?&", "subroutines"},
    {"(?P>", "subroutines"},
    {"(?P=", "backreferences"},
    {"(?+", "subroutines"},
    {"\\k", "backreferences"},
    {"\\g", "backreferences"},
    {"\\p", "Unicode character classes"},
    {"\\P", "Unicode character classes"},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_quantifier_end(char c) {
  return c == '*' || c == '+' || c == '?';
}

// The construct that begins here and that ALB does not have, or "".
string_view missing_construct(string_view rest, char before) {
  for (const Construct& construct : missing_constructs) {
    if (rest.starts_with(construct.begins)) return construct.name;
  }
  if (rest.size() >= 2 && rest[0] == '\\' && rest[1] >= '1' && rest[1] <= '9') {
    return "backreferences";
  }
  if (rest.size() >= 3 && rest.starts_with("(?") && (is_digit(rest[2]) || rest[2] == '-')) {
    const size_t end = rest.find_first_not_of("0123456789", 3);
    if (end != string_view::npos && rest[end] == ')') return "subroutines";
  }
  return rest[0] == '+' && is_quantifier_end(before) ? "possessive quantifiers" : "";
}

// Goes over a pattern construct by construct.
string_view first_missing_construct(string_view pattern) {
  bool in_class = false;
  char before = '\0';  // '\0' after what is escaped
  for (size_t at = 0; at < pattern.size(); ++at) {
    const string_view rest = pattern.substr(at);
    const bool property = rest.starts_with("\\p") || rest.starts_with("\\P");
    if (!in_class || property) {
      const string_view missing = missing_construct(rest, before);
      if (!missing.empty()) return missing;
    }
    before = rest[0];
    if (rest[0] == '\\') {
      ++at;
      before = '\0';
    } else if (rest[0] == '[' && !in_class) {
      in_class = true;
      if (rest.starts_with("[^")) ++at;
      if (pattern.substr(at + 1).starts_with(']')) ++at;
    } else if (rest[0] == ']') {
      in_class = false;
    }
  }
  return "";
}

re2::RE2::Options options_for(Case letters) {
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  options.set_case_sensitive(letters == Case::sensitive);
  options.set_max_mem(model::limits::regex_memory_bytes_max);
  return options;
}

re2::StringPiece piece(string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Result<Regex> Regex::compile(string_view pattern, Case letters) {
  const auto visible = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(pattern, visible)) {
    return fail("a regular expression may hold only visible ASCII characters");
  }
  const string_view missing = first_missing_construct(pattern);
  if (!missing.empty()) {
    return fail(fmt::format("regular expression '{}': {} are not supported", pattern, missing));
  }
  auto regex = std::make_unique<re2::RE2>(piece(pattern), options_for(letters));
  if (!regex->ok()) {
    return fail(fmt::format("regular expression '{}': {}", pattern, regex->error()));
  }
  if (regex->ProgramSize() > static_cast<int>(model::limits::regex_program_max)) {
    return fail(fmt::format("regular expression '{}' is too large", pattern));
  }
  if (regex->NumberOfCapturingGroups() > groups_max) {
    return fail(fmt::format("regular expression '{}': more than {} groups", pattern, groups_max));
  }
  return Regex(std::move(regex));
}

Regex::Regex(std::unique_ptr<re2::RE2> regex) : regex_(std::move(regex)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::found_in(string_view subject) const {
  return regex_->Match(piece(subject), 0, subject.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

int Regex::groups() const {
  return regex_->NumberOfCapturingGroups();
}

bool Regex::find(string_view subject, std::span<string_view> groups) const {
  DARUMA_ASSERT(groups.size() <= groups_max + 1);
  std::array<re2::StringPiece, groups_max + 1> found;
  if (!regex_->Match(piece(subject), 0, subject.size(), re2::RE2::UNANCHORED, found.data(),
                     static_cast<int>(groups.size()))) {
    return false;
  }
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = {found[i].data(), found[i].size()};
  return true;
}

}  // namespace daruma::routing
