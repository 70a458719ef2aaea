// SPDX-License-Identifier: Apache-2.0
//
// The language of SEARCH ("Using search expressions in graphs"):
// '{AWS/ApplicationELB,LoadBalancer} MetricName="RequestCount" web': metrics with exactly these
// dimensions, of which all terms hold. OR and NOT are not in this release. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/series_key.h"

namespace daruma::api::cloudwatch {

class MetricSearch {
 public:
  static Result<MetricSearch> of(std::string_view text);
  bool fits(const metrics::SeriesKey& key) const;

 private:
  struct Term {
    std::string name;  // "MetricName", "Namespace", a dimension's; "": any of them
    std::string value;
    bool exact = false;
  };
  std::optional<std::vector<std::string>> schema_;  // namespace, then names of dimensions, sorted
  std::vector<Term> terms_;
};

}  // namespace daruma::api::cloudwatch
