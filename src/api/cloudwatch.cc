// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch.h"

#include <algorithm>

namespace daruma::api::cloudwatch {

const OperationRow* find_operation(std::string_view name) {
  for (const std::span<const OperationRow> table : {metric_operations(), alarm_operations()}) {
    const auto found = std::ranges::find(table, name, &OperationRow::name);
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

}  // namespace daruma::api::cloudwatch
