// SPDX-License-Identifier: Apache-2.0
#include "alarm/alarm.h"

#include <array>
#include <utility>

namespace daruma::alarm {
namespace {

using std::string_view;

template <class T>
using Names = std::pair<T, string_view>;

constexpr std::array<Names<State>, 3> states{
    {{State::ok, "OK"}, {State::alarm, "ALARM"}, {State::insufficient_data, "INSUFFICIENT_DATA"}}};
constexpr std::array<Names<Comparison>, 4> comparisons{
    {{Comparison::greater_or_equal, "GreaterThanOrEqualToThreshold"},
     {Comparison::greater, "GreaterThanThreshold"},
     {Comparison::less, "LessThanThreshold"},
     {Comparison::less_or_equal, "LessThanOrEqualToThreshold"}}};
constexpr std::array<Names<MissingData>, 4> treatments{
    {{MissingData::missing, "missing"},
     {MissingData::ignore, "ignore"},
     {MissingData::breaching, "breaching"},
     {MissingData::not_breaching, "notBreaching"}}};

constexpr std::array<Names<SuppressedBy>, 4> suppressions{
    {{SuppressedBy::nothing, ""},
     {SuppressedBy::wait_period, "WaitPeriod"},
     {SuppressedBy::extension_period, "ExtensionPeriod"},
     {SuppressedBy::suppressor, "Alarm"}}};

template <class T, size_t n>
string_view find_name(const std::array<Names<T>, n>& names, T value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return "";
}

template <class T, size_t n>
std::optional<T> find_value(const std::array<Names<T>, n>& names, string_view name) {
  for (const auto& [each, its] : names) {
    if (its == name) return each;
  }
  return std::nullopt;
}

}  // namespace

string_view name_of(State state) {
  return find_name(states, state);
}
std::optional<State> parse_state(string_view name) {
  return find_value(states, name);
}
string_view name_of(Comparison comparison) {
  return find_name(comparisons, comparison);
}
std::optional<Comparison> parse_comparison(string_view name) {
  return find_value(comparisons, name);
}
string_view name_of(MissingData treatment) {
  return find_name(treatments, treatment);
}
std::optional<MissingData> parse_missing_data(string_view name) {
  return find_value(treatments, name);
}
string_view name_of(SuppressedBy by) {
  return find_name(suppressions, by);
}
std::optional<SuppressedBy> parse_suppressed_by(string_view name) {
  return find_value(suppressions, name);
}

std::string name_in(string_view name_or_arn) {
  const size_t alarm = name_or_arn.find(":alarm:");
  const bool is_arn = name_or_arn.starts_with("arn:") && alarm != string_view::npos;
  return std::string(is_arn ? name_or_arn.substr(alarm + 7) : name_or_arn);
}

bool breaches(double value, Comparison comparison, double threshold) {
  switch (comparison) {
    case Comparison::greater_or_equal:
      return value >= threshold;
    case Comparison::greater:
      return value > threshold;
    case Comparison::less:
      return value < threshold;
    case Comparison::less_or_equal:
      return value <= threshold;
  }
  return false;
}

const std::vector<std::string>& Alarm::actions(State state) const {
  switch (state) {
    case State::ok:
      return ok_actions;
    case State::alarm:
      return alarm_actions;
    case State::insufficient_data:
      break;
  }
  return insufficient_data_actions;
}

}  // namespace daruma::alarm
