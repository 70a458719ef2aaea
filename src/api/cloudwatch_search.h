// SPDX-License-Identifier: Apache-2.0
//
// The language of SEARCH ("Using search expressions in graphs"):
// '{AWS/ApplicationELB,LoadBalancer} MetricName="RequestCount" web': metrics with exactly these
// dimensions, of which all terms hold. Terms are joined by AND (or nothing), OR, NOT and
// parentheses; NOT binds strongest, OR weakest. `Name=(a OR b)` is `Name=a OR Name=b`. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/series_key.h"

namespace daruma::api::cloudwatch {

class MetricSearch {
 public:
  static constexpr int depth_max = 32;  // of parentheses and NOTs

  // Fails with what is wrong.
  static Result<MetricSearch> of(std::string_view text);
  bool fits(const metrics::SeriesKey& key) const;

 private:
  friend class SearchParser;
  struct Node;
  std::optional<std::vector<std::string>> schema_;  // namespace, then names of dimensions, sorted
  std::shared_ptr<const Node> root_;                // null: all that have the schema
};

}  // namespace daruma::api::cloudwatch
