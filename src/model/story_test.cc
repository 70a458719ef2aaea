// SPDX-License-Identifier: Apache-2.0
#include "model/story.h"

#include <gtest/gtest.h>

namespace daruma::model {
namespace {

TEST(Story, is_found_by_each_id_in_its_trace) {
  struct Row {
    const char* trace_id;
    const char* asked;
    bool named;
  };
  const Row rows[] = {
      {"Root=1-67891233-abc", "1-67891233-abc", true},
      {"Root=1-67891233-abc", "Root=1-67891233-abc", true},
      {"Self=1-2-b;Root=1-1-a", "1-1-a", true},
      {"Self=1-2-b;Root=1-1-a", "1-2-b", true},
      {"Self=1-2-b;Root=1-1-a", "Self=1-2-b", true},
      {"Self=1-2-b;Root=1-1-a", "Self=1-2-b;Root=1-1-a", true},
      {"Root=1-1-a;User=7", "7", false},
      {"Root=1-1-a", "1-1", false},
      {"Root=1-1-a", "", false},
      {"", "", false},
      {"", "1-1-a", false},
      {"Root=", "", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(names_trace(row.trace_id, row.asked), row.named)
        << row.trace_id << " asked for " << row.asked;
  }
}

TEST(Story, is_an_error_if_daruma_gave_a_reason_or_the_target_failed) {
  Story story;
  story.status = 404;
  EXPECT_FALSE(story.is_error());
  story.status = 500;
  EXPECT_TRUE(story.is_error());
  story.status = 200;
  story.reason = Reason::client_closed;
  EXPECT_TRUE(story.is_error());
}

}  // namespace
}  // namespace daruma::model
