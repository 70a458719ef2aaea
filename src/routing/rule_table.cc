// SPDX-License-Identifier: Apache-2.0
#include "routing/rule_table.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "routing/glob_index.h"
#include "routing/regex_globs.h"
#include "routing/rule_leaf.h"

namespace daruma::routing {
namespace {

using Pending = std::vector<PendingRule>;

// The rules with a path condition under one host pattern.
struct Paths {
  GlobIndex index;
  std::vector<RuleLeaf> leaves;  // as index counts them
};

// The rules under one host pattern.
struct Host {
  uint32_t least_path_rule = UINT32_MAX;
  RuleLeaf any_path{{}};
  std::unique_ptr<const Paths> paths;
};

// The same while it is being collected. Patterns by their canonical text, so that equal ones meet.
struct PathDraft {
  std::string pattern;
  Pending rules;
};
struct HostDraft {
  std::string pattern;
  Pending any_path;
  std::map<std::string, PathDraft> paths;
};

}  // namespace

struct RuleTable::Implementation {
  explicit Implementation(std::span<const model::Rule> rules);

  uint32_t match(const MatchInput& input) const;
  static void match_host(const Host& host, const MatchInput& input, uint32_t& best);

  uint32_t fallback = 0;  // the first rule without conditions
  Host any_host;
  std::optional<GlobIndex> host_index;
  std::vector<Host> hosts;  // as host_index counts them
};

namespace {

using Values = std::vector<std::string>;

// What a rule is filed under first: one condition on the host and one on the path.
struct Split {
  const Values* hosts = nullptr;
  const Values* paths = nullptr;
  PendingRule rule;
};

// Patterns that a condition can be filed under; nullptr if it has none.
template <class T>
const Values* patterns_of(const model::Condition& condition) {
  const auto* of_kind = std::get_if<T>(&condition.test);
  return condition.negate || !of_kind || !of_kind->regexes.empty() ? nullptr : &of_kind->values;
}

// `rewritten` holds the conditions that are filed in other words than the rule's.
Split split(const model::Rule& rule, uint32_t index, std::deque<model::Condition>& rewritten) {
  Split split{nullptr, nullptr, {index, {}}};
  for (const model::Condition& written : rule.conditions) {
    const auto patterns = in_patterns(written);
    const model::Condition& condition = patterns ? rewritten.emplace_back(*patterns) : written;
    const Values* hosts = patterns_of<model::HostHeaderCondition>(condition);
    const Values* paths = patterns_of<model::PathPatternCondition>(condition);
    if (hosts != nullptr && split.hosts == nullptr) {
      split.hosts = hosts;
    } else if (paths != nullptr && split.paths == nullptr) {
      split.paths = paths;
    } else {
      split.rule.left.push_back(&condition);
    }
  }
  return split;
}

void file_under_paths(HostDraft& host, const Values* paths, const PendingRule& rule) {
  if (paths == nullptr) {
    host.any_path.push_back(rule);
    return;
  }
  for (const std::string& path : *paths) {
    PathDraft& draft = host.paths[std::string(Glob(path, Case::sensitive).text())];
    draft.pattern = path;
    draft.rules.push_back(rule);
  }
}

uint32_t least_rule(const Host& host) {
  return std::min(host.least_path_rule, host.any_path.least_rule());
}

bool is_settled(const Host& host) {
  return host.paths == nullptr && host.any_path.settled();
}

Host finish(HostDraft draft) {
  Host host;
  host.any_path = RuleLeaf(std::move(draft.any_path));
  if (draft.paths.empty()) return host;
  std::vector<GlobIndex::Item> items;
  std::vector<RuleLeaf> leaves;
  for (auto& entry : draft.paths) {
    PathDraft& path = entry.second;
    const uint32_t rank = leaves.emplace_back(std::move(path.rules)).least_rule();
    host.least_path_rule = std::min(host.least_path_rule, rank);
    items.push_back({Glob(path.pattern, Case::sensitive), rank, leaves.back().settled()});
  }
  host.paths = std::make_unique<const Paths>(
      Paths{GlobIndex(std::move(items), Case::sensitive), std::move(leaves)});
  return host;
}

}  // namespace

RuleTable::Implementation::Implementation(std::span<const model::Rule> rules) {
  DARUMA_ASSERT(!rules.empty());
  DARUMA_ASSERT(rules.back().conditions.empty());
  std::deque<model::Condition> rewritten;
  HostDraft any;
  std::map<std::string, HostDraft> drafts;
  for (; !rules[fallback].conditions.empty(); ++fallback) {
    const Split parts = split(rules[fallback], fallback, rewritten);
    if (parts.hosts == nullptr) {
      file_under_paths(any, parts.paths, parts.rule);
      continue;
    }
    for (const std::string& host : *parts.hosts) {
      const Glob glob(host, Case::insensitive);
      HostDraft& draft = glob.matches_everything() ? any : drafts[std::string(glob.text())];
      draft.pattern = host;
      file_under_paths(draft, parts.paths, parts.rule);
    }
  }
  any_host = finish(std::move(any));
  std::vector<GlobIndex::Item> items;
  for (auto& entry : drafts) {
    Glob glob(entry.second.pattern, Case::insensitive);
    hosts.push_back(finish(std::move(entry.second)));
    items.push_back({std::move(glob), least_rule(hosts.back()), is_settled(hosts.back())});
  }
  if (!items.empty()) host_index.emplace(std::move(items), Case::insensitive);
}

uint32_t RuleTable::Implementation::match(const MatchInput& input) const {
  uint32_t best = fallback;
  if (host_index) {
    host_index->for_each_match(input.host, best,
                               [this, &input, &best](uint32_t host, uint32_t rule) {
                                 if (host == GlobIndex::no_item) {
                                   best = rule;
                                 } else {
                                   match_host(hosts[host], input, best);
                                 }
                               });
  }
  if (least_rule(any_host) < best) match_host(any_host, input, best);
  return best;
}

void RuleTable::Implementation::match_host(const Host& host, const MatchInput& input,
                                           uint32_t& best) {
  host.any_path.take_best(input, best);
  if (host.least_path_rule >= best) return;
  const auto take = [&host, &input, &best](uint32_t path, uint32_t rule) {
    if (path == GlobIndex::no_item) {
      best = rule;
    } else {
      host.paths->leaves[path].take_best(input, best);
    }
  };
  host.paths->index.for_each_match(input.path, best, take);
}

RuleTable::RuleTable() = default;
RuleTable::~RuleTable() = default;

std::shared_ptr<const RuleTable> RuleTable::compile(std::span<const model::Rule> rules,
                                                    Names names) {
  std::shared_ptr<RuleTable> table(new RuleTable);
  table->implementation_ = std::make_shared<const Implementation>(rules);
  table->names_ = names ? std::move(names) : std::make_shared<const model::RuleNames>(rules.size());
  DARUMA_ASSERT(table->names_->size() == rules.size());
  return table;
}

std::shared_ptr<const RuleTable> RuleTable::named(Names names) const {
  DARUMA_ASSERT(names->size() == names_->size());
  std::shared_ptr<RuleTable> table(new RuleTable);
  table->implementation_ = implementation_;
  table->names_ = std::move(names);
  return table;
}

uint32_t RuleTable::match(const MatchInput& input) const {
  return implementation_->match(input);
}

}  // namespace daruma::routing
