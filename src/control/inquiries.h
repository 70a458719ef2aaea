// SPDX-License-Identifier: Apache-2.0
//
// Questions to the workers about their stories: asks all of them by letter and puts their answers
// together, those that have come within limits::inquiry_timeout. Control thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "control/publisher.h"
#include "control/server_status.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "model/story.h"

namespace daruma::control {

struct Findings {
  model::StoryQuery query;
  std::vector<model::Story> stories;  // the newest first, no more than asked for
  std::vector<ServerNote> servers{};  // of the target asked about, those that tell of themselves
  model::StoriesKept kept;            // by all workers; `oldest` is the newest of their oldest
  size_t workers = 0;
  size_t workers_answered = 0;
};

class Inquiries final : private io::TimerHandler {
 public:
  using Done = std::function<void(const Findings&)>;

  Inquiries(io::Loop& loop, Publisher& publisher);
  Inquiries(const Inquiries&) = delete;
  Inquiries& operator=(const Inquiries&) = delete;

  // `done` is called once, later.
  void ask(model::StoryQuery query, Done done);
  void on_answer(const model::AnswerLetter& letter);

 private:
  struct Pending {
    uint64_t number;
    Instant deadline;
    Done done;
    Findings findings;
  };
  void on_timer(io::Timer& timer) override;
  void finish(std::vector<Pending>::iterator pending);
  void set_timer();

  io::Loop& loop_;
  Publisher& publisher_;
  uint64_t last_number_ = 0;
  std::vector<Pending> pending_;  // in order of their deadlines
  io::Timer timer_;
};

}  // namespace daruma::control
