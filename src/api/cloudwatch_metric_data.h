// SPDX-License-Identifier: Apache-2.0
//
// GetMetricData: several metrics and expressions (metrics/expression) at once, in pages.
#pragma once

#include "api/cloudwatch.h"

namespace daruma::api::cloudwatch {

Expected<void> get_metric_data(Call& call);

}  // namespace daruma::api::cloudwatch
