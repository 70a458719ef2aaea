// SPDX-License-Identifier: Apache-2.0
//
// How large the archive of metrics becomes: as many series as 100 target groups of 10 targets have
// (or --share of them), full to the brim with generated traffic, in the very file. Prints bytes, by
// kind of series; docs/adr/0014 has what it said.
//
//   daruma_metrics_archive FILE SHARE        SHARE: of 100 groups, e.g. 1
#include <sqlite3.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "metrics/block.h"
#include "metrics/time_series.h"
#include "store/archive.h"

namespace {

using namespace daruma;
using metrics::Point;

// About `mean`, as counts of independent requests vary.
double about(Random& random, double mean) {
  double noise = -6;
  for (int i = 0; i < 12; ++i) noise += static_cast<double>(random.below(1'000'000)) / 1e6;
  return std::max(0.0, std::round(mean + noise * std::sqrt(mean)));
}

// A day has a peak of three times its trough.
double daily(WallTime at) {
  const double hours = static_cast<double>(at.time_since_epoch() / 1s) / 3600;
  return 1 + 0.5 * std::sin(hours / 24 * 2 * M_PI);
}

enum class Latency : uint8_t { none, sums, whole };

struct Kind {
  const char* name;
  int each_group;   // series
  double requests;  // in a second; 0: a level
  Latency latency;
  double level;
  size_t tiers_kept = metrics::tiers.size();
};

// Ten groups to a load balancer, whose own series are a tenth of theirs. docs/metrics.md, "Under
// CloudWatch's names": a group is asked 20 times a second, a target twice.
constexpr Kind kinds[] = {
    {"group and zone counts", 22, 20, Latency::none, 0},
    {"group and zone levels", 24, 0, Latency::none, 4},
    {"group latencies", 1, 20, Latency::whole, 0},
    {"zone latencies' sums", 4, 7, Latency::sums, 0},
    {"rare counts", 20, 0.002, Latency::none, 0},
    {"target counts", 50, 2, Latency::none, 0, 2},
    {"target levels", 60, 0, Latency::none, 3, 2},
    {"target latencies' sums", 10, 2, Latency::sums, 0, 2},
};

Point sample(Random& random, const Kind& kind, WallTime at, metrics::Seconds length) {
  const auto seconds = static_cast<double>(length.count());
  if (kind.requests == 0) {
    Point point;
    for (int i = 0; i < static_cast<int>(seconds / 10) && i < 30; ++i) {
      point.merge(Point::of_sample(kind.level + (random.chance(1, 20) ? 1 : 0)));
    }
    point.start = at;
    return point;
  }
  const double n = about(random, kind.requests * seconds * daily(at));
  Point point = Point::of_events(n);
  if (kind.latency != Latency::none) {
    point = Point();
    // Log-normal, about 20 ms: 300 values stand for all.
    const auto values = static_cast<uint64_t>(std::min(n, 300.0));
    for (uint64_t i = 0; i < values; ++i) {
      double noise = -6;
      for (int j = 0; j < 12; ++j) noise += static_cast<double>(random.below(1'000'000)) / 1e6;
      const auto times = static_cast<uint64_t>(std::max(1.0, n / static_cast<double>(values)));
      const double micros = std::round(20'000 * std::exp(noise * 0.5));
      point.merge(Point::of_values(micros / 1e6, times));
    }
    // As the collector has them.
    point.minimum =
        metrics::Distribution::middle_of(metrics::Distribution::index_of(point.minimum));
    point.maximum =
        metrics::Distribution::middle_of(metrics::Distribution::index_of(point.maximum));
    if (kind.latency == Latency::sums) point.distribution = {};
  }
  point.start = at;
  return point;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: daruma_metrics_archive FILE SHARE\n");
    return 2;
  }
  const int groups = std::atoi(words[2]);
  auto archive = store::Archive::open(words[1]);
  if (!archive) {
    std::fprintf(stderr, "%s\n", archive.error().message.c_str());
    return 1;
  }
  Random random(1);
  const WallTime now{std::chrono::hours(480'000)};
  uint32_t number = 0;
  int64_t before = (*archive)->bytes();
  double points = 0;
  double balancers = 0;  // latencies of theirs
  for (const Kind& kind : kinds) {
    for (int i = 0; i < kind.each_group * groups; ++i) {
      store::ArchiveBatch batch;
      batch.series.push_back({++number, std::string(kind.name) + std::string(100, 'd'), 0});
      for (size_t tier = 1; tier < kind.tiers_kept; ++tier) {
        const auto& [resolution, length, kept] = metrics::tiers[tier];
        const auto last = static_cast<uint32_t>(now.time_since_epoch() / length);
        for (uint32_t place = last - static_cast<uint32_t>(kept / length); place < last; ++place) {
          const WallTime start{length * place};
          metrics::Block block(start, resolution);
          for (WallTime at = start; at < start + length; at += resolution) {
            const Point point = sample(random, kind, at, resolution);
            if (point.count == 0) continue;
            block.append(point);
            points += 1;
          }
          batch.blocks.push_back({number, static_cast<uint8_t>(tier), place, block.bytes()});
        }
      }
      if (const auto written = (*archive)->write(batch); !written) {
        std::fprintf(stderr, "%s\n", written.error().message.c_str());
        return 1;
      }
    }
    const int64_t now_bytes = (*archive)->bytes();
    if (kind.latency == Latency::whole) balancers = static_cast<double>(now_bytes - before) / 10;
    std::printf("%-24s %6d series %10.1f KB a series\n", kind.name, kind.each_group * groups,
                static_cast<double>(now_bytes - before) / 1024 / (kind.each_group * groups));
    before = now_bytes;
  }
  const double megabytes = (static_cast<double>(before) + balancers) / 1e6;
  std::printf("%d groups: %.0f million points, %.1f MB; 100 groups: %.0f MB\n", groups,
              points / 1e6, megabytes, megabytes * 100 / groups);
  return 0;
}
