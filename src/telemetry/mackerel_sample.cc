// SPDX-License-Identifier: Apache-2.0
#include "telemetry/mackerel_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "telemetry/mackerel_graphs.h"
#include "telemetry/sums.h"

namespace daruma::telemetry {
namespace {

// A series whose workers let go of it counts anew.
uint64_t since(uint64_t before, uint64_t now) {
  return now >= before ? now - before : now;
}

template <size_t n>
void add_since(std::array<uint64_t, n>& sum, const std::array<uint64_t, n>& before,
               const std::array<uint64_t, n>& now) {
  for (size_t i = 0; i < n; ++i) sum[i] += since(before[i], now[i]);
}

template <class Labels, class Part>
const Part& part_of(const std::map<Labels, Part>& parts, const Labels& labels) {
  static const Part none{};
  const auto found = parts.find(labels);
  return found == parts.end() ? none : found->second;
}

}  // namespace

const MackerelPoint* MackerelSample::find(std::string_view name) const {
  const auto found = std::ranges::find(points, name, &MackerelPoint::name);
  return found == points.end() ? nullptr : &*found;
}

// Sums of one interval, and how things stand at its end.
struct MackerelSampler::Totals {
  uint64_t requests = 0;
  std::array<uint64_t, 5> responses{};  // of targets
  std::array<uint64_t, 5> own_responses{};
  uint64_t bytes = 0;
  uint64_t connections = 0;
  uint64_t connections_active = 0;
  uint64_t rejected = 0;
  uint64_t client_tls_errors = 0;
  uint64_t target_tls_errors = 0;
  uint64_t connection_errors = 0;
  uint64_t time_us = 0;
  std::map<int, uint64_t> times;

  void add(const Listener& before, const Listener& now) {
    std::array<uint64_t, 5> all{};
    std::array<uint64_t, 5> own{};
    add_since(all, before.responses, now.responses);
    add_since(own, before.own_responses, now.own_responses);
    for (size_t i = 0; i < all.size(); ++i) {
      responses[i] += all[i] - std::min(all[i], own[i]);
      own_responses[i] += own[i];
    }
    bytes += since(before.bytes, now.bytes);
    connections += since(before.connections, now.connections);
    rejected += since(before.rejected, now.rejected);
    client_tls_errors += since(before.tls_errors, now.tls_errors);
  }

  void add(const Target& before, const Target& now) {
    add_since(responses, before.responses, now.responses);
    connections += since(before.connections, now.connections);
    connection_errors += since(before.connection_errors, now.connection_errors);
    target_tls_errors += since(before.tls_errors, now.tls_errors);
    time_us += since(before.time_us, now.time_us);
    auto was = before.times.begin();
    for (const auto& [bucket, count] : now.times) {
      while (was != before.times.end() && was->first < bucket) ++was;
      const bool known = was != before.times.end() && was->first == bucket;
      const uint64_t more = since(known ? was->second : 0, count);
      if (more > 0) times[bucket] += more;
    }
  }

  // What the load balancer has of its groups: all but what its listeners count themselves.
  void add_group(const Totals& group) {
    requests += group.requests;
    connections += group.connections;
    connections_active += group.connections_active;
    connection_errors += group.connection_errors;
    target_tls_errors += group.target_tls_errors;
    time_us += group.time_us;
    for (const auto& [bucket, count] : group.times) times[bucket] += count;
  }

  uint64_t answered() const {
    uint64_t sum = 0;
    for (const auto& [bucket, count] : times) sum += count;
    return sum;
  }

  // In seconds. REQUIRES: answered() > 0.
  double percentile(double part) const {
    const auto rank = static_cast<uint64_t>(std::ceil(part * static_cast<double>(answered())));
    uint64_t seen = 0;
    for (const auto& [bucket, count] : times) {
      seen += count;
      if (seen < rank) continue;
      const Duration low = bucket == 0 ? Duration{} : Histogram::upper_bound(bucket - 1);
      return seconds_of((low + Histogram::upper_bound(bucket)) / 2);
    }
    return 0;
  }
};

MackerelSampler::Counts MackerelSampler::count(const Registry& registry) {
  Counts counts;
  registry.for_each([&](const ListenerLabels& labels, const ListenerCounters& block) {
    Listener& sum = counts.listeners[labels];
    for (size_t i = 0; i < sum.responses.size(); ++i) {
      sum.responses[i] += block.responses[i].value();
      sum.own_responses[i] += block.own_responses[i].value();
    }
    sum.bytes += block.received_bytes_total.value() + block.sent_bytes_total.value();
    sum.connections += block.connections_total.value();
    sum.rejected += block.connections_rejected_total.value();
    sum.tls_errors += block.tls_errors_total.value();
    sum.connections_active += block.connections_active.value();
  });
  registry.for_each([&](const TargetGroupLabels& labels, const TargetGroupCounters& block) {
    counts.group_requests[labels.target_group] += block.requests_total.value();
  });
  std::map<TargetLabels, std::unique_ptr<TargetCounters>> targets;
  registry.for_each([&](const TargetLabels& labels, const TargetCounters& block) {
    auto& sum = targets[labels];
    if (!sum) sum = std::make_unique<TargetCounters>();
    add_counters(*sum, block);
    add_gauges(*sum, block);
  });
  for (const auto& [labels, block] : targets) {
    Target& sum = counts.targets[labels];
    for (size_t i = 0; i < sum.responses.size(); ++i)
      sum.responses[i] = block->responses[i].value();
    sum.connections = block->connections_total.value();
    sum.connection_errors = block->connection_errors_total.value();
    sum.tls_errors = block->tls_errors_total.value();
    sum.connections_active = block->connections_open.value();
    sum.time_us = block->response_time.sum_us();
    for (int bucket = 0; bucket < Histogram::buckets; ++bucket) {
      const uint64_t count = block->response_time.count(bucket);
      if (count > 0) sum.times.emplace_back(bucket, count);
    }
  }
  return counts;
}

// What one load balancer's figures are called.
class MackerelSampler::Writer {
 public:
  explicit Writer(MackerelSample& sample) : sample_(sample) {}

  void balancer(const Totals& totals) {
    count("request.count", totals.requests);
    count("bytes.processed", totals.bytes);
    codes("httpcode_count", totals);
    count("httpcode_count.alb_4xx", totals.own_responses[3]);
    count("httpcode_count.alb_5xx", totals.own_responses[4]);
    count("concurrent_connection_count.active", totals.connections_active);
    count("connection_count.new", totals.connections);
    count("connection_count.rejected", totals.rejected);
    times("response", totals);
    count("tls_negotiation_error_count.client", totals.client_tls_errors);
    count("tls_negotiation_error_count.target", totals.target_tls_errors);
    count("connection_error_count.target", totals.connection_errors);
  }

  void group(const MackerelView::Group& group, const Totals& totals) {
    const std::string& name = group.name;
    count(fmt::format("request_per_group.{}.count", name), totals.requests);
    if (group.targets > 0) {
      put(fmt::format("request_average_per_target.{}.average", name),
          static_cast<double>(totals.requests) / static_cast<double>(group.targets));
    }
    codes("httpcode_count_per_group." + name, totals);
    times("response_per_group." + name, totals);
    count(fmt::format("tls_negotiation_error_count_per_group.{}.count", name),
          totals.target_tls_errors);
    count(fmt::format("host_count.{}.healthy", name), group.healthy);
    count(fmt::format("host_count.{}.unhealthy", name), group.unhealthy);
  }

 private:
  void put(const std::string& name, double value) {
    sample_.points.push_back({fmt::format("{}.{}", mackerel_prefix, name), value});
  }
  void count(const std::string& name, uint64_t value) { put(name, static_cast<double>(value)); }

  void codes(const std::string& graph, const Totals& totals) {
    for (size_t i = 1; i < totals.responses.size(); ++i)
      count(fmt::format("{}.target_{}xx", graph, i + 1), totals.responses[i]);
  }

  void times(const std::string& graph, const Totals& totals) {
    const uint64_t answered = totals.answered();
    if (answered == 0) return;
    put(graph + ".time", static_cast<double>(totals.time_us) / 1e6 / static_cast<double>(answered));
    put(graph + ".time_p90", totals.percentile(0.90));
    put(graph + ".time_p95", totals.percentile(0.95));
    put(graph + ".time_p99", totals.percentile(0.99));
  }

  MackerelSample& sample_;
};

std::map<std::string, MackerelSampler::Totals> MackerelSampler::groups_since(const Counts& before,
                                                                             const Counts& now) {
  std::map<std::string, Totals> groups;
  for (const auto& [labels, target] : now.targets) {
    Totals& group = groups[labels.target_group];
    group.add(part_of(before.targets, labels), target);
    group.connections_active += target.connections_active;
  }
  for (const auto& [name, requests] : now.group_requests)
    groups[name].requests += since(part_of(before.group_requests, name), requests);
  return groups;
}

std::map<std::string, MackerelSampler::Totals> MackerelSampler::balancers_since(
    const Counts& before, const Counts& now) {
  std::map<std::string, Totals> balancers;
  for (const auto& [labels, listener] : now.listeners) {
    Totals& balancer = balancers[labels.load_balancer];
    balancer.add(part_of(before.listeners, labels), listener);
    balancer.connections_active += listener.connections_active;
  }
  return balancers;
}

std::vector<MackerelSample> MackerelSampler::take(const Registry& registry,
                                                  const std::vector<MackerelView>& views) {
  const Counts before = std::exchange(counts_, count(registry));
  if (!std::exchange(begun_, true)) return {};
  auto groups = groups_since(before, counts_);
  auto balancers = balancers_since(before, counts_);
  std::vector<MackerelSample> samples;
  for (const MackerelView& view : views) {
    samples.push_back({view.load_balancer, view.dns_name, {}});
    Writer writer(samples.back());
    Totals& whole = balancers[view.load_balancer];
    for (const auto& group : view.groups) whole.add_group(groups[group.name]);
    writer.balancer(whole);
    for (const auto& group : view.groups) writer.group(group, groups[group.name]);
  }
  return samples;
}

}  // namespace daruma::telemetry
