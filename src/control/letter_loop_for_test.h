// SPDX-License-Identifier: Apache-2.0
//
// A Loop for testing what lives on letters and timers: no network, and its clock moves when the
// test says so.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/check.h"
#include "io/loop.h"
#include "model/letter.h"

namespace daruma::control {

// With a problem of the one listener that there is, or "".
inline model::AdoptedLetter adopted_letter(uint32_t worker, uint64_t revision,
                                           const std::string& problem) {
  model::AdoptedLetter letter{.worker = worker, .revision = revision};
  if (!problem.empty()) letter.problems.push_back({"web", 8080, problem});
  return letter;
}

class LetterLoop final : public io::Loop {
 public:
  LetterLoop() : Loop(Instant{} + 1h) {}
  Instant now() const override { return now_; }
  WallTime wall_now() const override {
    return std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) +
           (now_ - Instant{}) / 1us * 1us + wall_step_;
  }
  // As when somebody sets the clock.
  void step_wall_clock(Duration step) {
    wall_step_ += std::chrono::duration_cast<WallTime::duration>(step);
  }
  Random& random() override { return random_; }
  std::unique_ptr<io::Socket> connect(const Address&, io::SocketHandler&) override {
    DARUMA_ASSERT(!"there is no network here");
    return nullptr;
  }
  Result<std::unique_ptr<io::Acceptor>> listen(const Address&, io::AcceptHandler&,
                                               const io::ListenOptions&) override {
    return fail("there is no network here");
  }
  std::unique_ptr<io::Waker> make_waker(io::WakeHandler& handler) override {
    return std::make_unique<TestWaker>(woken_, handler);
  }

  // Delivers letters and runs tasks until nothing is left to do.
  void settle() {
    run_soon();
    while (!woken_.empty()) {
      io::WakeHandler* handler = *woken_.begin();
      woken_.erase(woken_.begin());
      handler->on_wake();
      run_soon();
    }
  }
  void run_for(Duration duration) {
    settle();
    now_ += duration;
    fire_timers();
    settle();
  }

 private:
  class TestWaker final : public io::Waker {
   public:
    TestWaker(std::set<io::WakeHandler*>& woken, io::WakeHandler& handler)
        : woken_(woken), handler_(handler) {}
    ~TestWaker() override { woken_.erase(&handler_); }
    void wake() override { woken_.insert(&handler_); }

   private:
    std::set<io::WakeHandler*>& woken_;
    io::WakeHandler& handler_;
  };

  Instant now_ = Instant{} + 1h;
  WallTime::duration wall_step_{};
  Random random_{1};
  std::set<io::WakeHandler*> woken_;
};

}  // namespace daruma::control
