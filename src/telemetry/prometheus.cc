// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <type_traits>

#include "telemetry/sums.h"

namespace daruma::telemetry {
namespace {

constexpr std::array<Duration, 15> time_bounds = {
    1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2500ms, 5s, 10000ms, 30s, 60s};

// Backslash and line feed; in label values the quote too.
void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (in_quotes && c == '"')) out += '\\';
    out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  append_escaped(out, value, true);
  out += '"';
}

std::string text_of(const ListenerLabels& labels) {
  std::string text;
  append_label(text, "lb", labels.load_balancer);
  append_label(text, "listener", std::to_string(labels.port));
  return text;
}
std::string text_of(const TargetGroupLabels& labels) {
  std::string text;
  append_label(text, "target_group", labels.target_group);
  return text;
}
std::string text_of(const TargetLabels& labels) {
  std::string text;
  append_label(text, "target_group", labels.target_group);
  append_label(text, "target", labels.target);
  append_label(text, "az", labels.zone);
  return text;
}
std::string text_of(const WorkerLabels& labels) {
  std::string text;
  append_label(text, "worker", std::to_string(labels.worker));
  return text;
}

template <class Block>
struct Series {
  std::string labels;
  std::unique_ptr<Block> sum;
};

template <class Labels, class Block>
std::vector<Series<Block>> summed(const Registry& registry) {
  std::vector<Series<Block>> series;
  for (auto& [labels, sum] : sums_of<Labels, Block>(registry)) {
    series.push_back({text_of(labels), std::move(sum)});
  }
  return series;
}

void append_head(std::string& out, std::string_view name, std::string_view type,
                 std::string_view meaning) {
  out += fmt::format("# HELP {} ", name);
  append_escaped(out, meaning, false);
  out += fmt::format("\n# TYPE {} {}\n", name, type);
}

template <class Value>
void append_sample(std::string& out, std::string_view name, std::string_view labels, Value value) {
  out += name;
  if (!labels.empty()) fmt::format_to(std::back_inserter(out), "{{{}}}", labels);
  fmt::format_to(std::back_inserter(out), " {}\n", value);
}

template <class Metric>
constexpr std::string_view type_of() {
  return std::is_same_v<Metric, Counter> ? "counter" : "gauge";
}

template <class Metric, class Block>
void append_row(std::string& out, std::string_view name, std::string_view meaning,
                const std::vector<Series<Block>>& series, Metric Block::*metric) {
  if (series.empty()) return;
  append_head(out, name, type_of<Metric>(), meaning);
  for (const auto& one : series) append_sample(out, name, one.labels, ((*one.sum).*metric).value());
}

template <class Block>
void append_classes(std::string& out, std::string_view name, std::string_view meaning,
                    const std::vector<Series<Block>>& series,
                    std::array<Counter, 5> Block::*classes) {
  if (series.empty()) return;
  append_head(out, name, "counter", meaning);
  for (const auto& one : series) {
    for (size_t i = 0; i < 5; ++i) {
      const std::string labels = fmt::format("{},code=\"{}xx\"", one.labels, i + 1);
      append_sample(out, name, labels, ((*one.sum).*classes)[i].value());
    }
  }
}

void append_reasons(std::string& out, const std::vector<Series<ListenerCounters>>& series) {
  constexpr std::string_view name = "daruma_listener_reasons_total";
  if (series.empty()) return;
  append_head(out, name, "counter",
              "Requests that Daruma answered by itself or gave up, by reason");
  for (const auto& one : series) {
    for (int i = 1; i < model::reason_count; ++i) {  // 0 is `none`
      const auto reason = static_cast<model::Reason>(i);
      const std::string labels = fmt::format("{},reason=\"{}\"", one.labels, name_of(reason));
      append_sample(out, name, labels, one.sum->reasons[static_cast<size_t>(i)].value());
    }
  }
}

// A fine bucket belongs to the first bound that is not below its middle, so a count is off by what
// lies within half a fine bucket (under 2 %) of the bound.
void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const Histogram& histogram) {
  const std::string bucket_name = fmt::format("{}_bucket", name);
  uint64_t count = 0;
  int fine = 0;
  Duration low{};
  for (const Duration bound : time_bounds) {
    for (; fine < Histogram::buckets; ++fine) {
      const Duration high = Histogram::upper_bound(fine);
      if ((low + high) / 2 > bound) break;
      count += histogram.count(fine);
      low = high;
    }
    append_sample(out, bucket_name, fmt::format("{},le=\"{}\"", labels, seconds_of(bound)), count);
  }
  for (; fine < Histogram::buckets; ++fine) count += histogram.count(fine);
  append_sample(out, bucket_name, fmt::format("{},le=\"+Inf\"", labels), count);
  append_sample(out, fmt::format("{}_sum", name), labels,
                static_cast<double>(histogram.sum_us()) / 1e6);
  append_sample(out, fmt::format("{}_count", name), labels, count);
}

void append_listeners(std::string& out, const Registry& registry) {
  const auto series = summed<ListenerLabels, ListenerCounters>(registry);
#define X(kind, name, meaning) \
  append_row(out, "daruma_listener_" #name, meaning, series, &ListenerCounters::name);
  DARUMA_LISTENER_METRICS(X)
#undef X
  append_classes(out, "daruma_listener_responses_total", "Responses sent to clients, by class",
                 series, &ListenerCounters::responses);
  append_classes(out, "daruma_listener_own_responses_total",
                 "Responses that Daruma made itself, by class", series,
                 &ListenerCounters::own_responses);
  append_reasons(out, series);
}

void append_rules(std::string& out, const Registry& registry) {
  constexpr std::string_view name = "daruma_rule_requests_total";
  const std::map<ListenerLabels, RuleTraffic> traffic = registry.rule_traffic();
  if (traffic.empty()) return;
  append_head(out, name, "counter", "Requests that met this rule, whatever became of them");
  for (const auto& [labels, its] : traffic) {
    const std::string listener = text_of(labels);
    for (size_t i = 0; i < its.requests.size(); ++i) {
      const auto& [arn, priority] = (*its.names)[i];
      std::string text = listener;
      append_label(text, "priority", priority == 0 ? "default" : std::to_string(priority));
      append_label(text, "rule", arn.substr(arn.rfind('/') + 1));
      append_sample(out, name, text, its.requests[i]);
    }
  }
}

template <class Block>
void append_times(std::string& out, std::string_view name, std::string_view meaning,
                  const std::vector<Series<Block>>& series, Histogram Block::*times) {
  if (series.empty()) return;
  append_head(out, name, "histogram", meaning);
  for (const auto& one : series) append_histogram(out, name, one.labels, (*one.sum).*times);
}

void append_target_groups(std::string& out, const Registry& registry) {
  const auto series = summed<TargetGroupLabels, TargetGroupCounters>(registry);
#define X(kind, name, meaning) \
  append_row(out, "daruma_target_group_" #name, meaning, series, &TargetGroupCounters::name);
  DARUMA_TARGET_GROUP_METRICS(X)
#undef X
  append_times(out, "daruma_target_group_queue_wait_seconds",
               "How long requests that waited for a full target did, whatever became of them",
               series, &TargetGroupCounters::queue_wait);
}

void append_targets(std::string& out, const Registry& registry) {
  const auto series = summed<TargetLabels, TargetCounters>(registry);
#define X(kind, name, meaning) \
  append_row(out, "daruma_target_" #name, meaning, series, &TargetCounters::name);
  DARUMA_TARGET_METRICS(X)
#undef X
  append_classes(out, "daruma_target_responses_total", "Responses of this target, by class", series,
                 &TargetCounters::responses);
  append_times(out, "daruma_target_response_time_seconds",
               "From the request sent to the response's first byte", series,
               &TargetCounters::response_time);
}

void append_workers(std::string& out, const Registry& registry) {
  const auto series = summed<WorkerLabels, WorkerCounters>(registry);
#define X(kind, name, meaning) \
  append_row(out, "daruma_worker_" #name, meaning, series, &WorkerCounters::name);
  DARUMA_WORKER_METRICS(X)
#undef X
  append_times(out, "daruma_worker_adoption_time_seconds",
               "How long each piece of adopting configurations kept the worker's requests waiting",
               series, &WorkerCounters::adoption_time);
}

void append_family(std::string& out, const MetricFamily& family) {
  if (family.samples.empty()) return;
  append_head(out, family.name, family.kind == MetricKind::counter ? "counter" : "gauge",
              family.meaning);
  for (const MetricFamily::Sample& sample : family.samples) {
    std::string labels;
    for (const auto& [name, value] : sample.labels) append_label(labels, name, value);
    append_sample(out, family.name, labels, sample.value);
  }
}

}  // namespace

std::string prometheus_text(const Registry& registry, std::span<const MetricFamily> more) {
  std::string out;
  append_listeners(out, registry);
  append_rules(out, registry);
  append_target_groups(out, registry);
  append_targets(out, registry);
  append_workers(out, registry);
  for (const MetricFamily& family : more) append_family(out, family);
  return out;
}

}  // namespace daruma::telemetry
