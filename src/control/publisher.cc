// SPDX-License-Identifier: Apache-2.0
#include "control/publisher.h"

#include <algorithm>

#include "base/check.h"

namespace daruma::control {

void Publisher::connect(std::vector<WorkerMailbox*> workers, HealthMailbox* health) {
  DARUMA_ASSERT(workers_.empty() && health_ == nullptr);
  for (WorkerMailbox* mailbox : workers) workers_.push_back({.mailbox = mailbox});
  health_ = health;
}

void Publisher::publish(const model::SnapshotRef& snapshot) {
  for (const State& worker : workers_) worker.mailbox->post(model::SnapshotLetter{snapshot});
  if (health_ != nullptr) health_->post(model::SnapshotLetter{snapshot});
}

void Publisher::drain(Duration deadline) {
  for (const State& worker : workers_) worker.mailbox->post(model::DrainLetter{deadline});
  if (health_ != nullptr) health_->post(model::DrainLetter{deadline});
}

void Publisher::inquire(const model::InquiryLetter& inquiry) {
  for (const State& worker : workers_) worker.mailbox->post(inquiry);
}

void Publisher::on_adopted(const model::AdoptedLetter& letter) {
  DARUMA_ASSERT(letter.worker < workers_.size());
  State& worker = workers_[letter.worker];
  DARUMA_ASSERT(letter.revision >= worker.revision);
  worker.revision = letter.revision;
  worker.problems = letter.problems;
}

size_t Publisher::adopted(uint64_t revision) const {
  return static_cast<size_t>(std::ranges::count_if(
      workers_, [&](const State& worker) { return worker.revision >= revision; }));
}

uint64_t Publisher::revision_everywhere() const {
  const auto oldest = std::ranges::min_element(workers_, {}, &State::revision);
  return oldest == workers_.end() ? 0 : oldest->revision;
}

std::vector<model::ListenerProblem> Publisher::listener_problems() const {
  std::vector<model::ListenerProblem> problems;
  for (const State& worker : workers_) {
    for (const model::ListenerProblem& problem : worker.problems) {
      if (std::ranges::find(problems, problem) == problems.end()) problems.push_back(problem);
    }
  }
  return problems;
}

std::vector<std::string> Publisher::problems() const {
  std::vector<std::string> texts;
  for (const model::ListenerProblem& problem : listener_problems()) {
    texts.push_back(problem.to_text());
  }
  return texts;
}

}  // namespace daruma::control
