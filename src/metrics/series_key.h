// SPDX-License-Identifier: Apache-2.0
//
// Which series: named as CloudWatch names metrics, by namespace, name and dimensions. Values of
// dimensions have CloudWatch's form: "app/web/50dc6c495c0c9188", "targetgroup/apache/73e2…".
#pragma once

#include <algorithm>
#include <compare>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daruma::metrics {

// Of an Application Load Balancer, as AWS names them.
inline constexpr std::string_view alb_namespace = "AWS/ApplicationELB";
// What an ALB lacks and Daruma has.
inline constexpr std::string_view own_namespace = "Daruma";

// AWS's dimensions, and our own: one target ("10.0.0.1:80"), a reason of model/reason.h, a
// certificate's name.
inline constexpr std::string_view load_balancer_dimension = "LoadBalancer";
inline constexpr std::string_view target_group_dimension = "TargetGroup";
inline constexpr std::string_view zone_dimension = "AvailabilityZone";
inline constexpr std::string_view target_dimension = "Target";
inline constexpr std::string_view reason_dimension = "Reason";
inline constexpr std::string_view certificate_dimension = "Certificate";

struct Dimension {
  std::string name;
  std::string value;
  auto operator<=>(const Dimension&) const = default;
};

struct SeriesKey {
  std::string space;  // CloudWatch's Namespace
  std::string name;   // CloudWatch's MetricName
  std::vector<Dimension> dimensions;

  auto operator<=>(const SeriesKey&) const = default;
  // Dimensions have no order in CloudWatch: here they are sorted, so that equal is equal.
  static SeriesKey of(std::string_view space, std::string_view name,
                      std::vector<Dimension> dimensions) {
    std::ranges::sort(dimensions);
    return {std::string(space), std::string(name), std::move(dimensions)};
  }
};

}  // namespace daruma::metrics
