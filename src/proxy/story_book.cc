// SPDX-License-Identifier: Apache-2.0
#include "proxy/story_book.h"

#include <utility>

namespace daruma::proxy {
namespace {

using model::StoryQuery;

WallTime dated(Instant then, Instant now, WallTime wall_now) {
  return wall_now - std::chrono::duration_cast<WallTime::duration>(now - then);
}

bool is_about(const model::Story& story, const StoryQuery& query) {
  switch (query.by) {
    case StoryQuery::By::trace_id:
      return model::names_trace(story.trace_id, query.what);
    case StoryQuery::By::errors:
      return story.is_error();
    case StoryQuery::By::target:
      return std::ranges::any_of(story.attempts, [&](const model::Attempt& attempt) {
        return attempt.target == query.what;
      });
  }
  return false;
}

bool is_about(const BriefStory& story, const StoryQuery& query) {
  switch (query.by) {
    case StoryQuery::By::trace_id:
      return model::names_trace(story.trace_id.view(), query.what);
    case StoryQuery::By::errors:
      return false;  // see StoryBook::keep
    case StoryQuery::By::target:
      return story.target.target.view() == query.what;
  }
  return false;
}

template <class T>
model::StoriesKept::Kind kind_of(const Ring<T>& ring, WallTime oldest) {
  return {static_cast<uint32_t>(ring.size()), static_cast<uint32_t>(ring.most()), oldest};
}

}  // namespace

model::Story BriefStory::story(WallTime time) const {
  model::Story story;
  story.time = time;
  story.trace_id = trace_id.view();
  story.client = client.to_string();
  story.load_balancer = load_balancer.view();
  story.listener = listener;
  const size_t space = request.view().find(' ');
  story.method = request.view().substr(0, space);
  if (space != std::string_view::npos) story.path = request.view().substr(space + 1);
  story.host = host.view();
  story.rule_priority = rule_priority;
  story.target_group = target.group.view();
  story.fail_open = fail_open;
  story.status = status;
  story.target_status = target_status;
  story.total = ended - began;
  story.received_bytes = received_bytes;
  story.sent_bytes = sent_bytes;
  if (requests == 0) return story;
  story.request = sent_at - began;
  story.target = response_at - sent_at;
  story.response = ended - response_at;
  model::Attempt& attempt = story.attempts.emplace_back();
  attempt.target = target.target.view();
  attempt.connection =
      requests == 1 ? model::Attempt::Connection::opened : model::Attempt::Connection::reused;
  attempt.requests = requests;
  attempt.age = ended - opened_at;
  attempt.sent_bytes = received_bytes;
  attempt.received_bytes = sent_bytes;
  return story;
}

void StoryBook::keep(model::Story story) {
  (story.is_error() ? errors_ : detours_).next() = std::move(story);
}

std::vector<model::Story> StoryBook::find(const StoryQuery& query, Instant now,
                                          WallTime wall_now) const {
  std::vector<model::Story> found;
  const auto look_in = [&](const auto& ring, const auto& story_of) {
    uint32_t found_here = 0;
    ring.for_each([&](const auto& entry) {
      if (!is_about(entry, query)) return true;
      found.push_back(story_of(entry));
      return ++found_here < query.most;
    });
  };
  const auto itself = [](const model::Story& story) -> const model::Story& { return story; };
  look_in(errors_, itself);
  look_in(detours_, itself);
  look_in(others_,
          [&](const BriefStory& story) { return story.story(dated(story.ended, now, wall_now)); });
  std::ranges::stable_sort(found, std::ranges::greater{}, &model::Story::time);
  if (found.size() > query.most) found.resize(query.most);
  return found;
}

model::StoriesKept StoryBook::kept(Instant now, WallTime wall_now) const {
  model::StoriesKept kept;
  kept.errors = kind_of(errors_, errors_.empty() ? WallTime{} : errors_.oldest().time);
  kept.detours = kind_of(detours_, detours_.empty() ? WallTime{} : detours_.oldest().time);
  kept.others =
      kind_of(others_, others_.empty() ? WallTime{} : dated(others_.oldest().ended, now, wall_now));
  return kept;
}

}  // namespace daruma::proxy
