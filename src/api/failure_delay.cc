// SPDX-License-Identifier: Apache-2.0
#include "api/failure_delay.h"

#include <utility>

namespace daruma::api {

bool FailureDelay::patient() {
  const Instant now = loop_.now();
  std::erase_if(failures_, [&](Instant at) { return at + window < now; });
  return failures_.size() < free_failures;
}

void FailureDelay::count() {
  if (patient()) failures_.push_back(loop_.now());
}

void FailureDelay::refuse(control::AdminResponder responder, control::AdminResponse response) {
  const bool at_once = patient();
  count();
  if (at_once) return responder.send(std::move(response));
  wait(std::move(responder),
       [response = std::move(response)](control::AdminResponder waited) { waited.send(response); });
}

void FailureDelay::let_through(control::AdminResponder responder, Then then) {
  if (patient()) return then(std::move(responder));
  wait(std::move(responder), std::move(then));
}

void FailureDelay::wait(control::AdminResponder responder, Then then) {
  if (waiting_.size() >= waiting_max) return responder.close();
  const Instant until = loop_.now() + delay;
  waiting_.push_back(
      std::make_unique<Waiting>(Waiting{until, std::move(responder), std::move(then)}));
  if (waiting_.size() == 1) timer_.set(until);
}

// All wait equally long: the first is the next.
void FailureDelay::on_timer(io::Timer&) {
  while (!waiting_.empty() && waiting_.front()->until <= loop_.now()) {
    const std::unique_ptr<Waiting> first = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    first->then(std::move(first->responder));
  }
  if (!waiting_.empty()) timer_.set(waiting_.front()->until);
}

}  // namespace daruma::api
