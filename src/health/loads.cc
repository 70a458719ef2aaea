// SPDX-License-Identifier: Apache-2.0
#include "health/loads.h"

#include <iterator>

namespace daruma::health {
namespace {

constexpr Duration look_interval = 1s;

}  // namespace

Loads::Loads(io::Loop& loop, const WorkerMailboxes& workers)
    : loop_(loop), workers_(workers), look_(loop.timers(), *this) {}

void Loads::take(const model::LoadReport& report) {
  const Instant now = loop_.now();
  auto found = loads_.find(report.target);
  if (found != loads_.end()) {
    found->second.load.take(report, now);
  } else if (report.slow) {
    Entry entry{NodeLoad(workers_.size(), report, now),
                std::vector<model::LoadLetter>(workers_.size())};
    found = loads_.emplace(report.target, std::move(entry)).first;
  } else {
    return;  // it has not heard yet that this is no longer wanted
  }
  tell(found->second);
  if (!look_.is_set()) look_.set(now + look_interval);
}

void Loads::on_timer(io::Timer&) {
  for (auto it = loads_.begin(); it != loads_.end();) {
    const bool calm = it->second.load.is_calm(loop_.now());
    if (calm) say_farewell(it->second);
    it = calm ? loads_.erase(it) : std::next(it);
  }
  if (!loads_.empty()) look_.set(loop_.now() + look_interval);
}

// Workers may keep it a while longer than we do.
void Loads::forget(const model::TargetKey& target) {
  const auto found = loads_.find(target);
  if (found == loads_.end()) return;
  say_farewell(found->second);
  loads_.erase(found);
}

void Loads::forget_all() {
  loads_.clear();
  look_.clear();
}

void Loads::tell(Entry& entry) {
  for (uint32_t i = 0; i < workers_.size(); ++i) {
    const model::LoadLetter letter = entry.load.letter(i);
    if (letter == entry.told[i]) continue;
    entry.told[i] = letter;
    workers_[i]->post(letter);
  }
}

void Loads::say_farewell(const Entry& entry) {
  for (io::Mailbox<model::WorkerLetter>* worker : workers_) worker->post(entry.load.farewell());
}

}  // namespace daruma::health
