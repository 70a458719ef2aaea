// SPDX-License-Identifier: Apache-2.0
#include "control/advice.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace daruma::control {
namespace {

using model::ServerKind;

TargetEvidence of(ServerKind server) {
  TargetEvidence evidence;
  evidence.target_group = "app";
  evidence.target = "127.0.0.2:8443";
  evidence.server = server;
  evidence.idle_timeout = 60s;
  return evidence;
}

TargetEvidence closing_after(ServerKind server, uint64_t requests) {
  TargetEvidence evidence = of(server);
  evidence.requests_per_connection = requests;
  evidence.requests = 490;
  evidence.handshakes = 100;
  evidence.handshake_time = 71s;
  evidence.connection_time = 100s;
  return evidence;
}

TargetEvidence idle_for(ServerKind server, Duration limit) {
  TargetEvidence evidence = of(server);
  evidence.idle_limit = limit;
  return evidence;
}

TargetEvidence serving(ServerKind server, uint32_t limit, double offered, double turned_away) {
  TargetEvidence evidence = of(server);
  evidence.learned_limit = limit;
  evidence.offered_per_second = offered;
  evidence.turned_away_per_second = turned_away;
  return evidence;
}

TEST(Advice, names_the_directive_and_the_evidence) {
  struct Row {
    TargetEvidence evidence;
    const char* text;
  };
  TargetEvidence plain = closing_after(ServerKind::other, 5);
  plain.handshakes = 0;
  plain.handshake_time = {};
  const Row rows[] = {
      {closing_after(ServerKind::apache, 5),
       "Apache at 127.0.0.2:8443 closes each connection after 5 requests (MaxKeepAliveRequests 4): "
       "71 % of its connections' life is TLS negotiation, one handshake for 4.9 requests; raise it "
       "to 1000 or more."},
      {closing_after(ServerKind::nginx, 1000),
       "nginx at 127.0.0.2:8443 closes each connection after 1000 requests (keepalive_requests "
       "1000): 71 % of its connections' life is TLS negotiation, one handshake for 4.9 requests; "
       "raise it."},
      {closing_after(ServerKind::apache, 1),
       "Apache at 127.0.0.2:8443 closes each connection after 1 request (KeepAlive Off): 71 % of "
       "its connections' life is TLS negotiation, one handshake for 4.9 requests; turn keep-alive "
       "on."},
      {plain,
       "The server at 127.0.0.2:8443 closes each connection after 5 requests (its requests per "
       "connection: 5); raise it to 1000 or more."},
      {idle_for(ServerKind::apache, 5s),
       "Apache at 127.0.0.2:8443 closes connections that were idle for 5.0 s (KeepAliveTimeout 5), "
       "below the load balancer's idle timeout of 60 s: connections are opened anew, and a request "
       "may meet the closing; raise it above that, to 65 s."},
      {idle_for(ServerKind::nginx, 60s),
       "nginx at 127.0.0.2:8443 closes connections that were idle for 60.0 s (keepalive_timeout "
       "60s), below the load balancer's idle timeout of 60 s: connections are opened anew, and a "
       "request may meet the closing; raise it above that, to 65 s."},
      {serving(ServerKind::apache, 20, 193, 112),
       "Apache at 127.0.0.2:8443 serves at most 20 connections at once (MaxRequestWorkers 20?): at "
       "the worst time of the last hour 112 of 193 requests/s to target group app were turned "
       "away; about 48 would have carried them."},
      {serving(ServerKind::unknown, 2, 50, 50),
       "The server at 127.0.0.2:8443 serves at most 2 connections at once (its number of "
       "workers?): at the worst time of the last hour 50 of 50 requests/s to target group app were "
       "turned away."},
  };
  for (const Row& row : rows) {
    const std::vector<Advice> advice = advice_from(row.evidence);
    ASSERT_EQ(advice.size(), 1u) << row.text;
    EXPECT_EQ(advice[0].text, row.text);
    EXPECT_EQ(advice[0].target, "127.0.0.2:8443");
  }
}

TEST(Advice, what_the_server_tells_is_known_and_not_guessed) {
  TargetEvidence evidence = serving(ServerKind::unknown, 3, 193, 112);  // ServerTokens hidden
  evidence.status.latest = evidence.status.fullest = *model::parse_scoreboard(
      "BusyWorkers: 20\nIdleWorkers: 0\nScoreboard: WWWWWWWWWWWWKKKKKKKK\n");
  evidence.status.at = evidence.status.full_at = Instant{1s};
  evidence.status.workers_most = 20;
  const std::vector<Advice> advice = advice_from(evidence);
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_EQ(advice[0].text,
            "Apache at 127.0.0.2:8443 serves at most 20 connections at once (MaxRequestWorkers 20, "
            "as its scoreboard shows): at the worst time of the last hour 112 of 193 requests/s to "
            "target group app were turned away; about 48 would have carried them. When it told of "
            "itself: all 20 workers busy: 12 sending, 8 in keep-alive.");
  evidence.learned_limit = 0;  // no worker has met it yet
  EXPECT_EQ(advice_from(evidence).size(), 1u);
}

TEST(Advice, nothing_is_said_without_need) {
  TargetEvidence cheap = closing_after(ServerKind::nginx, 1000);
  cheap.handshake_time = 1s;
  const TargetEvidence rows[] = {of(ServerKind::apache), cheap, idle_for(ServerKind::nginx, 75s),
                                 serving(ServerKind::apache, 20, 80, 0),
                                 serving(ServerKind::apache, 0, 80, 10)};
  for (const TargetEvidence& evidence : rows) EXPECT_TRUE(advice_from(evidence).empty());
}

TEST(Advice, is_written_for_people_and_for_programs) {
  EXPECT_EQ(text_of(std::vector<Advice>{}),
            "Nothing to advise: no target shows what would have to be changed.\n");
  const auto advice = advice_from(idle_for(ServerKind::apache, 5s));
  EXPECT_EQ(text_of(advice), "app: " + advice[0].text + "\n");
  const auto json = nlohmann::json::parse(json_of(advice));
  EXPECT_EQ(json["advice"][0]["target_group"], "app");
  EXPECT_EQ(json["advice"][0]["advice"], "raise_keep_alive_timeout");
  EXPECT_EQ(json["advice"][0]["text"], advice[0].text);
}

}  // namespace
}  // namespace daruma::control
