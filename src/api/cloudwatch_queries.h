// SPDX-License-Identifier: Apache-2.0
//
// AWS's shape MetricDataQuery: what GetMetricData is asked, and PutMetricAlarm is given. Problems
// go to the input. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/cloudwatch_input.h"
#include "metrics/query.h"

namespace daruma::api::cloudwatch {

// A list of them, each id once.
std::vector<metrics::Query> read_queries(Input& in, std::string_view member);
// As it was written.
Json json_of(const metrics::Query& query);

}  // namespace daruma::api::cloudwatch
