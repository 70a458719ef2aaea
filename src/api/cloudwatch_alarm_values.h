// SPDX-License-Identifier: Apache-2.0
//
// Alarms as the CloudWatch API spells them: the inputs of PutMetricAlarm and PutCompositeAlarm, the
// shapes MetricAlarm and CompositeAlarm. Problems go to the input. Pure.
#pragma once

#include <map>
#include <string>

#include "alarm/alarm.h"
#include "api/cloudwatch_input.h"
#include "notify/alarm_book.h"

namespace daruma::api::cloudwatch {

// Whether its queries (Metrics) can be computed is not looked at: alarm/math.
alarm::Alarm read_metric_alarm(Input& in);
// Nor is whether the alarms are there that it names.
alarm::Alarm read_composite_alarm(Input& in);
// StateValue.
alarm::State read_state(Input& in);
// Tags: a list of Key and Value.
std::map<std::string, std::string> read_tags(Input& in);

Json json_of(const notify::AlarmBook::Entry& entry);
Json json_of(const notify::HistoryItem& item);

}  // namespace daruma::api::cloudwatch
