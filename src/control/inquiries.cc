// SPDX-License-Identifier: Apache-2.0
#include "control/inquiries.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace daruma::control {
namespace {

// A kind of story is remembered as far back as by the worker that forgets first.
void add(model::StoriesKept::Kind& sum, const model::StoriesKept::Kind& part) {
  if (part.kept > 0) sum.oldest = sum.kept > 0 ? std::max(sum.oldest, part.oldest) : part.oldest;
  sum.kept += part.kept;
  sum.most += part.most;
}

}  // namespace

Inquiries::Inquiries(io::Loop& loop, Publisher& publisher)
    : loop_(loop), publisher_(publisher), timer_(loop.timers(), *this) {}

void Inquiries::ask(model::StoryQuery query, Done done) {
  const uint64_t number = ++last_number_;
  Findings findings{.query = query, .stories = {}, .kept = {}, .workers = publisher_.workers()};
  pending_.push_back(
      {number, loop_.now() + model::limits::inquiry_timeout, std::move(done), std::move(findings)});
  publisher_.inquire({.number = number, .query = std::move(query)});
  set_timer();
}

void Inquiries::on_answer(const model::AnswerLetter& letter) {
  const auto pending = std::ranges::find(pending_, letter.number, &Pending::number);
  if (pending == pending_.end()) return;  // it came too late
  Findings& findings = pending->findings;
  findings.stories.insert(findings.stories.end(), letter.stories.begin(), letter.stories.end());
  add(findings.kept.errors, letter.kept.errors);
  add(findings.kept.detours, letter.kept.detours);
  add(findings.kept.others, letter.kept.others);
  if (++findings.workers_answered == findings.workers) finish(pending);
}

void Inquiries::on_timer(io::Timer&) {
  while (!pending_.empty() && pending_.front().deadline <= loop_.now()) finish(pending_.begin());
}

// `done` may ask again.
void Inquiries::finish(std::vector<Pending>::iterator pending) {
  Pending over = std::move(*pending);
  pending_.erase(pending);
  set_timer();
  Findings& findings = over.findings;
  std::ranges::stable_sort(findings.stories, std::ranges::greater{}, &model::Story::time);
  if (findings.stories.size() > findings.query.most) findings.stories.resize(findings.query.most);
  over.done(findings);
}

void Inquiries::set_timer() {
  timer_.clear();
  if (!pending_.empty()) timer_.set(pending_.front().deadline);
}

}  // namespace daruma::control
