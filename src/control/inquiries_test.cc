// SPDX-License-Identifier: Apache-2.0
#include "control/inquiries.h"

#include <gtest/gtest.h>

#include <optional>

#include "control/letter_loop_for_test.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

using model::Story;
using model::StoryQuery;

struct FakeWorker final : io::Mailbox<model::WorkerLetter>::Reader {
  void on_letter(model::WorkerLetter letter) override {
    if (const auto* inquiry = std::get_if<model::InquiryLetter>(&letter)) asked.push_back(*inquiry);
  }
  std::vector<model::InquiryLetter> asked;
};

Story story_at(int second) {
  Story story;
  story.time = WallTime{std::chrono::seconds(second)};
  return story;
}

struct InquiriesTest : testing::Test {
  InquiriesTest() { publisher.connect({&first_mailbox, &second_mailbox}, nullptr); }
  void ask(uint32_t most = 10) {
    inquiries.ask({StoryQuery::By::errors, "", most},
                  [this](const Findings& findings) { found = findings; });
    loop.settle();
  }
  void answer(uint32_t worker, std::vector<Story> stories, model::StoriesKept kept = {}) {
    inquiries.on_answer({worker, first.asked.back().number, std::move(stories), kept});
    loop.settle();
  }
  LetterLoop loop;
  FakeWorker first;
  FakeWorker second;
  io::Mailbox<model::WorkerLetter> first_mailbox{loop, first};
  io::Mailbox<model::WorkerLetter> second_mailbox{loop, second};
  Publisher publisher;
  Inquiries inquiries{loop, publisher};
  std::optional<Findings> found;
};

TEST_F(InquiriesTest, asks_every_worker_and_puts_the_answers_in_order) {
  ask(3);
  ASSERT_EQ(first.asked.size(), 1u);
  ASSERT_EQ(second.asked.size(), 1u);
  EXPECT_EQ(second.asked[0].query.most, 3u);
  answer(0, {story_at(5), story_at(2)});
  EXPECT_FALSE(found);
  answer(1, {story_at(4), story_at(3)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->stories.size(), 3u);
  EXPECT_EQ(found->stories[0].time, story_at(5).time);
  EXPECT_EQ(found->stories[1].time, story_at(4).time);
  EXPECT_EQ(found->stories[2].time, story_at(3).time);
  EXPECT_EQ(found->workers_answered, 2u);
}

TEST_F(InquiriesTest, is_remembered_as_far_back_as_by_the_worker_that_forgets_first) {
  ask();
  answer(0, {}, {.errors = {2, 5, WallTime{10s}}, .detours = {1, 5, WallTime{9s}}, .others = {}});
  answer(1, {}, {.errors = {3, 5, WallTime{20s}}, .detours = {0, 5, {}}, .others = {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kept.errors.kept, 5u);
  EXPECT_EQ(found->kept.errors.most, 10u);
  EXPECT_EQ(found->kept.errors.oldest, WallTime{20s});
  EXPECT_EQ(found->kept.detours.kept, 1u);
  EXPECT_EQ(found->kept.detours.oldest, WallTime{9s});
}

TEST_F(InquiriesTest, a_worker_that_does_not_answer_is_not_waited_for) {
  ask();
  answer(0, {story_at(1)});
  loop.run_for(model::limits::inquiry_timeout - 1ms);
  EXPECT_FALSE(found);
  loop.run_for(2ms);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stories.size(), 1u);
  EXPECT_EQ(found->workers, 2u);
  EXPECT_EQ(found->workers_answered, 1u);
  found.reset();
  answer(1, {});  // too late
  EXPECT_FALSE(found);
}

}  // namespace
}  // namespace daruma::control
