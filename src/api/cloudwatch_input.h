// SPDX-License-Identifier: Apache-2.0
//
// Reads an operation's input of the CloudWatch API, whatever wire form it came in: members by name,
// of the kind they have in AWS's model. The first thing wrong is remembered and the rest read on;
// finish() tells it. In the Query protocol everything is a text, so numbers, times and flags are
// read from texts as well. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/service_error.h"
#include "base/time.h"
#include "metrics/series_key.h"

namespace daruma::api::cloudwatch {

// Members sorted; what all three wire forms are decoded into, and encoded from.
using Json = nlohmann::json;

// A time in an answer: ISO 8601 in XML, seconds since 1970 in JSON, tag 1 in CBOR.
Json json_of(WallTime time);
WallTime time_of(const Json& json);   // REQUIRES: json_of() made it
double seconds_of(const Json& json);  // since 1970; the same

class Input {
 public:
  // `json` outlives the input; it is an object.
  explicit Input(const Json& json) : json_(json), problem_(std::make_shared<Problem>()) {}

  // Members that the operation does not know are refused, not ignored.
  void only(std::initializer_list<std::string_view> known);

  bool has(std::string_view name) const;
  std::optional<std::string> text(std::string_view name);
  std::optional<double> number(std::string_view name);
  std::optional<int64_t> integer(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  std::optional<WallTime> time(std::string_view name);
  std::optional<Input> object(std::string_view name);
  std::vector<Input> objects(std::string_view name);  // a list of structures; absent: empty
  std::vector<std::string> texts(std::string_view name);
  std::vector<double> numbers(std::string_view name);
  // Required: MissingParameter, and an empty value, if it is not there.
  std::string need_text(std::string_view name);
  double need_number(std::string_view name);
  int64_t need_integer(std::string_view name);
  WallTime need_time(std::string_view name);
  // The member Dimensions, Name and Value of each required.
  std::vector<metrics::Dimension> dimensions();

  // Its name in messages: "MetricData.member.1.Value".
  std::string path_of(std::string_view name) const;
  void fail(std::string code, std::string message, int status = 400);
  void invalid(std::string message) { fail("InvalidParameterValue", std::move(message)); }
  bool failed() const { return problem_->first.has_value(); }
  Expected<void> finish() const;

 private:
  struct Problem {
    std::optional<ServiceError> first;
  };
  Input(const Json& json, std::string path, std::shared_ptr<Problem> problem)
      : json_(json), path_(std::move(path)), problem_(std::move(problem)) {}
  const Json* find(std::string_view name) const;
  const Json* need(std::string_view name);
  std::vector<const Json*> items(std::string_view name);
  std::optional<double> number_of(const Json& value, const std::string& path);

  const Json& json_;
  std::string path_;
  std::shared_ptr<Problem> problem_;  // of all inputs of one request
};

// "2026-10-03T12:02:00Z", "2026-10-03T12:02:00.5+09:00"; or nullopt.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace daruma::api::cloudwatch
