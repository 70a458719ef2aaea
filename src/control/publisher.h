// SPDX-License-Identifier: Apache-2.0
//
// Letters out to workers and health, acknowledgements in: knows for each revision who serves it.
// Control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/mailbox.h"
#include "model/letter.h"

namespace daruma::control {

class Publisher {
 public:
  using WorkerMailbox = io::Mailbox<model::WorkerLetter>;
  using HealthMailbox = io::Mailbox<model::HealthThreadLetter>;

  // From now on they get letters. `health` may be null. REQUIRES: called once; all outlive this.
  void connect(std::vector<WorkerMailbox*> workers, HealthMailbox* health);

  void publish(const model::SnapshotRef& snapshot);
  void drain(Duration deadline);
  void inquire(const model::InquiryLetter& inquiry);  // of every worker

  void on_adopted(const model::AdoptedLetter& letter);
  void on_stopped() { ++stopped_; }

  size_t workers() const { return workers_.size(); }
  // How many serve this revision or a newer one.
  size_t adopted(uint64_t revision) const;
  // The oldest revision that some worker still serves; 0 until all serve one, or without workers.
  uint64_t revision_everywhere() const;
  // What could not be done with the revision that each worker serves; equal ones once.
  std::vector<model::ListenerProblem> listener_problems() const;
  std::vector<std::string> problems() const;  // the same for people
  bool all_stopped() const { return stopped_ == workers_.size() + (health_ != nullptr ? 1 : 0); }

 private:
  struct State {
    WorkerMailbox* mailbox = nullptr;
    uint64_t revision = 0;
    std::vector<model::ListenerProblem> problems{};
  };
  std::vector<State> workers_;
  HealthMailbox* health_ = nullptr;
  size_t stopped_ = 0;
};

}  // namespace daruma::control
