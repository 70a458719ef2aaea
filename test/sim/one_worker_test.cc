// SPDX-License-Identifier: Apache-2.0
//
// What one worker does where it has to be told exactly: byte by byte, turn by turn.
#include "sim/one_worker.h"

#include <gtest/gtest.h>

#include "model/limits.h"
#include "proxy/keep_alive_habits.h"
#include "tls/self_signed.h"
#include "transport/secure_socket.h"

namespace daruma::sim {
namespace {

// Of one listener at most: "" if there is none.
std::string problem_of(const model::AdoptedLetter& letter) {
  EXPECT_LE(letter.problems.size(), 1u);
  return letter.problems.empty() ? "" : letter.problems.front().to_text();
}

size_t count(std::string_view text, std::string_view what) {
  size_t times = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

// A turn may have an event of a connection, and what the turn before put off.
constexpr uint64_t turn_bytes_most = 2 * (model::limits::relay_turn_bytes_max + Buffer::size_max());

TEST(OneWorker, relays) {
  OneWorker run;
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return !client.heard.empty(); }));
  EXPECT_EQ(client.heard, run.target_says);
  EXPECT_EQ(run.log_lines.size(), 1u);
}

TEST(OneWorker, shows_the_buffers_in_use_now) {
  OneWorker run;
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\n");
  run.run_for(10ms);
  EXPECT_EQ(run.slabs_outstanding(), 1);
  client.say("Host: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return !client.heard.empty(); }));
  EXPECT_EQ(run.slabs_outstanding(), 0) << "though the connection is open";
}

// A target that closes each connection after its third request, and says nothing of it before.
class TargetThatCloses : public testing::Test {
 protected:
  void ask() {
    client_.heard.clear();
    client_.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(run_.run_until([&] { return client_.heard == run_.target_says; }));
  }
  void learn() {
    for (uint64_t times = 1; times <= proxy::KeepAliveHabits::times_to_learn; ++times) {
      for (int i = 0; i < 3; ++i) ask();
      ASSERT_EQ(connections(), times);
      run_.target_connections.back()->say_no_more();
      run_.run_for(1s);
    }
  }
  size_t connections() const { return run_.target_connections.size(); }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(TargetThatCloses, is_left_before_it_does) {
  learn();
  const size_t before = connections();
  for (int i = 0; i < 3; ++i) ask();
  EXPECT_EQ(connections(), before + 1);
  ask();  // the third one is still open at the target's side
  EXPECT_EQ(connections(), before + 2);
}

TEST_F(TargetThatCloses, is_tried_again_in_case_that_it_does_no_longer) {
  learn();
  const size_t before = connections();
  constexpr int asked = 3 * (proxy::KeepAliveHabits::trial_interval + 1);
  for (int i = 0; i < asked; ++i) ask();
  const size_t after = connections();
  EXPECT_LE(after, before + proxy::KeepAliveHabits::trial_interval);
  for (int i = 0; i < asked; ++i) ask();
  EXPECT_EQ(connections(), after);
}

TEST(OneWorker, fast_download_shares_the_loop) {
  OneWorker run;
  const std::string body(8 * 1024 * 1024, 'x');
  run.target_says =
      "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return client.heard.size() >= run.target_says.size(); }));
  EXPECT_EQ(client.heard, run.target_says);
  EXPECT_LT(run.bytes_per_turn_most, turn_bytes_most);
}

TEST(OneWorker, fast_upload_shares_the_loop) {
  OneWorker run;
  const std::string body(8 * 1024 * 1024, 'x');
  Peer& client = run.connect();
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body);
  ASSERT_TRUE(run.run_until([&] {
    return !run.target_connections.empty() &&
           run.target_connections[0]->heard.size() == body.size();
  }));
  EXPECT_LT(run.bytes_per_turn_most, turn_bytes_most);
}

TEST(OneWorker, pipelined_requests_share_the_loop) {
  OneWorker run;
  run.answer_at("/own", {.status = 200, .content_type = "text/plain", .body = "own"});
  run.publish();
  run.run_for(10ms);
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "GET /own HTTP/1.1\r\nHost: a\r\n\r\n";
  Peer& client = run.connect();
  client.say(requests);
  ASSERT_TRUE(run.run_until([&] { return count(client.heard, "HTTP/1.1 200 OK") == 500; }));
  EXPECT_LT(run.bytes_per_turn_most, client.heard.size() / 100);
}

// A client that takes its answer slowly, over a socket that has long accepted all of it.
class SlowClient : public testing::Test {
 protected:
  static constexpr size_t body_bytes = 60'000;
  SlowClient() {
    NetworkFaults narrow = calm_network();
    narrow.socket_bytes = 4096;
    run_.network.set_faults(narrow);
    run_.keep_output(66'000);
    run_.target_says = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body_bytes) +
                       "\r\n\r\n" + std::string(body_bytes, 'x');
    run_.balancer().idle_timeout = 20s;
    run_.publish();
  }
  // The whole answer is accepted, and the client has heard nothing of it.
  Peer& ask(const std::string& connection) {
    Peer& client = run_.connect();
    client.listen(false);
    client.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: " + connection + "\r\n\r\n");
    EXPECT_TRUE(run_.run_until([&] { return !run_.log_lines.empty(); }));
    return client;
  }
  // Some 4 KB every eight seconds.
  void hear_slowly(Peer& client) {
    for (int i = 0; i < 40 && !client.ended && !client.reset; ++i) {
      client.listen(true);
      client.listen(false);
      run_.run_for(8s);
    }
    client.listen(true);
    run_.run_for(1s);
  }
  OneWorker run_;
};

TEST_F(SlowClient, hears_the_end_of_an_answer_after_which_the_connection_closes) {
  Peer& client = ask("close");
  hear_slowly(client);
  EXPECT_GT(client.heard.size(), body_bytes);
  EXPECT_TRUE(client.ended);
}

TEST_F(SlowClient, hears_the_end_though_it_says_no_more_itself) {
  Peer& client = ask("close");
  client.say_no_more();
  hear_slowly(client);
  EXPECT_GT(client.heard.size(), body_bytes);
}

TEST_F(SlowClient, is_not_idle_while_it_takes_its_answer) {
  Peer& client = ask("keep-alive");
  hear_slowly(client);
  EXPECT_GT(client.heard.size(), body_bytes);
}

TEST_F(SlowClient, hears_the_end_while_the_node_drains) {
  Peer& client = ask("keep-alive");
  run_.post(model::DrainLetter{3600s});
  hear_slowly(client);
  EXPECT_GT(client.heard.size(), body_bytes);
  EXPECT_TRUE(client.ended);
}

// The socket has accepted a part of the answer and can be written to again when half of that has
// gone, which takes longer than the idle timeout.
TEST_F(SlowClient, is_not_idle_in_the_middle_of_a_large_answer) {
  constexpr size_t large = 300'000;
  run_.target_says = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n" +
                     std::string(large, 'x');
  Peer& client = run_.connect();
  client.listen(false);
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(1s);
  hear_slowly(client);
  EXPECT_TRUE(run_.run_until([&] { return client.heard.size() > large; }));
}

// What had been accepted of the first answer, and counted as said, is not taken back.
TEST_F(SlowClient, hears_all_of_an_answer_though_the_next_one_breaks_off) {
  Peer& client = ask("keep-alive");
  run_.target_says = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc";
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(100ms);
  run_.target_connections.back()->say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return run_.log_lines.size() == 2; }));
  EXPECT_NE(run_.log_lines.back().find("target_response_truncated"), std::string::npos);
  hear_slowly(client);
  EXPECT_EQ(count(client.heard, "HTTP/1.1 200 OK"), 2u);
  EXPECT_TRUE(client.heard.ends_with("abc"));
  EXPECT_GT(client.heard.size(), body_bytes);
  EXPECT_TRUE(client.ended);
}

TEST_F(SlowClient, that_takes_nothing_of_a_large_answer_is_closed_after_the_idle_timeout) {
  run_.target_says =
      "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x');
  Peer& client = run_.connect();
  client.listen(false);
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(19s);
  EXPECT_EQ(run_.worker->census().client_connections, 1u);
  run_.run_for(2s);
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
}

TEST_F(SlowClient, that_takes_nothing_is_closed_after_the_idle_timeout) {
  ask("close");
  run_.run_for(15s);
  EXPECT_EQ(run_.worker->census().client_connections, 1u);
  run_.run_for(10s);
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
}

// An answer that comes early and breaks off, to a client that is still sending.
class BrokenOff : public testing::Test {
 protected:
  // The client hears `answer`, what the target says before it closes; then it sends on.
  void break_off(const std::string& version, const std::string& answer) {
    run_.target_says = answer;
    client_.say("POST / " + version + "\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" +
                std::string(20'000, 'x'));
    EXPECT_TRUE(run_.run_until([&] { return client_.heard.ends_with("abc"); }));
    run_.target_connections.back()->say_no_more();
    EXPECT_TRUE(run_.run_until([&] { return run_.log_lines.size() == 1; }));
    client_.listen(false);
    for (int i = 0; i < 3; ++i) {
      client_.say(std::string(1000, 'y'));
      run_.run_for(10ms);
    }
    client_.listen(true);
    EXPECT_NE(run_.log_lines[0].find("target_response_truncated"), std::string::npos);
  }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(BrokenOff, is_followed_by_an_end_that_takes_nothing_away) {
  break_off("HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
  EXPECT_TRUE(client_.ended);
  EXPECT_FALSE(client_.reset);
  client_.hang_up();
  run_.run_for(100ms);
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
}

TEST_F(BrokenOff, is_followed_by_a_reset_where_an_end_would_make_it_whole) {
  break_off("HTTP/1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc");
  EXPECT_TRUE(client_.reset);
  EXPECT_FALSE(client_.ended);
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
}

// A request that had begun when its listener went is answered by the rules of then and the targets
// of now.
class ListenerGone : public testing::Test {
 protected:
  // Half a request is there; then neither listener nor, if so told, target is configured.
  void lose_listener() {
    run_.target_connections.clear();
    client_.say("GET / HTTP/1.1\r\n");
    run_.run_for(100ms);
    run_.balancer().listeners.clear();
    run_.publish();
    run_.run_for(100ms);
  }
  void end_request() {
    client_.say("Host: a\r\n\r\n");
    EXPECT_TRUE(run_.run_until([&] { return client_.ended; }));
  }
  void tell(const std::string& target, model::HealthState state) {
    model::HealthLetter letter;
    letter.target = {"group", target, 80};
    letter.health.state = state;
    run_.post(letter);
    run_.run_for(10ms);
  }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(ListenerGone, its_requests_reach_targets_that_are_registered) {
  lose_listener();
  end_request();
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(run_.target_connections.size(), 1u);
}

TEST_F(ListenerGone, its_requests_reach_no_target_that_is_deregistered) {
  run_.draft.target_groups[0].targets.clear();
  lose_listener();
  end_request();
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(run_.target_connections.size(), 0u);
  ASSERT_EQ(run_.log_lines.size(), 1u);
  EXPECT_NE(run_.log_lines[0].find("no_registered_targets"), std::string::npos);
  client_.hang_up();
  run_.run_for(100ms);
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
}

TEST_F(ListenerGone, all_its_requests_that_have_come_are_answered) {
  run_.target_says = "";
  client_.say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run_.run_until([&] { return run_.target_connections.size() == 1; }));
  // Begun while the connection may stay.
  run_.target_connections[0]->say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
  run_.run_for(100ms);
  run_.balancer().listeners.clear();
  run_.publish();
  run_.run_for(100ms);
  run_.target_says = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  run_.target_connections[0]->heard.clear();
  run_.target_connections[0]->say("k");
  EXPECT_TRUE(run_.run_until([&] { return client_.ended; }));
  EXPECT_EQ(count(client_.heard, "HTTP/1.1 200 OK"), 2u);
  EXPECT_EQ(count(client_.heard, "Connection: close"), 1u);
}

TEST_F(ListenerGone, its_requests_go_by_the_health_of_now) {
  std::vector<model::Target>& targets = run_.draft.target_groups[0].targets;
  targets.push_back(targets[0]);
  targets[1].key.id = "10.2.0.9";  // where nobody listens
  targets[1].addresses = {*Address::parse("10.2.0.9", 80)};
  run_.publish();
  tell("10.2.0.1", model::HealthState::unhealthy);
  tell("10.2.0.9", model::HealthState::healthy);
  lose_listener();
  tell("10.2.0.1", model::HealthState::healthy);
  tell("10.2.0.9", model::HealthState::unhealthy);
  end_request();
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 200 OK\r\n"));
}

model::Certificate good_certificate() {
  const std::string names[] = {"a"};
  const tls::CertifiedKey text = *tls::make_self_signed(names);
  return {.name = "good",
          .arn = "good",
          .chain_pem = text.chain_pem,
          .key_pem = text.key_pem,
          .fingerprint = "good"};
}

// No TLS context can be made of it.
model::Certificate bad_certificate() {
  return {.name = "bad", .arn = "bad", .chain_pem = "", .key_pem = "", .fingerprint = "bad"};
}

void publish_https(OneWorker& run, const model::Certificate& certificate) {
  run.draft.certificates = {certificate};
  model::Listener& listener = run.balancer().listeners.front();
  listener.protocol = model::Protocol::https;
  listener.certificates = {0};
  listener.ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
  run.publish();
  run.run_for(10ms);
}

class BadCertificate : public testing::Test {
 protected:
  static constexpr std::string_view plain_http_page =
      "400 The plain HTTP request was sent to HTTPS";
  // Whether the port speaks TLS.
  bool refuses_plain_http() {
    Peer& client = run_.connect();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_for(10ms);
    return client.heard.find(plain_http_page) != std::string::npos;
  }
  std::string problem() {
    for (auto letter = run_.letters.rbegin(); letter != run_.letters.rend(); ++letter) {
      if (const auto* adopted = std::get_if<model::AdoptedLetter>(&*letter))
        return problem_of(*adopted);
    }
    return "not adopted";
  }
  OneWorker run_;
};

TEST_F(BadCertificate, a_listener_that_has_no_others_is_closed_and_the_rest_is_adopted) {
  Peer& client = run_.connect();
  run_.run_for(10ms);
  publish_https(run_, bad_certificate());
  EXPECT_NE(problem().find("listener web:80: "), std::string::npos) << problem();
  EXPECT_NE(problem().find("; it is closed"), std::string::npos) << problem();
  EXPECT_TRUE(client.ended);
  EXPECT_FALSE(run_.network.listening(*Address::parse("10.1.0.1", 80)));
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);

  run_.balancer().listeners.front().protocol = model::Protocol::http;
  run_.publish();
  run_.run_for(10ms);
  EXPECT_EQ(problem(), "");
  EXPECT_TRUE(run_.network.listening(*Address::parse("10.1.0.1", 80)));
}

TEST_F(BadCertificate, a_listener_keeps_its_former_ones_and_goes_by_the_new_rules) {
  publish_https(run_, good_certificate());
  EXPECT_EQ(problem(), "");
  EXPECT_TRUE(refuses_plain_http());
  publish_https(run_, bad_certificate());
  EXPECT_NE(problem().find("; it keeps its former certificates"), std::string::npos) << problem();
  EXPECT_TRUE(refuses_plain_http());
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
}

// Clients over TLS that keep their sessions.
class Resumption : public testing::Test, private io::SocketHandler {
 protected:
  Resumption() { publish_https(run_, good_certificate()); }
  // Connects, asks, and says whether the last session was resumed.
  bool resumes() {
    heard_ = resumed_ = false;
    socket_ = transport::SecureSocket::connect(run_.outside(), transport_, *context_, &sessions_,
                                               *Address::parse("10.1.0.1", 80), "a", *this);
    EXPECT_TRUE(run_.run_until([this] { return heard_; }));
    socket_ = nullptr;
    return resumed_;
  }
  void rotate() {
    keys_ = tls::rotated(keys_);
    run_.post(model::TicketKeyLetter{keys_.current, keys_.previous});
    run_.run_for(10ms);
  }

 private:
  void on_connected() override {
    resumed_ = socket_->session().resumed();
    socket_->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  void on_readable() override {
    char bytes[1024];
    heard_ |= socket_->read(bytes).status == io::IoStatus::done;
  }
  void on_writable() override {}

  OneWorker run_;
  SlabPool slabs_;
  transport::SecureTransport transport_{slabs_};
  std::unique_ptr<tls::ClientContext> context_ = std::move(*tls::ClientContext::create());
  tls::SessionCache sessions_;
  tls::TicketKeys keys_ = tls::make_ticket_keys();
  std::unique_ptr<transport::SecureSocket> socket_;
  bool heard_ = false;
  bool resumed_ = false;
};

TEST_F(Resumption, outlives_one_letter_with_new_keys_and_not_two) {
  EXPECT_FALSE(resumes());
  EXPECT_TRUE(resumes());
  rotate();  // the worker's own first key is among neither of these two
  EXPECT_FALSE(resumes());
  rotate();
  EXPECT_TRUE(resumes());
  rotate();
  rotate();
  EXPECT_FALSE(resumes());
  EXPECT_TRUE(resumes());
}

// Daruma answers by itself at /own.
class OwnAnswer : public testing::Test {
 protected:
  OwnAnswer() {
    run_.answer_at("/own", {.status = 200, .content_type = "text/plain", .body = "own"});
    run_.publish();
    run_.run_for(10ms);
  }
  // How many of these requests, sent at once, are answered over one connection.
  size_t answers_to(const std::string& requests) {
    client_ = &run_.connect();
    client_->say(requests);
    run_.run_for(100ms);
    return count(client_->heard, "HTTP/1.1 200 OK");
  }
  static constexpr std::string_view post = "POST /own HTTP/1.1\r\nHost: a\r\n";
  OneWorker run_;
  Peer* client_ = nullptr;
};

TEST_F(OwnAnswer, keeps_the_connection_behind_a_body_that_has_come_whole) {
  const std::string length = std::string(post) + "Content-Length: 5\r\n\r\nGET /";
  const std::string chunks = std::string(post) +
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "3\r\nGET\r\n2;x=y\r\n /\r\n0\r\nTrailer: t\r\n\r\n";
  EXPECT_EQ(answers_to(length + chunks + length), 3u);
  EXPECT_FALSE(client_->ended);
  ASSERT_EQ(run_.log_lines.size(), 3u);
  const std::string received = " 200 - " + std::to_string(length.size()) + " ";
  EXPECT_NE(run_.log_lines[0].find(received), std::string::npos) << run_.log_lines[0];
}

TEST_F(OwnAnswer, closes_where_a_body_is_unfinished_or_malformed) {
  for (const char* body : {"Content-Length: 5\r\n\r\n1234", "Content-Length: 5\r\n\r\n",
                           "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
                           "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n"}) {
    EXPECT_EQ(answers_to(std::string(post) + body), 1u) << body;
    EXPECT_TRUE(client_->ended) << body;
  }
}

// client_keep_alive.seconds, AWS: the time since it was opened, however busy it is; then one more
// request is served.
TEST(ClientAge, ends_after_one_more_request) {
  OneWorker run;
  run.balancer().client_keep_alive = 60s;
  run.publish();
  run.run_for(10ms);
  Peer& client = run.connect();
  for (int i = 0; i < 4; ++i) {
    client.heard.clear();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run.run_for(20s);
    const bool last = i == 3;
    EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 200 ")) << i;
    EXPECT_EQ(client.heard.find("Connection: close") != std::string::npos, last) << i;
    EXPECT_EQ(client.ended, last) << i;
  }
}

// RFC 9112 9.6: a reset could take the answer away from a client that is still sending.
TEST_F(OwnAnswer, reads_on_behind_an_end_that_the_client_did_not_ask_for) {
  run_.balancer().client_keep_alive = 0s;
  run_.publish();
  run_.run_for(10ms);
  EXPECT_EQ(answers_to("GET /own HTTP/1.1\r\nHost: a\r\n\r\n"), 1u);
  EXPECT_TRUE(client_->ended);
  client_->say("GET /own HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(1s);
  EXPECT_FALSE(client_->reset);
  EXPECT_EQ(run_.worker->census().client_connections, 1u);
  client_->hang_up();
  run_.run_for(100ms);
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
}

// What the access log says of a request that is all that the client sends.
std::string log_line_of(const std::string& request) {
  OneWorker run;
  run.balancer().dns_name = "web.example";
  run.publish();
  run.run_for(10ms);
  Peer& client = run.connect();
  client.say(request);
  client.say_no_more();
  run.run_for(100ms);
  return run.log_lines.size() == 1 ? run.log_lines[0] : std::to_string(run.log_lines.size());
}

TEST(OneWorker, the_log_names_each_form_of_request_as_a_url) {
  const std::pair<const char*, const char*> rows[] = {
      {"GET /a?b=c HTTP/1.1\r\nHost: h:81\r\n\r\n", "GET http://h:80/a?b=c HTTP/1.1"},
      {"GET / HTTP/1.0\r\n\r\n", "GET http://web.example:80/ HTTP/1.0"},
      {"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://h:80/ HTTP/1.1"},
      {"GET http://u@h:81?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://h:80/?q HTTP/1.1"},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS http://h:80/* HTTP/1.1"},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "CONNECT http://h:80/ HTTP/1.1"},
  };
  for (const auto& [request, logged] : rows) {
    const std::string line = log_line_of(request);
    EXPECT_NE(line.find(" \"" + std::string(logged) + "\" "), std::string::npos) << line;
  }
}

TEST(OneWorker, a_malformed_authority_is_refused_wherever_it_stands) {
  for (const std::string request :
       {"GET / HTTP/1.1\r\nHost: [h\r\n\r\n", "GET http://[h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://[h/ HTTP/1.0\r\n\r\n", "GET http://h/ HTTP/1.1\r\nHost: [h\r\n\r\n"}) {
    const std::string line = log_line_of(request);
    EXPECT_NE(line.find("\"request_malformed\""), std::string::npos) << request << line;
  }
}

TEST(OneWorker, a_client_that_leaves_in_its_head_is_logged) {
  for (const std::string request : {"G", "GET / HTTP/1.1\r\nHost: h\r\n"}) {
    const std::string line = log_line_of(request);
    EXPECT_NE(line.find(" 400 - "), std::string::npos) << line;
    EXPECT_NE(line.find("\"- - -\""), std::string::npos) << line;
    EXPECT_NE(line.find("\"client_closed\""), std::string::npos) << line;
  }
  EXPECT_EQ(log_line_of(""), "0");
}

// Clients that take nothing of what they are told; a node that stops waits for them no longer than
// it said.
class DeafClient : public testing::Test {
 protected:
  DeafClient() {
    NetworkFaults narrow = calm_network();
    narrow.socket_bytes = 4096;
    run_.network.set_faults(narrow);
    client_ = &run_.connect();
    client_->listen(false);
  }
  void expect_stop_at_the_deadline() {
    run_.run_for(1s);
    run_.post(model::DrainLetter{5s});
    run_.run_for(4900ms);
    EXPECT_EQ(run_.worker->census().client_connections, 1u);
    run_.run_for(200ms);
    EXPECT_EQ(run_.worker->census().client_connections, 0u);
    EXPECT_TRUE(std::holds_alternative<model::StoppedLetter>(run_.letters.back()));
  }
  static std::string answer_of(size_t bytes) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes);
    return head + "\r\n\r\n" + std::string(bytes, 'x');
  }
  static constexpr const char* request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  OneWorker run_;
  Peer* client_;
};

TEST_F(DeafClient, in_the_middle_of_its_answer) {
  run_.target_says = answer_of(1'000'000);
  client_->say(request);
  expect_stop_at_the_deadline();
}

TEST_F(DeafClient, whose_answer_is_accepted_and_not_taken) {
  run_.keep_output(66'000);
  run_.target_says = answer_of(60'000);
  client_->say(request);
  expect_stop_at_the_deadline();
}

TEST_F(DeafClient, that_does_not_even_take_the_503) {
  run_.target_says = answer_of(4'000);
  client_->say(request);
  run_.run_for(100ms);
  run_.target_says = "";
  client_->say(request);
  expect_stop_at_the_deadline();
}

TEST_F(DeafClient, that_has_more_to_say) {
  run_.target_says = "";
  client_->say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  expect_stop_at_the_deadline();
}

// What a client hears until the connection closes, which `request` asks for.
std::string answer_to(OneWorker& run, const std::string& request) {
  Peer& client = run.connect();
  client.say(request);
  EXPECT_TRUE(run.run_until([&] { return client.ended; }));
  return client.heard;
}

TEST(OneWorker, a_request_that_cannot_be_forwarded_costs_no_target_connection) {
  OneWorker run;
  const std::string end = "Host: a\r\nConnection: close\r\n";
  const std::string good = "GET / HTTP/1.1\r\n" + end + "\r\n";
  EXPECT_TRUE(answer_to(run, good).starts_with("HTTP/1.1 200 "));
  std::string addresses = "X-Forwarded-For: ::1";
  for (int i = 0; i < 30; ++i) addresses += ", ::1";
  EXPECT_TRUE(answer_to(run, "GET / HTTP/1.1\r\n" + end + addresses + "\r\n\r\n")
                  .starts_with("HTTP/1.1 463 "));
  const std::string encoded = "GET /" + std::string(15'000, '\x01') + " HTTP/1.1\r\n" + end;
  const std::string field = "A: " + std::string(14'000, 'x') + "\r\n";
  EXPECT_TRUE(
      answer_to(run, encoded + field + field + field + "\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to(run, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + "\r\nx")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to(run, good).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(run.target_connections.size(), 1u);
  EXPECT_EQ(count(run.target_connections[0]->ever_heard, "HTTP/1.1\r\n"), 2u);
}

TEST(OneWorker, trailers_pass_by_the_rules_of_the_head) {
  OneWorker run;
  run.balancer().drop_invalid_header_fields = true;
  run.publish();
  run.run_for(10ms);
  answer_to(
      run,
      "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close, Named\r\nTransfer-Encoding: chunked\r\n"
      "\r\n0\r\nChecksum: 7\r\nNamed: x\r\nIn_valid: x\r\nAuthorization: x\r\n\r\n");
  ASSERT_EQ(run.target_connections.size(), 1u);
  EXPECT_TRUE(run.target_connections[0]->ever_heard.ends_with("\r\n\r\n0\r\nChecksum: 7\r\n\r\n"))
      << run.target_connections[0]->ever_heard;
}

// That a date of the target's own is all there is, `relays` shows.
TEST(OneWorker, a_response_without_date_is_given_one) {
  OneWorker run;
  run.target_says = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
  const std::string answer =
      answer_to(run, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(
      answer.starts_with("HTTP/1.1 103 Early Hints\r\n\r\n"
                         "HTTP/1.1 204 No Content\r\nDate: "))
      << answer;
}

TEST(OneWorker, draining_answers_a_request_whose_head_has_begun) {
  OneWorker run;
  Peer& busy = run.connect();
  Peer& idle = run.connect();
  busy.say("GET / HTTP/1.1\r\n");
  ASSERT_TRUE(run.run_until([&] { return run.worker->census().client_connections == 2; }));
  run.run_for(100ms);
  run.post(model::DrainLetter{60s});
  run.run_for(100ms);
  EXPECT_TRUE(idle.ended);
  EXPECT_FALSE(busy.ended);
  busy.say("Host: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return busy.ended; }));
  EXPECT_TRUE(busy.heard.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(busy.heard.find("Connection: close"), std::string::npos);
}

// A target that other workers of the node have found full.
class FullTarget : public testing::Test {
 protected:
  static constexpr uint32_t other_worker = 1;
  void tell(uint32_t knocker, bool wanted) {
    const model::TargetKey& target = run_.draft.target_groups.front().targets.front().key;
    run_.post(model::DoorLetter{target, model::DoorState::full, knocker, wanted});
    run_.run_for(10ms);
  }
  void ask() { client_.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); }
  bool answered() {
    return run_.run_until([&] { return client_.heard == run_.target_says; });
  }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(FullTarget, is_given_a_place_that_another_worker_needs_and_this_one_does_not) {
  ask();
  ASSERT_TRUE(answered());
  tell(other_worker, false);
  EXPECT_FALSE(run_.target_connections.front()->ended);
  tell(other_worker, true);
  EXPECT_TRUE(run_.target_connections.front()->ended);
}

TEST_F(FullTarget, is_knocked_at_by_who_waits_as_soon_as_it_is_its_turn) {
  run_.draft.target_groups.front().protocol = model::Protocol::https;
  run_.publish();
  tell(other_worker, true);
  ask();
  run_.run_for(100ms);
  EXPECT_TRUE(run_.target_connections.empty());
  tell(0, true);
  EXPECT_EQ(run_.target_connections.size(), 1u);
}

TEST_F(FullTarget, is_knocked_at_once_however_many_wait) {
  run_.target_listens = false;
  tell(other_worker, false);
  ask();
  for (int i = 0; i < 5; ++i) run_.connect().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(10ms);
  EXPECT_EQ(run_.target_connections.size(), 1u);
}

TEST_F(FullTarget, is_not_knocked_at_in_each_turn_where_this_node_lacks_descriptors) {
  run_.draft.target_groups.front().protocol = model::Protocol::https;
  run_.publish();
  tell(0, true);
  run_.lack_descriptors(true);
  run_.on_turn = [&] {
    if (run_.connects_refused() > 1000) run_.lack_descriptors(false);  // or it would never end
  };
  ask();
  run_.run_for(1s);
  EXPECT_GT(run_.connects_refused(), 0u);
  EXPECT_LE(run_.connects_refused(), 10u);
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 503 "));
  ASSERT_EQ(run_.log_lines.size(), 1u);
  EXPECT_NE(run_.log_lines.back().find("\"node_out_of_resources\""), std::string::npos);

  ask();
  run_.run_for(50ms);
  run_.lack_descriptors(false);
  run_.run_for(100ms);
  EXPECT_EQ(run_.target_connections.size(), 1u) << "for who waits already";
  EXPECT_EQ(run_.failures_told, 0u);
}

// A hundred clients that ask again as soon as they have an answer.
class BusyWorker : public testing::Test {
 protected:
  void begin() {
    for (Instant& since : asked_) {
      Peer& client = run_.connect();
      client.on_heard = [this, &since](Peer& peer) {
        if (!peer.heard.ends_with("ok") && !peer.heard.starts_with("HTTP/1.1 503")) return;
        turned_away_ += peer.heard.starts_with("HTTP/1.1 503");
        slowest_ = std::max(slowest_, run_.network.now() - since);
        ask(peer, since);
      };
      ask(client, since);
    }
  }
  void ask(Peer& client, Instant& since) {
    client.heard.clear();
    since = run_.network.now();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  OneWorker run_;
  std::vector<Instant> asked_ = std::vector<Instant>(100);
  size_t turned_away_ = 0;
  Duration slowest_{};
};

// That answers are handled late says nothing about a target where it is the worker that is busy.
TEST_F(BusyWorker, asks_a_target_no_less_because_it_is_busy_itself) {
  begin();
  run_.run_for(1s);
  run_.slow_down(1ms);
  run_.run_for(20s);
  EXPECT_EQ(turned_away_, 0u);
  EXPECT_LT(slowest_, 1s);
}

// Each of its turns takes longer than an answer: for all it knows the target answers at once.
TEST_F(BusyWorker, asks_a_target_no_less_when_it_is_no_longer_busy) {
  run_.target_takes = 20ms;
  run_.slow_down(1ms);
  begin();
  run_.run_for(20s);
  run_.slow_down(0ms);
  run_.run_for(1s);
  slowest_ = {};
  run_.run_for(10s);
  EXPECT_EQ(turned_away_, 0u);
  EXPECT_LT(slowest_, 50ms);
}

TEST(OneWorker, listens_once_the_port_is_free) {
  OneWorker run;
  run.balancer().listeners.push_back(run.balancer().listeners.front());
  const uint16_t port = run.balancer().listeners.back().port = 9443;
  struct Other final : io::AcceptHandler {
    void on_accept(std::unique_ptr<io::Socket>) override {}
  } other;
  SimLoop elsewhere(run.network, "other", *Address::parse("192.0.2.1", 0));
  auto taken = elsewhere.listen(*Address::parse(run.draft.node.addresses.front(), port), other, {});
  ASSERT_TRUE(taken.has_value());
  run.publish();
  run.run_for(10ms);
  const auto last_problem = [&run] {
    const auto* adopted = std::get_if<model::AdoptedLetter>(&run.letters.back());
    return adopted == nullptr ? "no answer" : problem_of(*adopted);
  };
  EXPECT_NE(last_problem().find("listener web:9443: "), std::string::npos) << last_problem();
  const size_t letters = run.letters.size();
  run.run_for(10s);
  EXPECT_EQ(run.letters.size(), letters) << "the same problem is told once";
  taken->reset();
  run.run_for(model::limits::listen_retry_interval + 1ms);
  EXPECT_EQ(last_problem(), "");
}

}  // namespace
}  // namespace daruma::sim
