// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace daruma::api::cloudwatch {
namespace {

using std::string_view;

// Within these, no arithmetic on times overflows.
constexpr double seconds_max = 253'402'300'799;  // 9999-12-31T23:59:59Z

template <class Number>
std::optional<Number> parse(string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Takes exactly so many digits off the beginning.
std::optional<int> take_digits(string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  if (!std::ranges::all_of(text.substr(0, digits), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const auto number = parse<int>(text.substr(0, digits));
  text.remove_prefix(digits);
  return number;
}
bool take(string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::microseconds> take_fraction(string_view& text) {
  std::chrono::microseconds fraction{};
  int64_t unit = 100'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    fraction += std::chrono::microseconds((text.front() - '0') * unit);
    unit /= 10;
    text.remove_prefix(1);
  }
  return fraction;
}

// "Z" or nothing, "+09:00", "-0530".
std::optional<std::chrono::minutes> take_zone(string_view& text) {
  if (text.empty() || take(text, 'Z')) return std::chrono::minutes(0);
  const bool west = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ':');
  const auto minutes = text.empty() ? std::optional<int>(0) : take_digits(text, 2);
  if (!hours || !minutes) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

std::optional<WallTime> checked_time(double seconds) {
  if (!(std::abs(seconds) <= seconds_max)) return std::nullopt;
  return WallTime(std::chrono::microseconds(std::llround(seconds * 1e6)));
}

}  // namespace

Json json_of(WallTime time) {
  // A kind of value that nothing else uses: 8 bytes and a subtype.
  const auto count = static_cast<uint64_t>(time.time_since_epoch().count());
  std::vector<uint8_t> bytes(8);
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(count >> (8 * i));
  return Json::binary(std::move(bytes), 1);
}

WallTime time_of(const Json& json) {
  uint64_t count = 0;
  for (size_t i = 0; i < 8; ++i) count |= uint64_t{json.get_binary()[i]} << (8 * i);
  return WallTime(std::chrono::microseconds(static_cast<int64_t>(count)));
}

double seconds_of(const Json& json) {
  return static_cast<double>(time_of(json).time_since_epoch().count()) / 1e6;
}

std::optional<WallTime> parse_time(string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  WallTime time = std::chrono::sys_days(date);
  if (text.empty()) return time;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  const auto second = take(text, ':') ? take_digits(text, 2) : std::optional<int>(0);
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (take(text, '.')) time += *take_fraction(text);
  const auto offset = take_zone(text);
  if (!offset || !text.empty()) return std::nullopt;
  return time - *offset;
}

void Input::only(std::initializer_list<string_view> known) {
  for (const auto& [name, value] : json_.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail("ValidationError",
         fmt::format("'{}' is not known here, or not in this release", path_of(name)));
  }
}

std::string Input::path_of(string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Input::fail(std::string code, std::string message, int status) {
  if (!problem_->first) problem_->first = {std::move(code), std::move(message), status};
}

Expected<void> Input::finish() const {
  if (problem_->first) return tl::unexpected(*problem_->first);
  return {};
}

const Json* Input::find(string_view name) const {
  const auto found = json_.find(std::string(name));
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

const Json* Input::need(string_view name) {
  const Json* value = find(name);
  if (value == nullptr) {
    fail("MissingParameter", fmt::format("The parameter {} is required.", path_of(name)));
  }
  return value;
}

bool Input::has(string_view name) const {
  return find(name) != nullptr;
}

std::optional<std::string> Input::text(string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  invalid(fmt::format("The parameter {} must be a string.", path_of(name)));
  return std::nullopt;
}

std::optional<double> Input::number_of(const Json& value, const std::string& path) {
  std::optional<double> number;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = parse<double>(value.get_ref<const std::string&>());
  if (number && std::isfinite(*number)) return number;
  invalid(fmt::format("The parameter {} must be a number.", path));
  return std::nullopt;
}

std::optional<double> Input::number(string_view name) {
  const Json* value = find(name);
  return value ? number_of(*value, path_of(name)) : std::nullopt;
}

std::optional<int64_t> Input::integer(string_view name) {
  const auto value = number(name);
  if (!value) return std::nullopt;
  if (*value == std::floor(*value) && std::abs(*value) < 9e15) return std::llround(*value);
  invalid(fmt::format("The parameter {} must be a whole number.", path_of(name)));
  return std::nullopt;
}

std::optional<bool> Input::flag(string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  if (*value == "true") return true;
  if (*value == "false") return false;
  invalid(fmt::format("The parameter {} must be true or false.", path_of(name)));
  return std::nullopt;
}

std::optional<WallTime> Input::time(string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<WallTime> time;
  if (value->is_number()) time = checked_time(value->get<double>());
  if (value->is_string()) {
    const auto& written = value->get_ref<const std::string&>();
    time = parse_time(written);
    if (const auto seconds = parse<double>(written); !time && seconds)
      time = checked_time(*seconds);
  }
  if (!time) invalid(fmt::format("The parameter {} must be a timestamp.", path_of(name)));
  return time;
}

std::optional<Input> Input::object(string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return Input(*value, path_of(name), problem_);
  invalid(fmt::format("The parameter {} must be a structure.", path_of(name)));
  return std::nullopt;
}

// An empty list of the Query protocol is an empty text.
std::vector<const Json*> Input::items(string_view name) {
  const Json* value = find(name);
  std::vector<const Json*> items;
  if (value == nullptr || *value == "") return items;
  if (value->is_array()) {
    for (const Json& item : *value) items.push_back(&item);
  } else {
    invalid(fmt::format("The parameter {} must be a list.", path_of(name)));
  }
  return items;
}

std::vector<Input> Input::objects(string_view name) {
  std::vector<Input> inputs;
  size_t number = 0;
  for (const Json* item : items(name)) {
    std::string path = fmt::format("{}.member.{}", path_of(name), ++number);
    if (item->is_object()) {
      inputs.push_back(Input(*item, std::move(path), problem_));
    } else {
      invalid(fmt::format("The parameter {} must be a structure.", path));
    }
  }
  return inputs;
}

std::vector<std::string> Input::texts(string_view name) {
  std::vector<std::string> texts;
  for (const Json* item : items(name)) {
    if (item->is_string()) {
      texts.push_back(item->get<std::string>());
    } else {
      invalid(fmt::format("The parameter {} must be a list of strings.", path_of(name)));
    }
  }
  return texts;
}

std::vector<double> Input::numbers(string_view name) {
  std::vector<double> numbers;
  for (const Json* item : items(name)) {
    const std::string path = fmt::format("{}.member.{}", path_of(name), numbers.size() + 1);
    numbers.push_back(number_of(*item, path).value_or(0));
  }
  return numbers;
}

std::string Input::need_text(string_view name) {
  return need(name) ? text(name).value_or("") : "";
}
double Input::need_number(string_view name) {
  return need(name) ? number(name).value_or(0) : 0;
}
int64_t Input::need_integer(string_view name) {
  return need(name) ? integer(name).value_or(0) : 0;
}
WallTime Input::need_time(string_view name) {
  return need(name) ? time(name).value_or(WallTime{}) : WallTime{};
}

std::vector<metrics::Dimension> Input::dimensions() {
  std::vector<metrics::Dimension> dimensions;
  for (Input& each : objects("Dimensions")) {
    each.only({"Name", "Value"});
    std::string name = each.need_text("Name");
    dimensions.push_back({std::move(name), each.need_text("Value")});
  }
  if (dimensions.size() > 30) invalid("There are more than 30 Dimensions.");
  std::ranges::sort(dimensions);
  return dimensions;
}

}  // namespace daruma::api::cloudwatch
