// SPDX-License-Identifier: Apache-2.0
//
// The operations of Amazon CloudWatch (version 2010-08-01) on the node's own figures
// (metrics/time_series) and on what PutMetricData brings. One function an operation, whatever wire
// form it came in (api/cloudwatch_wire).
//
// To add an operation: write `Expected<void> name(Call& call)` that reads call.in, ends reading
// with call.in.finish(), and fills call.out with the members of AWS's output shape (times by
// json_of()); put its row into a table like metric_operations() in cloudwatch_metrics.cc, and name
// that table in find_operation() (cloudwatch.cc). What it needs beside the series goes into Call,
// and from there into ServiceContext (api/service.h). Signatures, roles, wire forms, error names
// and the audit log are done by then: an operation with Effect::changes runs only for who may
// change. docs/api.md lists them.
#pragma once

#include <span>
#include <string_view>

#include "api/call.h"
#include "api/cloudwatch_input.h"
#include "api/service_error.h"
#include "base/time.h"
#include "metrics/time_series.h"
#include "notify/alarm_desk.h"

namespace daruma::api::cloudwatch {

struct Call {
  Input in;
  metrics::TimeSeries& series;
  WallTime now;
  Json out = Json::object();
  notify::AlarmDesk* alarms = nullptr;  // of those operations that are about alarms
};

using Operation = Expected<void> (*)(Call& call);
struct OperationRow {
  std::string_view name;
  Effect effect;
  Operation run;
};

// Null if this release does not have it.
const OperationRow* find_operation(std::string_view name);

std::span<const OperationRow> metric_operations();
std::span<const OperationRow> alarm_operations();

}  // namespace daruma::api::cloudwatch
