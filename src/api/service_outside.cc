// SPDX-License-Identifier: Apache-2.0
//
// Requests that wait for what somebody else's service knows, and are run again with it. Everything
// is looked at anew then: what was changed meanwhile is seen, and whoever lost the right to change
// loses.
#include <fmt/format.h>

#include <utility>

#include "api/service.h"

namespace daruma::api {

using notify::Ec2Answer;
using notify::Ec2Question;

void Service::set_aside(const Request& request, const Parameter& parameters,
                        control::AdminResponder& responder, const Ec2Answers& answers,
                        std::vector<Ec2Question> questions) {
  waiting_.push_front({request, parameters, std::move(responder), answers, std::move(questions)});
  Request& kept = waiting_.front().request;
  kept.admin = nullptr;
  kept.deadline = kept.deadline.value_or(context_.loop.now() + outside_timeout);
  ask_next(waiting_.begin());
}

void Service::ask_next(WaitingRequest waiting) {
  if (remote_reader_ == nullptr)
    remote_reader_ = std::make_unique<notify::RemoteReader>(context_.loop, context_.now);
  Ec2Question question = std::move(waiting->questions.back());
  waiting->questions.pop_back();
  const bool taken = remote_reader_->ask(question, *waiting->request.deadline,
                                         [this, waiting, question](const Ec2Answer& answer) {
                                           take_answer(waiting, question, answer);
                                         });
  if (taken) return;
  refuse_waiting(waiting, {"ServiceUnavailable",
                           fmt::format("Too many requests wait for the EC2 endpoint {}",
                                       question.endpoint.endpoint.value_or("")),
                           503});
}

void Service::take_answer(WaitingRequest waiting, const Ec2Question& asked,
                          const Ec2Answer& answer) {
  if (!answer) {
    const bool later = answer.error().may_pass;
    return refuse_waiting(waiting, {later ? "ServiceUnavailable" : "InvalidConfigurationRequest",
                                    answer.error().message, later ? 503 : 400});
  }
  if (asked.endpoint == context_.controller.declared().admin.ec2)
    ec2_cache_.keep(asked.kind, *answer, context_.loop.now());
  for (const std::string& id : asked.ids) {
    const auto found = answer->find(id);
    auto& place = waiting->answers[{asked.kind, id}];
    if (found != answer->end()) place = found->second;
  }
  if (!waiting->questions.empty()) return ask_next(waiting);
  run_again(waiting);
}

// It may have more questions: about what is known by these answers. Each is asked once.
void Service::run_again(WaitingRequest waiting) {
  Waiting now = std::move(*waiting);
  waiting_.erase(waiting);
  refuse_if_failed(run_elbv2(now.request, now.parameters, now.responder, now.answers), now.request,
                   now.responder);
}

void Service::refuse_waiting(WaitingRequest waiting, ServiceError problem) {
  Waiting now = std::move(*waiting);
  waiting_.erase(waiting);
  refuse_if_failed(tl::unexpected(std::move(problem)), now.request, now.responder);
}

}  // namespace daruma::api
