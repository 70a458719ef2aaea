// SPDX-License-Identifier: Apache-2.0
#include "routing/rule_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "routing/condition.h"
#include "routing/glob_index.h"

namespace daruma::routing {
namespace {

constexpr uint32_t no_rest = UINT32_MAX;

// A rule that is found under a host pattern and a path pattern.
struct Candidate {
  uint32_t rule;
  uint32_t rest;  // index into RuleTable::Implementation::rests: what else must hold; or no_rest
};

// In order of priority; nothing follows one that has no rest, since it would never be reached. So
// there is hardly ever more than one, which needs no heap.
class Candidates {
 public:
  void add(Candidate candidate) {
    if (empty()) {
      first_ = candidate;
    } else if (last().rest != no_rest) {
      more_.push_back(candidate);
    }
  }
  bool empty() const { return first_.rule == UINT32_MAX; }
  uint32_t least_rule() const { return first_.rule; }  // UINT32_MAX if there is none
  // The rule of the first candidate below `bound` for which holds(rest) is true; else `bound`.
  template <class F>
  uint32_t first_below(uint32_t bound, F holds) const {
    if (first_.rule >= bound) return bound;
    if (holds(first_.rest)) return first_.rule;
    for (const Candidate& candidate : more_) {
      if (candidate.rule >= bound) break;
      if (holds(candidate.rest)) return candidate.rule;
    }
    return bound;
  }

 private:
  const Candidate& last() const { return more_.empty() ? first_ : more_.back(); }
  Candidate first_{UINT32_MAX, no_rest};
  std::vector<Candidate> more_;
};

// The rules with a path condition under one host pattern.
struct Paths {
  GlobIndex index;
  std::vector<Candidates> candidates;  // as index counts them
};

// The rules under one host pattern.
struct Host {
  uint32_t least_path_rule = UINT32_MAX;
  Candidates any_path;
  std::unique_ptr<const Paths> paths;
};

// The same while it is being collected. Patterns by their canonical text, so that equal ones meet.
struct PathDraft {
  std::string pattern;
  Candidates candidates;
};
struct HostDraft {
  std::string pattern;
  Candidates any_path;
  std::map<std::string, PathDraft> paths;
};

}  // namespace

struct RuleTable::Implementation {
  explicit Implementation(std::span<const model::Rule> rules);

  uint32_t match(const MatchInput& input) const;
  void match_host(const Host& host, const MatchInput& input, uint32_t& best) const;
  void take_best(const Candidates& candidates, const MatchInput& input, uint32_t& best) const;

  uint32_t fallback = 0;  // the first rule without conditions
  Host any_host;
  std::optional<GlobIndex> host_index;
  std::vector<Host> hosts;  // as host_index counts them
  std::vector<std::vector<Condition>> rests;
};

namespace {

using Values = std::vector<std::string>;

// What a rule is filed under: its first condition on the host and its first on the path. All others
// stay to be verified.
struct Split {
  const Values* hosts = nullptr;
  const Values* paths = nullptr;
  std::vector<Condition> rest;
};

Split split(const model::Rule& rule) {
  Split split;
  for (const model::Condition& condition : rule.conditions) {
    const auto* host = std::get_if<model::HostHeaderCondition>(&condition.test);
    const auto* path = std::get_if<model::PathPatternCondition>(&condition.test);
    const bool patterns = !condition.negate && (host == nullptr || host->regexes.empty()) &&
                          (path == nullptr || path->regexes.empty());
    if (patterns && host != nullptr && split.hosts == nullptr) {
      split.hosts = &host->values;
    } else if (patterns && path != nullptr && split.paths == nullptr) {
      split.paths = &path->values;
    } else {
      split.rest.emplace_back(condition);
    }
  }
  return split;
}

void file_under_paths(HostDraft& host, const Values* paths, Candidate candidate) {
  if (paths == nullptr) {
    host.any_path.add(candidate);
    return;
  }
  for (const std::string& path : *paths) {
    PathDraft& draft = host.paths[std::string(Glob(path, Case::sensitive).text())];
    draft.pattern = path;
    draft.candidates.add(candidate);
  }
}

uint32_t least_rule(const Host& host) {
  return std::min(host.least_path_rule, host.any_path.least_rule());
}

Host finish(HostDraft draft) {
  Host host;
  host.any_path = std::move(draft.any_path);
  if (draft.paths.empty()) return host;
  std::vector<GlobIndex::Item> items;
  std::vector<Candidates> candidates;
  for (auto& entry : draft.paths) {
    PathDraft& path = entry.second;
    const uint32_t rank = path.candidates.least_rule();
    host.least_path_rule = std::min(host.least_path_rule, rank);
    items.push_back({Glob(path.pattern, Case::sensitive), rank});
    candidates.push_back(std::move(path.candidates));
  }
  host.paths = std::make_unique<const Paths>(
      Paths{GlobIndex(std::move(items), Case::sensitive), std::move(candidates)});
  return host;
}

}  // namespace

RuleTable::Implementation::Implementation(std::span<const model::Rule> rules) {
  DARUMA_ASSERT(!rules.empty());
  DARUMA_ASSERT(rules.back().conditions.empty());
  HostDraft any;
  std::map<std::string, HostDraft> drafts;
  for (; !rules[fallback].conditions.empty(); ++fallback) {
    Split parts = split(rules[fallback]);
    Candidate candidate{fallback, no_rest};
    if (!parts.rest.empty()) {
      candidate.rest = static_cast<uint32_t>(rests.size());
      rests.push_back(std::move(parts.rest));
    }
    if (parts.hosts == nullptr) {
      file_under_paths(any, parts.paths, candidate);
      continue;
    }
    for (const std::string& host : *parts.hosts) {
      const Glob glob(host, Case::insensitive);
      HostDraft& draft = glob.matches_everything() ? any : drafts[std::string(glob.text())];
      draft.pattern = host;
      file_under_paths(draft, parts.paths, candidate);
    }
  }
  any_host = finish(std::move(any));
  std::vector<GlobIndex::Item> items;
  for (auto& entry : drafts) {
    Glob glob(entry.second.pattern, Case::insensitive);
    hosts.push_back(finish(std::move(entry.second)));
    items.push_back({std::move(glob), least_rule(hosts.back())});
  }
  if (!items.empty()) host_index.emplace(std::move(items), Case::insensitive);
}

uint32_t RuleTable::Implementation::match(const MatchInput& input) const {
  uint32_t best = fallback;
  if (host_index) {
    host_index->for_each_match(input.host, best, [this, &input, &best](uint32_t host) {
      match_host(hosts[host], input, best);
    });
  }
  if (least_rule(any_host) < best) match_host(any_host, input, best);
  return best;
}

void RuleTable::Implementation::match_host(const Host& host, const MatchInput& input,
                                           uint32_t& best) const {
  take_best(host.any_path, input, best);
  if (host.least_path_rule >= best) return;
  host.paths->index.for_each_match(input.path, best, [this, &host, &input, &best](uint32_t path) {
    take_best(host.paths->candidates[path], input, best);
  });
}

void RuleTable::Implementation::take_best(const Candidates& candidates, const MatchInput& input,
                                          uint32_t& best) const {
  best = candidates.first_below(best, [this, &input](uint32_t rest) {
    const auto holds = [&input](const Condition& condition) { return condition.holds(input); };
    return rest == no_rest || std::all_of(rests[rest].begin(), rests[rest].end(), holds);
  });
}

RuleTable::RuleTable() = default;
RuleTable::~RuleTable() = default;

std::shared_ptr<const RuleTable> RuleTable::compile(std::span<const model::Rule> rules) {
  std::shared_ptr<RuleTable> table(new RuleTable);
  table->implementation_ = std::make_unique<const Implementation>(rules);
  return table;
}

uint32_t RuleTable::match(const MatchInput& input) const {
  return implementation_->match(input);
}

}  // namespace daruma::routing
