// SPDX-License-Identifier: Apache-2.0
#include "app/origin_answer.h"

#include <gtest/gtest.h>

namespace daruma::app {
namespace {

using Body = OriginAnswer::Body;
using Ending = OriginAnswer::Ending;
using http::Framing;

OriginAnswer ask(std::string_view target, const OriginOptions& options = {}) {
  Random random(1);
  return answer_for(target, options, random);
}

TEST(OriginAnswer, each_path_does_what_it_says) {
  struct Case {
    std::string_view target;
    int status;
    Body body;
    uint64_t bytes;
    Framing framing;
    Ending ending;
  };
  const Case cases[] = {
      {"/", 200, Body::echo, 0, Framing::length, Ending::complete},
      {"/any/path?with=query", 200, Body::echo, 0, Framing::length, Ending::complete},
      {"/health", 200, Body::echo, 0, Framing::length, Ending::complete},
      {"/status/404", 404, Body::echo, 0, Framing::length, Ending::complete},
      {"/status/404?x", 404, Body::echo, 0, Framing::length, Ending::complete},
      {"/status/204", 204, Body::none, 0, Framing::none, Ending::complete},
      {"/status/304", 304, Body::none, 0, Framing::none, Ending::complete},
      {"/bytes/7", 200, Body::letters, 7, Framing::length, Ending::complete},
      {"/chunked/7", 200, Body::letters, 7, Framing::chunked, Ending::complete},
      {"/until-close/7", 200, Body::letters, 7, Framing::until_close, Ending::complete},
      {"/truncated/7", 200, Body::letters, 7, Framing::length, Ending::truncated},
      {"/close", 200, Body::echo, 0, Framing::length, Ending::close_unanswered},
      {"/reset", 200, Body::echo, 0, Framing::length, Ending::reset_unanswered},
      {"/status/99", 400, Body::echo, 0, Framing::length, Ending::complete},
      {"/status/600", 400, Body::echo, 0, Framing::length, Ending::complete},
      {"/bytes/", 400, Body::echo, 0, Framing::length, Ending::complete},
      {"/bytes/-1", 400, Body::echo, 0, Framing::length, Ending::complete},
      {"/bytes/99999999999999", 400, Body::echo, 0, Framing::length, Ending::complete},
      {"/slow/x", 400, Body::echo, 0, Framing::length, Ending::complete},
  };
  for (const Case& c : cases) {
    const OriginAnswer answer = ask(c.target);
    EXPECT_EQ(answer.status, c.status) << c.target;
    EXPECT_EQ(answer.body, c.body) << c.target;
    EXPECT_EQ(answer.body_bytes, c.bytes) << c.target;
    EXPECT_EQ(answer.framing, c.framing) << c.target;
    EXPECT_EQ(answer.ending, c.ending) << c.target;
  }
}

TEST(OriginAnswer, a_cookie_is_set_under_the_name_that_is_asked_for) {
  EXPECT_EQ(ask("/cookie/session?x").cookie, "session");
  EXPECT_EQ(ask("/cookie/session").status, 200);
  EXPECT_EQ(ask("/").cookie, "");
  EXPECT_EQ(ask("/cookie/").status, 400);
  EXPECT_EQ(ask("/cookie/a=b").status, 400);
}

TEST(OriginAnswer, slow_adds_to_the_usual_delay) {
  const OriginOptions options{.delay_min = 10ms, .delay_max = 10ms};
  EXPECT_EQ(ask("/", options).delay, 10ms);
  EXPECT_EQ(ask("/slow/250", options).delay, 260ms);
  EXPECT_EQ(ask("/slow/250").delay, 250ms);
}

TEST(OriginAnswer, delays_fill_their_range) {
  const OriginOptions options{.delay_min = 50ms, .delay_max = 200ms};
  Random random(7);
  Duration least = 1h;
  Duration most{};
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = answer_for("/", options, random).delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 50ms);
  EXPECT_LT(least, 55ms);
  EXPECT_GT(most, 195ms);
  EXPECT_LE(most, 200ms);
}

TEST(OriginAnswer, options_shape_the_usual_answer_but_not_the_health_check) {
  const OriginOptions options{.delay_min = 1s,
                              .delay_max = 1s,
                              .status = 503,
                              .body_bytes = 9,
                              .health_delay = 20ms,
                              .health_status = 201};
  const OriginAnswer usual = ask("/x", options);
  EXPECT_EQ(usual.status, 503);
  EXPECT_EQ(usual.body, Body::letters);
  EXPECT_EQ(usual.body_bytes, 9u);
  const OriginAnswer health = ask("/health", options);
  EXPECT_EQ(health.status, 201);
  EXPECT_EQ(health.delay, 20ms);
  EXPECT_EQ(health.body, Body::echo);
}

}  // namespace
}  // namespace daruma::app
