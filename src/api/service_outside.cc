// SPDX-License-Identifier: Apache-2.0
//
// Requests that wait for what somebody else's service knows, and are run again with it. Everything
// is looked at anew then: what was changed meanwhile is seen, and whoever lost the right to change
// loses.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "api/access_keys.h"
#include "api/service.h"

namespace daruma::api {

using notify::Ec2Answer;
using notify::Ec2Question;
using notify::ObjectAnswer;
using notify::ObjectQuestion;
using notify::RemoteAnswer;
using notify::RemoteQuestion;

namespace {

ServiceError too_many_bytes() {
  return {"ServiceUnavailable",
          fmt::format("The objects that requests wait for have more than {} bytes together; name "
                      "fewer at once, or try again",
                      outside_bytes_max),
          503};
}

}  // namespace

void Service::set_aside(const Request& request, const Parameter& parameters,
                        control::AdminResponder& responder, const OutsideAnswers& answers,
                        std::vector<RemoteQuestion> questions) {
  waiting_.push_front({request, parameters, std::move(responder), answers, std::move(questions)});
  Request& kept = waiting_.front().request;
  kept.admin = nullptr;
  kept.deadline = kept.deadline.value_or(context_.loop.now() + outside_timeout);
  ask_next(waiting_.begin());
}

void Service::ask_next(WaitingRequest waiting) {
  const RemoteQuestion question = std::move(waiting->questions.back());
  waiting->questions.pop_back();
  if (const auto* object = std::get_if<ObjectQuestion>(&question)) {
    if (object_bytes_waiting() + object->bytes_max > outside_bytes_max)
      return refuse_waiting(waiting, too_many_bytes());
    waiting->bytes_asked = object->bytes_max;
  }
  const bool taken = reader_for(question).ask(question, *waiting->request.deadline,
                                              [this, waiting, question](RemoteAnswer answer) {
                                                take_answer(waiting, question, std::move(answer));
                                              });
  if (taken) return;
  refuse_waiting(waiting, {"ServiceUnavailable",
                           "Too many requests wait for other services already; try again", 503});
}

notify::RemoteReader& Service::reader_for(const RemoteQuestion& question) {
  const auto* object = std::get_if<ObjectQuestion>(&question);
  auto& reader = readers_[object != nullptr ? object->bucket.name : ""];
  if (reader == nullptr)
    reader = std::make_unique<notify::RemoteReader>(context_.loop, context_.now);
  return *reader;
}

void Service::take_answer(WaitingRequest waiting, const RemoteQuestion& asked,
                          RemoteAnswer&& answer) {
  waiting->bytes_asked = 0;
  const auto* ec2 = std::get_if<Ec2Question>(&asked);
  const Expected<void> kept = ec2 != nullptr
                                  ? keep(waiting->answers, *ec2, std::get<Ec2Answer>(answer))
                                  : keep(waiting->answers, std::get<ObjectQuestion>(asked),
                                         std::get<ObjectAnswer>(std::move(answer)));
  if (!kept) return refuse_waiting(waiting, kept.error());
  if (!waiting->questions.empty()) return ask_next(waiting);
  run_again(waiting);
}

Expected<void> Service::keep(OutsideAnswers& answers, const Ec2Question& asked,
                             const Ec2Answer& answer) {
  // Another may have been declared meanwhile: then that one is asked, when the operation is run.
  if (asked.endpoint != context_.controller.declared().admin.ec2) return {};
  if (!answer) {
    const bool later = answer.error().may_pass;
    return refuse(later ? "ServiceUnavailable" : "InvalidConfigurationRequest",
                  answer.error().message, later ? 503 : 400);
  }
  ec2_cache_.keep(asked.kind, *answer, context_.loop.now());
  answers.ec2_endpoint = asked.endpoint;
  for (const std::string& id : asked.ids) {
    const auto found = answer->find(id);
    auto& place = answers.ec2[{asked.kind, id}];
    if (found != answer->end()) place = found->second;
  }
  return {};
}

// Of all requests together.
size_t Service::object_bytes_waiting() const {
  size_t bytes = 0;
  for (const Waiting& waiting : waiting_) {
    bytes += waiting.bytes_asked;
    for (const auto& [place, object] : waiting.answers.objects)
      bytes += object ? object->size() : 0;
  }
  return bytes;
}

// The operation knows what to call an object that is not there.
Expected<void> Service::keep(OutsideAnswers& answers, const ObjectQuestion& asked,
                             ObjectAnswer&& answer) {
  if (!answer && answer.error().may_pass) {
    return refuse("ServiceUnavailable",
                  fmt::format("Object '{}' of bucket '{}' cannot be read now: {}", asked.key,
                              asked.bucket.name, answer.error().message),
                  503);
  }
  answers.objects.insert_or_assign({asked.bucket.name, asked.key, asked.version},
                                   std::move(answer));
  return {};
}

// It may have more questions: about what is known by these answers. Each is asked once.
void Service::run_again(WaitingRequest waiting) {
  Waiting now = std::move(*waiting);
  waiting_.erase(waiting);
  now.request.caller.may_change &= may_still_change(now.request.caller);
  if (now.answers.ec2_endpoint != context_.controller.declared().admin.ec2) now.answers.ec2.clear();
  refuse_if_failed(run_elbv2(now.request, now.parameters, now.responder, now.answers), now.request,
                   now.responder);
}

bool Service::may_still_change(const Caller& caller) const {
  const shapes::Admin& admin = context_.controller.resources().admin;
  if (caller.name.empty()) return admin.authentication == "none";
  const auto is_admin = [&caller](const std::string& name, const auto& role) {
    return name == caller.name && role.value_or("admin") == "admin";
  };
  std::optional<shapes::AccessKey> made;
  if (context_.created != nullptr)
    made = find_access_key(context_.data_directory, context_.created->vault, caller.name);
  if (made) return is_admin(caller.name, made->role);
  return std::ranges::any_of(admin.access_keys,
                             [&](const auto& key) { return is_admin(key.id, key.role); }) ||
         std::ranges::any_of(admin.users,
                             [&](const auto& user) { return is_admin(user.name, user.role); });
}

void Service::refuse_waiting(WaitingRequest waiting, ServiceError problem) {
  Waiting now = std::move(*waiting);
  waiting_.erase(waiting);
  refuse_if_failed(tl::unexpected(std::move(problem)), now.request, now.responder);
}

}  // namespace daruma::api
