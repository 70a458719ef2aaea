// SPDX-License-Identifier: Apache-2.0
#include "health/node_load.h"

#include <algorithm>

#include "base/check.h"

namespace daruma::health {
namespace {

LoadSample between(const model::LoadReport& before, const model::LoadReport& now) {
  return {.answers = static_cast<uint32_t>(now.answers - before.answers),
          .fresh = static_cast<uint32_t>(now.fresh - before.fresh),
          .fresh_time = now.fresh_time - before.fresh_time};
}

}  // namespace

NodeLoad::NodeLoad(size_t workers, const model::LoadReport& report, Instant now)
    : target_(report.target),
      workers_(workers),
      limit_(report.usual),
      slow_at_(now),
      reported_at_(now) {
  take(report, now);
}

bool NodeLoad::speaks(const Worker& worker, Instant now) const {
  return worker.reported != Instant{} && now < worker.reported + silence_max;
}

void NodeLoad::take(const model::LoadReport& report, Instant now) {
  DARUMA_ASSERT(report.worker < workers_.size());
  Worker& worker = workers_[report.worker];
  // What was before the first, or before a worker forgot the target, belongs to no window.
  const bool follows = worker.reported != Instant{} && report.answers >= worker.last.answers &&
                       report.fresh >= worker.last.fresh;
  LoadSample sample = follows ? between(worker.last, report) : LoadSample{};
  worker.last = report;
  worker.reported = reported_at_ = now;
  if (report.slow) slow_at_ = now;
  for (const Worker& each : workers_) {
    if (!speaks(each, now)) continue;
    sample.most_in_flight += each.last.most_in_flight;
    sample.waiting += each.last.waiting;
  }
  limit_.note(now, sample);
  if (limit_.limit() != divided_limit_ || now >= divided_at_ + division_interval) divide(now);
}

// Rounded up, and one for each: so a target may be asked for a few more than the limit, which it
// bears, and no worker has to wait for a letter before its first request.
void NodeLoad::divide(Instant now) {
  divided_limit_ = limit_.limit();
  divided_at_ = now;
  uint64_t wanted = 0;
  for (const Worker& worker : workers_) wanted += speaks(worker, now) ? worker.wants() : 0;
  for (Worker& worker : workers_) {
    worker.part = divided_limit_;
    if (divided_limit_ == LatencyLimit::unlimited || wanted == 0) continue;
    const uint64_t wants = speaks(worker, now) ? worker.wants() : 0;
    const uint64_t part = (divided_limit_ * wants + wanted - 1) / wanted;
    worker.part = std::max(static_cast<uint32_t>(part), 1u);
  }
}

bool NodeLoad::is_calm(Instant now) const {
  return now >= reported_at_ + calm_after || (limit_.off() && now >= slow_at_ + calm_after);
}

model::LoadLetter NodeLoad::letter(uint32_t worker) const {
  return {.target = target_,
          .watched = true,
          .limit = workers_[worker].part,
          .lenient = limit_.lenient(),
          .lowered = limit_.lowered(),
          .patience = limit_.patience(),
          .usual = limit_.usual()};
}

model::LoadLetter NodeLoad::farewell() const {
  return {.target = target_, .usual = limit_.usual()};
}

}  // namespace daruma::health
