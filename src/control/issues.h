// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with resources, said by path ("LoadBalancers[0].Listeners[1].Port") rather than by
// place in a file, so that a file and an API request can be checked alike. Values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/diagnostics.h"

namespace daruma::control {

// A member, or an item of a list that is a member.
struct PathStep {
  static constexpr size_t no_index = static_cast<size_t>(-1);
  std::string member;
  size_t index = no_index;
  auto operator<=>(const PathStep&) const = default;
};

// Where in the resources; made on the way down, each step refers to the one above it.
class Path {
 public:
  Path() = default;  // the whole
  Path at(std::string_view member, size_t index = PathStep::no_index) const& {
    return Path(this, member, index);
  }
  Path at(std::string_view member, size_t index = PathStep::no_index) const&& = delete;

  std::vector<PathStep> steps() const {
    if (parent_ == nullptr) return {};
    std::vector<PathStep> steps = parent_->steps();
    steps.push_back({std::string(member_), index_});
    return steps;
  }

 private:
  Path(const Path* parent, std::string_view member, size_t index)
      : parent_(parent), member_(member), index_(index) {}
  const Path* parent_ = nullptr;
  std::string_view member_;
  size_t index_ = PathStep::no_index;
};

// What an API has codes of its own for.
enum class IssueKind : uint8_t {
  other,
  port_taken,  // on this node
  too_many_load_balancers,
  too_many_target_groups,
  too_many_certificates,
  too_many_trust_stores,
  too_many_actions,
  incompatible_protocols,  // of a listener and a target group
  bucket_missing,          // that logs are to go to
};

struct Issue {
  std::vector<PathStep> where;
  bool at_key = false;  // the member's name is wrong, not its value
  std::string message;
  Severity severity = Severity::error;
  IssueKind kind = IssueKind::other;
};

// More of them than anybody reads are not kept: finding their places would take its time.
class Issues {
 public:
  static constexpr size_t kept_max = 1000;  // errors, and as many warnings

  void error(const Path& where, std::string message, IssueKind kind = IssueKind::other) {
    add({where.steps(), false, std::move(message), Severity::error, kind}, errors_);
  }
  void error_at_key(const Path& where, std::string message) {
    add({where.steps(), true, std::move(message), Severity::error}, errors_);
  }
  void warning(const Path& where, std::string message) {
    add({where.steps(), false, std::move(message), Severity::warning}, warnings_);
  }
  const std::vector<Issue>& list() const { return list_; }

 private:
  void add(Issue issue, size_t& kept) {
    if (kept >= kept_max) return;
    ++kept;
    list_.push_back(std::move(issue));
  }

  std::vector<Issue> list_;
  size_t errors_ = 0;
  size_t warnings_ = 0;
};

}  // namespace daruma::control
