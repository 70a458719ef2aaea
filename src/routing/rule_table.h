// SPDX-License-Identifier: Apache-2.0
//
// A listener's rules compiled for look-up: the first (lowest priority number) rule whose conditions
// all hold. Cost does not grow with the number of rules: hash on host, trie on path prefix,
// wildcards verified on the few candidates. Immutable, shared by all workers; match() is const,
// allocates nothing and is thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "model/rule.h"

namespace daruma::routing {

struct MatchInput {
  std::string_view host;  // without port, any case
  std::string_view path;  // normalised, without query
};

class RuleTable {
 public:
  // `rules` are in order of priority, the default rule (no conditions) last. The table keeps
  // indices, not rules.
  static std::shared_ptr<const RuleTable> compile(std::span<const model::Rule> rules);
  ~RuleTable();

  // Index into `rules`. Always finds one: the default rule has no conditions.
  uint32_t match(const MatchInput& input) const;

 private:
  RuleTable();
  struct Implementation;
  std::unique_ptr<const Implementation> implementation_;
};

}  // namespace daruma::routing
