// SPDX-License-Identifier: Apache-2.0
#include "proxy/story_book.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

using model::Story;
using model::StoryQuery;

constexpr WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h;
constexpr Instant start = Instant{} + 1h;

TEST(Ring, keeps_the_newest) {
  Ring<int> ring(3);
  EXPECT_TRUE(ring.empty());
  for (int i = 1; i <= 5; ++i) ring.next() = i;
  EXPECT_EQ(ring.size(), 3u);
  EXPECT_EQ(ring.oldest(), 3);
  std::vector<int> seen;
  ring.for_each([&](int i) {
    seen.push_back(i);
    return true;
  });
  EXPECT_EQ(seen, (std::vector<int>{5, 4, 3}));
}

TEST(Ring, is_read_until_enough) {
  Ring<int> ring(4);
  for (int i = 1; i <= 4; ++i) ring.next() = i;
  int seen = 0;
  ring.for_each([&](int) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

struct StoryBookTest : testing::Test {
  void brief(std::string_view trace_id, Duration at, std::string_view target = "t:1") {
    BriefStory& story = book.brief();
    story = {};
    story.began = start + at - 30ms;
    story.sent_at = start + at - 20ms;
    story.response_at = start + at - 5ms;
    story.ended = start + at;
    story.requests = 7;
    story.status = story.target_status = 200;
    story.trace_id = trace_id;
    story.target.target = target;
    story.request = "GET /a?b";
  }
  void failed(std::string_view trace_id, Duration at) {
    Story story;
    story.time = noon + at / 1us * 1us;
    story.trace_id = trace_id;
    story.reason = model::Reason::target_connection_refused;
    story.attempts.emplace_back().target = "t:1";
    book.keep(story);
  }
  void waited(std::string_view trace_id, Duration at) {
    Story story;
    story.time = noon + at / 1us * 1us;
    story.trace_id = trace_id;
    story.waited = 10ms;
    story.attempts.emplace_back().target = "t:1";
    book.keep(story);
  }
  // Asked when ten seconds have passed on both clocks.
  std::vector<std::string> found(StoryQuery::By by, std::string what, uint32_t most = 10) {
    std::vector<std::string> ids;
    for (const Story& story : book.find({by, std::move(what), most}, start + 10s, noon + 10s))
      ids.push_back(story.trace_id);
    return ids;
  }
  using Ids = std::vector<std::string>;
  StoryBook book;
};

TEST_F(StoryBookTest, finds_stories_of_every_kind_the_newest_first) {
  failed("Root=1", 1s);
  brief("Root=2", 2s);
  waited("Root=3", 3s);
  brief("Root=4", 4s, "t:2");
  failed("Root=5", 5s);
  using By = StoryQuery::By;
  EXPECT_EQ(found(By::target, "t:1"), (Ids{"Root=5", "Root=3", "Root=2", "Root=1"}));
  EXPECT_EQ(found(By::target, "t:1", 2), (Ids{"Root=5", "Root=3"}));
  EXPECT_EQ(found(By::target, "t:2"), Ids{"Root=4"});
  EXPECT_EQ(found(By::target, "t:3"), Ids{});
  EXPECT_EQ(found(By::errors, ""), (Ids{"Root=5", "Root=1"}));
  EXPECT_EQ(found(By::errors, "", 1), Ids{"Root=5"});
  EXPECT_EQ(found(By::trace_id, "2"), Ids{"Root=2"});
  EXPECT_EQ(found(By::trace_id, "3"), Ids{"Root=3"});
  EXPECT_EQ(found(By::trace_id, "9"), Ids{});
}

TEST_F(StoryBookTest, a_brief_story_tells_all_that_it_knows) {
  brief("Root=2", 2s);
  const auto stories = book.find({StoryQuery::By::trace_id, "2", 1}, start + 10s, noon + 10s);
  ASSERT_EQ(stories.size(), 1u);
  const Story& story = stories[0];
  EXPECT_EQ(story.time, noon + 2s);
  EXPECT_EQ(story.method, "GET");
  EXPECT_EQ(story.path, "/a?b");
  EXPECT_EQ(story.total, 30ms);
  EXPECT_EQ(story.request, 10ms);
  EXPECT_EQ(story.target, 15ms);
  EXPECT_EQ(story.response, 5ms);
  ASSERT_EQ(story.attempts.size(), 1u);
  EXPECT_EQ(story.attempts[0].target, "t:1");
  EXPECT_EQ(story.attempts[0].connection, model::Attempt::Connection::reused);
  EXPECT_EQ(story.attempts[0].requests, 7u);
}

TEST_F(StoryBookTest, a_request_that_went_to_no_target_has_no_attempt) {
  book.brief().ended = start;
  const auto stories = book.find({StoryQuery::By::target, "", 1}, start, noon);
  ASSERT_EQ(stories.size(), 1u);
  EXPECT_TRUE(stories[0].attempts.empty());
  EXPECT_LT(stories[0].target, Duration{});
}

TEST_F(StoryBookTest, long_texts_are_cut) {
  brief(std::string(200, 'x'), 1s, std::string(300, 't'));
  const auto stories =
      book.find({StoryQuery::By::target, std::string(48, 't'), 1}, start + 10s, noon + 10s);
  ASSERT_EQ(stories.size(), 1u);
  EXPECT_EQ(stories[0].trace_id, std::string(96, 'x'));
}

TEST_F(StoryBookTest, errors_outlive_others) {
  failed("Root=error", 0s);
  for (size_t i = 0; i < 2 * model::limits::stories_of_others_max; ++i) brief("Root=x", 1s);
  EXPECT_EQ(found(StoryQuery::By::trace_id, "error"), Ids{"Root=error"});
  const model::StoriesKept kept = book.kept(start + 10s, noon + 10s);
  EXPECT_EQ(kept.errors.kept, 1u);
  EXPECT_EQ(kept.errors.oldest, noon);
  EXPECT_EQ(kept.detours.kept, 0u);
  EXPECT_EQ(kept.others.kept, model::limits::stories_of_others_max);
  EXPECT_EQ(kept.others.most, model::limits::stories_of_others_max);
  EXPECT_EQ(kept.others.oldest, noon + 1s);
}

}  // namespace
}  // namespace daruma::proxy
