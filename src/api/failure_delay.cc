// SPDX-License-Identifier: Apache-2.0
#include "api/failure_delay.h"

#include <utility>

namespace daruma::api {

void FailureDelay::refuse(control::AdminResponder responder, control::AdminResponse response) {
  const Instant now = loop_.now();
  std::erase_if(failures_, [&](Instant at) { return at + window < now; });
  const bool patient = failures_.size() < free_failures;
  if (patient) failures_.push_back(now);
  if (patient) return responder.send(std::move(response));
  if (waiting_.size() >= waiting_max) return responder.close();
  waiting_.push_back(
      std::make_unique<Waiting>(Waiting{now + delay, std::move(responder), std::move(response)}));
  if (waiting_.size() == 1) timer_.set(now + delay);
}

// All wait equally long: the first is the next.
void FailureDelay::on_timer(io::Timer&) {
  while (!waiting_.empty() && waiting_.front()->until <= loop_.now()) {
    const std::unique_ptr<Waiting> first = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    first->responder.send(std::move(first->response));
  }
  if (!waiting_.empty()) timer_.set(waiting_.front()->until);
}

}  // namespace daruma::api
