// SPDX-License-Identifier: Apache-2.0
#include "notify/otlp_metrics.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "notify/otlp_values.h"

namespace daruma::notify {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string_view name;
  Labels labels;
  double value = 0;
};

// Escaped as exposition format 0.0.4 has it.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out += text[i] == 'n' ? '\n' : text[i];
    } else {
      out += text[i];
    }
  }
  return out;
}

// The label that `text` begins with, and what follows it.
bool take_label(std::string_view& text, Labels& labels) {
  const size_t equals = text.find("=\"");
  if (equals == std::string_view::npos) return false;
  size_t end = equals + 2;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) return false;
  labels.emplace_back(text.substr(0, equals), unescaped(text.substr(equals + 2, end - equals - 2)));
  text.remove_prefix(end + 1);
  return true;
}

std::optional<Sample> sample_of(std::string_view line) {
  Sample sample;
  const size_t name_end = line.find_first_of("{ ");
  if (name_end == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, name_end);
  line.remove_prefix(name_end);
  if (line.front() == '{') {
    line.remove_prefix(1);
    while (!line.empty() && line.front() != '}') {
      if (line.front() == ',') line.remove_prefix(1);
      if (!take_label(line, sample.labels)) return std::nullopt;
    }
    if (line.empty()) return std::nullopt;
    line.remove_prefix(1);
  }
  if (line.empty()) return std::nullopt;
  line.remove_prefix(1);
  const auto read = std::from_chars(line.data(), line.data() + line.size(), sample.value);
  return read.ec == std::errc() ? std::optional(std::move(sample)) : std::nullopt;
}

Json attributes_of(const Labels& labels) {
  Json attributes = Json::array();
  for (const auto& [name, value] : labels) attributes.push_back(otlp_attribute(name, value));
  return attributes;
}

// One metric while its samples are read.
class Metric {
 public:
  Metric(std::string_view name, std::string_view kind, std::string meaning, WallTime start,
         WallTime now)
      : name_(name), kind_(kind), start_(otlp_time(start)), now_(otlp_time(now)) {
    json_ = {{"name", name_}, {"description", std::move(meaning)}};
    if (name_.ends_with("_seconds")) json_["unit"] = "s";
    if (name_.ends_with("_bytes") || name_.ends_with("_bytes_total")) json_["unit"] = "By";
  }

  void add(Sample sample) {
    if (kind_ == "histogram") return add_of_histogram(std::move(sample));
    Json point = {{"attributes", attributes_of(sample.labels)},
                  {"timeUnixNano", now_},
                  {"asDouble", sample.value}};
    if (kind_ == "counter") point["startTimeUnixNano"] = start_;
    points_.push_back(std::move(point));
  }

  Json finish() {
    if (kind_ == "gauge") {
      json_["gauge"] = {{"dataPoints", std::move(points_)}};
    } else if (kind_ == "counter") {
      json_["sum"] = {
          {"aggregationTemporality", 2}, {"isMonotonic", true}, {"dataPoints", std::move(points_)}};
    } else {
      json_["histogram"] = {{"aggregationTemporality", 2}, {"dataPoints", std::move(points_)}};
    }
    return std::move(json_);
  }

 private:
  // Buckets come in order, up to le="+Inf"; then the sum, then the count, which ends the point.
  void add_of_histogram(Sample sample) {
    const auto count = static_cast<uint64_t>(std::max(sample.value, 0.0));
    if (sample.name.ends_with("_bucket")) {
      if (sample.labels.empty()) return;
      const std::string bound = sample.labels.back().second;
      if (bound != "+Inf") bounds_.push_back(std::strtod(bound.c_str(), nullptr));
      counts_.push_back(std::to_string(count - std::min(count, below_)));
      below_ = count;
    } else if (sample.name.ends_with("_sum")) {
      sum_ = sample.value;
    } else if (sample.name.ends_with("_count")) {
      points_.push_back({{"attributes", attributes_of(sample.labels)},
                         {"startTimeUnixNano", start_},
                         {"timeUnixNano", now_},
                         {"count", std::to_string(count)},
                         {"sum", sum_},
                         {"bucketCounts", std::exchange(counts_, Json::array())},
                         {"explicitBounds", std::exchange(bounds_, Json::array())}});
      below_ = 0;
    }
  }

  const std::string name_;
  const std::string kind_;
  const std::string start_;
  const std::string now_;
  Json json_;
  Json points_ = Json::array();
  Json counts_ = Json::array();
  Json bounds_ = Json::array();
  uint64_t below_ = 0;
  double sum_ = 0;
};

// "# HELP name text" and the like: what follows `mark`, in two.
std::optional<std::pair<std::string_view, std::string_view>> comment(std::string_view line,
                                                                     std::string_view mark) {
  if (!line.starts_with(mark)) return std::nullopt;
  line.remove_prefix(mark.size());
  const size_t end = std::min(line.find(' '), line.size());
  return std::pair(line.substr(0, end), line.substr(std::min(end + 1, line.size())));
}

}  // namespace

std::string otlp_metrics(std::string_view text, WallTime start, WallTime now,
                         const OtlpResource& resource) {
  Json metrics = Json::array();
  std::optional<Metric> metric;
  std::string meaning;
  const auto finish = [&] {
    if (metric) metrics.push_back(metric->finish());
    metric.reset();
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto help = comment(line, "# HELP ")) {
      meaning = unescaped(help->second);
    } else if (const auto type = comment(line, "# TYPE ")) {
      finish();
      metric.emplace(type->first, type->second, std::exchange(meaning, ""), start, now);
    } else if (auto sample = sample_of(line); sample && metric) {
      metric->add(std::move(*sample));
    }
  }
  finish();
  const Json scope = {{"scope", {{"name", "daruma"}}}, {"metrics", std::move(metrics)}};
  return otlp_request("resourceMetrics", "scopeMetrics", scope, resource);
}

}  // namespace daruma::notify
