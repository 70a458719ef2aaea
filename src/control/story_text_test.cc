// SPDX-License-Identifier: Apache-2.0
#include "control/story_text.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "control/verdict.h"

namespace daruma::control {
namespace {

using model::Attempt;
using model::Candidate;
using model::Reason;
using model::Story;
using model::StoryQuery;

Story answered() {
  Story story;
  story.time = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 2min + 345us;
  story.trace_id = "Root=1-2-3";
  story.client = "192.0.2.7:51514";
  story.load_balancer = "web";
  story.listener = 443;
  story.method = "GET";
  story.host = "app.test";
  story.path = "/cart?x=1";
  story.rule_priority = 10;
  story.target_group = "app";
  story.status = story.target_status = 200;
  story.total = 30ms;
  story.request = 500us;
  story.target = 29ms;
  story.response = 500us;
  Attempt& attempt = story.attempts.emplace_back();
  attempt.target = "127.0.0.2:80";
  attempt.connection = Attempt::Connection::reused;
  attempt.age = 4s;
  attempt.requests = 3;
  return story;
}

// The first target refused, the second one was full.
Story refused() {
  Story story = answered();
  story.status = 502;
  story.target_status = 0;
  story.reason = Reason::target_connection_refused;
  story.target = story.response = story.request = Duration(-1);
  story.rule_priority = 0;
  story.attempts[0] = {};
  Attempt& attempt = story.attempts[0];
  attempt.target = "127.0.0.2:80";
  attempt.reason = Reason::target_connection_refused;
  attempt.connection = Attempt::Connection::opened;
  attempt.age = 400us;
  attempt.load.in_flight = 1;
  attempt.probes = {{model::ProbeOutcome::connect_refused, 1200ms},
                    {model::ProbeOutcome::passed, 6200ms}};
  Candidate candidate;
  candidate.target = "127.0.0.2:80";
  candidate.health = model::HealthState::healthy;
  candidate.standing = Candidate::Standing::failing;
  candidate.failures_in_a_row = 4;
  story.candidates.push_back(candidate);
  candidate.target = "127.0.0.3:80";
  candidate.standing = Candidate::Standing::full;
  candidate.failures_in_a_row = 0;
  candidate.load = {.connections = 21, .in_flight = 20, .learned_limit = 20, .full = true};
  candidate.probes = {{model::ProbeOutcome::tls_timeout, 2s}};
  story.candidates.push_back(candidate);
  candidate = {};
  candidate.target = "127.0.0.4:80";
  candidate.health = model::HealthState::healthy;
  candidate.standing = Candidate::Standing::failing;
  story.candidates.push_back(candidate);
  story.waited = 120ms;
  story.waiting = 5;
  return story;
}

TEST(StoryText, tells_a_request_that_was_answered) {
  EXPECT_EQ(text_of(answered()),
            "GET app.test/cart?x=1\n"
            "  200 at 2026-10-03T12:02:00.000345Z, after 30.0 ms\n"
            "  The target answered 200.\n"
            "\n"
            "  trace id    Root=1-2-3\n"
            "  client      192.0.2.7:51514, to load balancer web, port 443\n"
            "  rule        priority 10, to target group app\n"
            "  attempt 1   127.0.0.2:80: request 3 on a connection 4.00 s old; it answered\n"
            "  time        500 µs until it was sent, 29.0 ms until the target's answer, 500 µs for "
            "its body\n"
            "  bytes       0 from the client, 0 to it\n");
}

TEST(StoryText, tells_a_request_that_failed) {
  EXPECT_EQ(
      text_of(refused()),
      "GET app.test/cart?x=1\n"
      "  502 at 2026-10-03T12:02:00.000345Z, after 30.0 ms\n"
      "  The target refused the TCP connection (127.0.0.2:80, over a new connection). Nothing "
      "listens there: is the server running, and on that address and port?\n"
      "\n"
      "  reason      target_connection_refused\n"
      "  trace id    Root=1-2-3\n"
      "  client      192.0.2.7:51514, to load balancer web, port 443\n"
      "  rule        the default rule, to target group app\n"
      "  candidate   127.0.0.2:80: healthy, not chosen: its last 4 requests failed; asked now and "
      "then; 0 connections, 0 requests in flight\n"
      "  candidate   127.0.0.3:80: healthy, not chosen: full; 21 connections, 20 requests in "
      "flight, served at most 20, full; health checks: tls_timeout 2.00 s before\n"
      "  candidate   127.0.0.4:80: healthy, not chosen: it is silent, nothing has come from it "
      "lately; asked now and then; 0 connections, 0 requests in flight\n"
      "  wait        120.0 ms in the group's line; 5 others in it at the end\n"
      "  attempt 1   127.0.0.2:80: new connection: not connected after 400 µs; "
      "target_connection_refused (the target refused the TCP connection); 0 bytes sent, 0 "
      "received; 0 connections, 1 requests in flight; health checks: connect_refused 1.20 s "
      "before, passed 6.20 s before\n"
      "  time        - until it was sent, - until the target's answer, - for its body\n"
      "  bytes       0 from the client, 0 to it\n");
}

TEST(StoryText, what_a_client_sent_does_nothing_to_a_terminal) {
  Story story = answered();
  story.path = "/\x1b[2J\xff";
  story.trace_id = "Root=\x07";
  const std::string text = text_of(story);
  EXPECT_NE(text.find("/\\x1b[2J\\xff\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Root=\\x07\n"), std::string::npos) << text;
}

TEST(StoryText, nothing_found_says_how_long_stories_are_kept) {
  Findings findings{.query = {StoryQuery::By::trace_id, "1-2-3", 10},
                    .stories = {},
                    .kept = {.errors = {0, 2048, {}},
                             .detours = {3, 512, answered().time},
                             .others = {8192, 8192, answered().time}},
                    .workers = 2,
                    .workers_answered = 1};
  EXPECT_EQ(text_of(findings),
            "No story of a request with the trace id 1-2-3.\n"
            "Stories are kept until newer ones need their place. Kept now, by this node:\n"
            "  0 of at most 2048 that failed\n"
            "  3 of at most 512 that waited or were sent twice, back to "
            "2026-10-03T12:02:00.000345Z\n"
            "  8192 of at most 8192 others, back to 2026-10-03T12:02:00.000345Z\n"
            "1 of 2 workers did not answer in time.\n");
}

TEST(StoryText, json_has_the_same) {
  Findings findings{
      .query = {}, .stories = {refused()}, .kept = {}, .workers = 2, .workers_answered = 2};
  findings.stories[0].path = "/\xff";
  findings.kept.errors = {1, 2048, answered().time};
  const auto json = nlohmann::json::parse(json_of(findings));
  EXPECT_EQ(json["workers"], 2);
  EXPECT_EQ(json["kept"]["errors"]["most"], 2048);
  EXPECT_EQ(json["kept"]["errors"]["oldest"], "2026-10-03T12:02:00.000345Z");
  EXPECT_TRUE(json["kept"]["others"]["oldest"].is_null());
  const auto& story = json["stories"][0];
  EXPECT_EQ(story["time"], "2026-10-03T12:02:00.000345Z");
  EXPECT_EQ(story["path"], "/\xEF\xBF\xBD");
  EXPECT_EQ(story["reason"], "target_connection_refused");
  EXPECT_EQ(story["rule_priority"], 0);
  EXPECT_TRUE(story["target_seconds"].is_null());
  EXPECT_DOUBLE_EQ(story["total_seconds"], 0.03);
  EXPECT_DOUBLE_EQ(story["waited_seconds"], 0.12);
  EXPECT_EQ(story["candidates"][1]["standing"], "full");
  EXPECT_EQ(story["candidates"][1]["load"]["learned_limit"], 20);
  const nlohmann::json probe = story["candidates"][1]["probes"][0];
  EXPECT_EQ(probe["outcome"], "tls_timeout");
  EXPECT_EQ(probe["seconds_before"], 2.0);
  EXPECT_EQ(story["attempts"][0]["connection"], "opened");
  EXPECT_TRUE(story["attempts"][0]["connect_seconds"].is_null());
  EXPECT_EQ(story["verdict"], verdict_of(refused()));
}

TEST(Verdict, names_whose_doing_it_was) {
  struct Row {
    std::function<void(Story&)> change;
    const char* verdict;
  };
  const Row rows[] = {
      {[](Story&) {}, "The target answered 200."},
      {[](Story& s) { s.status = s.target_status = 500; },
       "The target answered 500; it is the target's own answer, and Daruma passed it on: look at "
       "the target's log."},
      {[](Story& s) { s.attempts.push_back(s.attempts[0]); },
       "The target answered 200, at attempt 2: the client noticed nothing but the time."},
      {[](Story& s) {
         s.target_status = 0;
         s.status = 301;
       },
       "A rule's own action answered 301; no target was asked."},
      {[](Story& s) { s.reason = s.attempts[0].reason = Reason::target_closed_before_response; },
       "The target closed the connection before a response (127.0.0.2:80, over a connection 4.00 s "
       "old that carried its request number 3). On a reused connection: the server's keep-alive "
       "timeout is shorter than this node's idle timeout. On a new one: its process died or "
       "refuses this request."},
      {[](Story& s) {
         s = refused();
         s.reason = Reason::target_group_saturated;
       },
       "Every target is full and none came free in time: of 3 targets 1 were full, 0 not healthy, "
       "2 failing; it waited 120.0 ms. The load is more than the targets can take: add targets, or "
       "give them more workers (`daruma advise`)."},
      {[](Story& s) {
         s.attempts.clear();
         s.reason = Reason::node_stopping;
       },
       "This node was stopped before the response."},
  };
  for (const Row& row : rows) {
    Story story = answered();
    row.change(story);
    EXPECT_EQ(verdict_of(story), row.verdict);
  }
}

TEST(Verdict, every_reason_has_one) {
  for (int i = 0; i < model::reason_count; ++i) {
    Story story;
    story.reason = static_cast<Reason>(i);
    const std::string verdict = verdict_of(story);
    EXPECT_TRUE(verdict.ends_with('.') || verdict.ends_with('?')) << verdict;
  }
}

TEST(Verdict, durations_are_for_people) {
  const std::pair<Duration, const char*> rows[] = {
      {Duration(-1), "-"},   {0ns, "0 µs"},      {999us, "999 µs"}, {1ms, "1.0 ms"},
      {12'345us, "12.3 ms"}, {1500ms, "1.50 s"}, {90s, "90.00 s"}};
  for (const auto& [duration, text] : rows) EXPECT_EQ(text_of(duration), text);
}

}  // namespace
}  // namespace daruma::control
