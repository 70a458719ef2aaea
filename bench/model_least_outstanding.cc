// SPDX-License-Identifier: Apache-2.0
//
// What it costs that each worker counts only its own requests for least_outstanding_requests: the
// same stream of requests, dealt by chance over a node's workers, is given to targets by counts of
// the whole node, by counts of each worker, and in turn. Targets serve several at once and queue
// the rest; one of ten is three times as slow. Prints, for each, how uneven the counts are and how
// long requests take. A model, not a measurement: virtual time, fixed seed.
//
//   ninja -C build/release model_least_outstanding && build/release/bench/model_least_outstanding
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <vector>

#include "base/random.h"
#include "routing/target_picker.h"

namespace {

using daruma::Random;
using namespace daruma::routing;

enum class Counting : uint8_t { of_the_node, of_each_worker, in_turn };

struct Setting {
  size_t workers;
  size_t targets;
  size_t places;  // that each target serves at once
  double load;    // of what all can serve
};

struct Outcome {
  double mean_spread = 0;  // most outstanding less fewest, when a request comes
  double mean = 0;         // of the time that a request takes, in that of a quick target's answer
  double p99 = 0;
};

double exponential(Random& random, double mean) {
  return -mean * std::log(1.0 - static_cast<double>(random.below(1u << 30)) / (1u << 30));
}

struct Request {
  double arrived;
  size_t worker;
};

class Model {
 public:
  Model(const Setting& setting, Counting counting)
      : setting_(setting),
        counting_(counting),
        counts_(setting.workers, std::vector<uint32_t>(setting.targets)),
        totals_(setting.targets),
        queues_(setting.targets),
        busy_(setting.targets) {
    for (uint32_t i = 0; i < setting.targets; ++i) candidates_.push_back(i);
    for (uint32_t w = 0; w < setting.workers; ++w) {
      least_.emplace_back(w);
      turns_.emplace_back(w);
    }
  }

  Outcome run(int requests) {
    double rate = 0;
    for (size_t i = 0; i < setting_.targets; ++i)
      rate += static_cast<double>(setting_.places) / mean_of(i);
    rate *= setting_.load;
    double spread = 0, now = 0;
    for (int i = 0; i < requests; ++i) {
      now += exponential(random_, 1 / rate);
      finish_until(now);
      const auto [least, most] = std::ranges::minmax(totals_);
      spread += most - least;
      arrive(now);
    }
    finish_until(now * 2);
    std::ranges::sort(took_);
    double sum = 0;
    for (const double each : took_) sum += each;
    return {spread / requests, sum / static_cast<double>(took_.size()),
            took_[took_.size() * 99 / 100]};
  }

 private:
  struct End {
    double at;
    size_t target;
    Request request;
    bool operator>(const End& other) const { return at > other.at; }
  };

  double mean_of(size_t target) const { return target == 0 ? 3 : 1; }

  void arrive(double now) {
    const size_t worker = random_.below(setting_.workers);
    const size_t target = pick(worker);
    ++counts_[worker][target];
    ++totals_[target];
    queues_[target].push_back({now, worker});
    serve(target, now);
  }

  size_t pick(size_t worker) {
    switch (counting_) {
      case Counting::of_the_node:
        return *least_[0].pick(candidates_, 32, [&](uint32_t i) { return totals_[i]; });
      case Counting::of_each_worker:
        return *least_[worker].pick(candidates_, 32,
                                    [&](uint32_t i) { return counts_[worker][i]; });
      case Counting::in_turn:
        break;
    }
    return turns_[worker].pick(candidates_);
  }

  void serve(size_t target, double now) {
    while (busy_[target] < setting_.places && !queues_[target].empty()) {
      ++busy_[target];
      ends_.push({now + exponential(random_, mean_of(target)), target, queues_[target].front()});
      queues_[target].pop_front();
    }
  }

  void finish_until(double now) {
    while (!ends_.empty() && ends_.top().at <= now) {
      const End end = ends_.top();
      ends_.pop();
      took_.push_back(end.at - end.request.arrived);
      --busy_[end.target];
      --totals_[end.target];
      --counts_[end.request.worker][end.target];
      serve(end.target, end.at);
    }
  }

  const Setting setting_;
  const Counting counting_;
  Random random_{1};
  std::vector<uint32_t> candidates_;
  std::vector<LeastOutstanding> least_;
  std::vector<RoundRobin> turns_;
  std::vector<std::vector<uint32_t>> counts_;  // by worker and target
  std::vector<uint32_t> totals_;
  std::vector<std::deque<Request>> queues_;
  std::vector<size_t> busy_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<double> took_;
};

void print(std::string_view name, const Outcome& outcome) {
  fmt::print("  {:<16} spread {:6.2f}   mean {:6.2f}   p99 {:7.2f}\n", name, outcome.mean_spread,
             outcome.mean, outcome.p99);
}

}  // namespace

int main() {
  for (const size_t workers : {2u, 8u, 16u}) {
    for (const size_t places : {4u, 32u}) {
      for (const double load : {0.5, 0.95}) {
        const Setting setting{workers, 10, places, load};
        fmt::print("{} workers, 10 targets of {} places, load {:.0f} %\n", workers, places,
                   load * 100);
        print("per node", Model(setting, Counting::of_the_node).run(200'000));
        print("per worker", Model(setting, Counting::of_each_worker).run(200'000));
        print("round robin", Model(setting, Counting::in_turn).run(200'000));
      }
    }
  }
}
