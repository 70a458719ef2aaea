// SPDX-License-Identifier: Apache-2.0
#include "health/probe.h"

#include <gtest/gtest.h>

#include <array>

#include "health/fake_network_for_test.h"
#include "health/fake_target_for_test.h"
#include "model/scoreboard.h"
#include "tls/self_signed.h"

namespace daruma::health {
namespace {

const Address address = *Address::parse("127.0.0.2", 8443);

std::unique_ptr<tls::ServerContext> make_server() {
  const std::array<std::string, 1> names = {"target.example"};
  const auto pair = tls::make_self_signed(names);
  const std::array<tls::CertificateText, 1> certificates = {
      tls::CertificateText{"target", pair->chain_pem, pair->key_pem}};
  return std::move(*tls::ServerContext::create(certificates, "ELBSecurityPolicy-TLS13-1-2-2021-06",
                                               tls::make_ticket_keys()));
}

class ProbeTest : public testing::Test, private ProbeHandler {
 protected:
  ~ProbeTest() override {
    probe_.reset();
    loop_.run_for(0s);
    EXPECT_EQ(client_slabs_.outstanding(), 0u);
  }

  void begin(ProbeRequest request = {}) {
    request.address = address;
    if (request.host.empty()) request.host = "127.0.0.2:8443";
    probe_.reset(new Probe(environment_, std::move(request), sessions_, *this));
  }
  void begin_tls() {
    ProbeRequest request;
    request.protocol = model::Protocol::https;
    begin(std::move(request));
  }
  // Longer than any probe may take.
  const ProbeResult& result() {
    loop_.run_for(6s);
    EXPECT_EQ(results_.size(), 1u);
    static const ProbeResult nothing;
    return results_.empty() ? nothing : results_.back();
  }
  void expect(ProbeOutcome outcome, int status, const char* what = "") {
    const ProbeResult& got = result();
    EXPECT_EQ(name_of(got.outcome), name_of(outcome)) << what;
    EXPECT_EQ(got.status, status) << what;
    EXPECT_EQ(got.target, address);
  }
  void expect_answer(std::string response, ProbeOutcome outcome, int status) {
    results_.clear();
    target_.answer(response);
    begin();
    expect(outcome, status, response.c_str());
  }

  FakeLoop loop_;
  SlabPool client_slabs_;
  SlabPool server_slabs_;
  transport::SecureTransport client_transport_{client_slabs_};
  transport::SecureTransport server_transport_{server_slabs_};
  std::unique_ptr<tls::ClientContext> client_ = std::move(*tls::ClientContext::create());
  std::unique_ptr<tls::ServerContext> server_;
  const ProbeEnvironment environment_{loop_, client_slabs_, client_transport_, *client_};
  tls::SessionCache sessions_;
  FakeTarget target_{loop_, address};
  std::vector<ProbeResult> results_;
  std::unique_ptr<Probe> probe_;

 private:
  void on_probe_done(const ProbeResult& result) override {
    results_.push_back(result);
    probe_.reset();
  }
};

TEST_F(ProbeTest, asks_as_an_alb_does) {
  target_.answer_status(200);
  begin({.path = "/health?deep=1"});
  expect(ProbeOutcome::passed, 200);
  ASSERT_EQ(target_.requests().size(), 1u);
  EXPECT_EQ(target_.requests()[0],
            "GET /health?deep=1 HTTP/1.1\r\nHost: 127.0.0.2:8443\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n");
  EXPECT_NE(results_[0].local.port(), 0);
}

// What comes to the first question, and what to the second.
class StatusProbeTest : public ProbeTest {
 protected:
  const StatusPage& ask(const std::string& first, const std::string& second) {
    results_.clear();
    target_.on_request([first, second, asked = 0](FakeTarget::Connection& each) mutable {
      ++asked;
      each.send(asked == 1 ? first : second);
      if (asked == 2) each.close();
    });
    begin({.path = "/health", .status_path = "/server-status"});
    expect(ProbeOutcome::passed, 200);
    return results_.back().status_page;
  }
  const std::string ok_ = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
};

TEST_F(StatusProbeTest, a_second_question_goes_over_the_same_connection) {
  const StatusPage& page = ask(ok_, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nslots");
  EXPECT_EQ(page.end, StatusPage::End::whole);
  EXPECT_EQ(page.code, 200);
  EXPECT_EQ(page.text, "slots");
  EXPECT_EQ(target_.connections(), 1u);
  ASSERT_EQ(target_.requests().size(), 2u);
  EXPECT_EQ(target_.requests()[0],
            "GET /health HTTP/1.1\r\nHost: 127.0.0.2:8443\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\n\r\n");
  EXPECT_EQ(target_.requests()[1],
            "GET /server-status?auto HTTP/1.1\r\nHost: 127.0.0.2:8443\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n");
}

TEST_F(StatusProbeTest, whatever_comes_to_the_second_question_the_probe_has_passed) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ask(ok_, chunked + "5\r\nslots\r\n0\r\n\r\n").text, "slots");
  EXPECT_EQ(ask(ok_, chunked + "oh\r\n").end, StatusPage::End::no_answer);
  EXPECT_EQ(ask(ok_, "HTTP/1.0 200 OK\r\n\r\nslots").end, StatusPage::End::whole);
  EXPECT_EQ(ask(ok_, "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n").code, 403);
  EXPECT_EQ(ask(ok_, "no HTTP\r\n\r\n").end, StatusPage::End::no_answer);
  EXPECT_EQ(ask(ok_, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslots").end,
            StatusPage::End::no_answer);
  const std::string long_text(model::scoreboard_page_bytes_max + 1, 'x');
  const StatusPage& long_page =
      ask(ok_, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(long_text.size()) +
                   "\r\n\r\n" + long_text);
  EXPECT_EQ(long_page.end, StatusPage::End::too_long);
  EXPECT_EQ(long_page.text, "");
}

TEST_F(StatusProbeTest, who_closes_the_connection_is_not_asked) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                             "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    EXPECT_EQ(ask(answer, "").end, StatusPage::End::not_asked) << answer;
  }
  EXPECT_EQ(target_.requests().size(), 2u);
}

TEST_F(StatusProbeTest, waits_a_second_for_it_and_no_longer) {
  target_.on_request([this, asked = 0](FakeTarget::Connection& each) mutable {
    if (++asked == 1) each.send(ok_);
  });
  begin({.path = "/health", .status_path = "/server-status"});
  loop_.run_for(model::scoreboard_timeout - 100ms);
  EXPECT_TRUE(results_.empty());
  loop_.run_for(200ms);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].outcome, ProbeOutcome::passed);
  EXPECT_LT(results_[0].latency, 100ms);
  EXPECT_EQ(results_[0].status_page.end, StatusPage::End::no_answer);
}

TEST_F(StatusProbeTest, who_fails_its_health_check_is_not_asked) {
  target_.on_request([](FakeTarget::Connection& each) {
    each.send("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
  });
  begin({.path = "/health", .status_path = "/server-status"});
  expect(ProbeOutcome::code_mismatch, 500);
  EXPECT_EQ(target_.requests().size(), 1u);
}

TEST_F(ProbeTest, the_host_field_leaves_out_the_ports_80_and_443) {
  EXPECT_EQ(probe_host("10.0.0.1", 80), "10.0.0.1");
  EXPECT_EQ(probe_host("10.0.0.1", 443), "10.0.0.1");
  EXPECT_EQ(probe_host("10.0.0.1", 8080), "10.0.0.1:8080");
  EXPECT_EQ(probe_host("::1", 443), "[::1]");
  EXPECT_EQ(probe_host("::1", 8443), "[::1]:8443");
  EXPECT_EQ(probe_host("app.example", 8443), "app.example:8443");
}

TEST_F(ProbeTest, judges_by_status_line_and_head) {
  const std::string until_close = "HTTP/1.0 200 OK\r\n\r\nany length";
  expect_answer(until_close, ProbeOutcome::passed, 200);
  expect_answer("HTTP/1.1 204 No Content\r\n\r\n", ProbeOutcome::code_mismatch, 204);
  expect_answer("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", ProbeOutcome::code_mismatch, 502);
  expect_answer("HTTP/1.1 101 Switch\r\n\r\n", ProbeOutcome::code_mismatch, 101);
  expect_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + until_close,
                ProbeOutcome::passed, 200);
  expect_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                ProbeOutcome::passed, 200);
  // What follows the head says nothing about health.
  expect_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ProbeOutcome::passed, 200);
  expect_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
                ProbeOutcome::passed, 200);
}

TEST_F(ProbeTest, answers_that_are_no_responses) {
  expect_answer("", ProbeOutcome::response_closed, 0);
  expect_answer("HTTP/1.1 200 OK\r\nContent-Le", ProbeOutcome::response_closed, 0);
  expect_answer("HTTP/1.1 100 Continue\r\n\r\n", ProbeOutcome::response_closed, 0);
  expect_answer("SSH-2.0-OpenSSH_9.2\r\n\r\n", ProbeOutcome::response_malformed, 0);
  expect_answer("HTTP/1.1 abc\r\n\r\n", ProbeOutcome::response_malformed, 0);
  expect_answer("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'x') + "\r\n\r\n",
                ProbeOutcome::response_malformed, 0);
  std::string interims;
  for (int i = 0; i < 3'000; ++i) interims += "HTTP/1.1 100 Continue\r\n\r\n";
  expect_answer(interims, ProbeOutcome::response_malformed, 0);
}

TEST_F(ProbeTest, the_matcher_decides_which_codes_pass) {
  target_.answer_status(302);
  begin({.matcher = *model::CodeMatcher::parse("200,300-399")});
  expect(ProbeOutcome::passed, 302);
}

TEST_F(ProbeTest, a_response_in_pieces) {
  target_.on_request([](FakeTarget::Connection& connection) {
    for (const char c : std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
      connection.send({&c, 1});
    }
  });
  begin();
  expect(ProbeOutcome::passed, 200);
  EXPECT_EQ(results_[0].latency, 0s);  // ended with the body, not with a deadline
}

TEST_F(ProbeTest, connecting_fails) {
  struct Row {
    io::SocketError error;
    ProbeOutcome outcome;
  };
  const Row rows[] = {
      {io::SocketError::refused, ProbeOutcome::connect_refused},
      {io::SocketError::unreachable, ProbeOutcome::connect_unreachable},
      {io::SocketError::timed_out, ProbeOutcome::connect_timeout},
      {io::SocketError::reset, ProbeOutcome::connect_reset},
      {io::SocketError::other, ProbeOutcome::connect_failed},
      {io::SocketError::local_failure, ProbeOutcome::not_made},
  };
  for (const Row& row : rows) {
    results_.clear();
    loop_.fail_connects(address, row.error);
    begin();
    expect(row.outcome, 0);
    results_.clear();
    begin_tls();
    expect(row.outcome, 0);
  }
}

TEST_F(ProbeTest, silence_at_the_tcp_door) {
  loop_.swallow_connects(address);
  begin({.timeout = 2s});
  loop_.run_for(1999ms);
  EXPECT_TRUE(results_.empty());
  expect(ProbeOutcome::connect_timeout, 0);
  EXPECT_GE(results_[0].latency, 2s);
  EXPECT_LT(results_[0].latency, 2100ms);
}

TEST_F(ProbeTest, silence_after_the_request) {
  begin({.timeout = 2s});
  loop_.run_for(1999ms);
  EXPECT_TRUE(results_.empty());
  expect(ProbeOutcome::response_timeout, 0);
}

TEST_F(ProbeTest, one_deadline_for_all_of_it) {
  target_.on_request(
      [](FakeTarget::Connection& connection) { connection.send("HTTP/1.1 200 OK\r\nContent-"); });
  begin({.timeout = 3s});
  expect(ProbeOutcome::response_timeout, 0);
  EXPECT_LT(results_[0].latency, 3100ms);
}

TEST_F(ProbeTest, a_body_that_never_ends_is_left_at_the_limit_or_at_the_deadline) {
  target_.on_request([](FakeTarget::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n");
  });
  begin({.timeout = 2s});
  loop_.run_for(1s);
  EXPECT_TRUE(results_.empty());
  expect(ProbeOutcome::passed, 200);
  EXPECT_EQ(results_[0].latency, 0s);  // of the head

  results_.clear();
  target_.on_request([](FakeTarget::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'));
  });
  begin({.timeout = 2s});
  loop_.run_for(1s);
  EXPECT_EQ(results_.size(), 1u);
}

TEST_F(ProbeTest, a_body_that_ends_with_the_connection_ends_the_probe_at_once) {
  target_.on_request([](FakeTarget::Connection& connection) {
    connection.end_with("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfine");
  });
  begin({.timeout = 5s});
  loop_.run_for(0s);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(name_of(results_[0].outcome), name_of(ProbeOutcome::passed));
}

TEST_F(ProbeTest, resets) {
  target_.on_request([](FakeTarget::Connection& connection) { connection.reset(); });
  begin();
  expect(ProbeOutcome::response_reset, 0);
  results_.clear();
  target_.on_request(
      [](FakeTarget::Connection& connection) { connection.send("HTTP/1.1 200 OK\r\n").reset(); });
  begin();
  expect(ProbeOutcome::response_reset, 0);
}

TEST_F(ProbeTest, tls_without_verification_and_resumed_the_next_time) {
  server_ = make_server();
  target_.use_tls(server_transport_, *server_);
  target_.answer_status(200);
  begin_tls();
  expect(ProbeOutcome::passed, 200);
  EXPECT_EQ(target_.resumptions(), 0u);
  results_.clear();
  begin_tls();
  expect(ProbeOutcome::passed, 200);
  EXPECT_EQ(target_.resumptions(), 1u);
}

TEST_F(ProbeTest, a_saturated_target_accepts_but_never_shakes_hands) {
  target_.stay_silent();
  begin_tls();
  expect(ProbeOutcome::tls_timeout, 0);
}

TEST_F(ProbeTest, tls_failures) {
  target_.reset_at_once();
  begin_tls();
  expect(ProbeOutcome::tls_reset, 0);
}

TEST_F(ProbeTest, a_plain_target_does_not_speak_tls) {
  // What a ClientHello ends with is no empty line, so answer by hand.
  server_ = make_server();
  struct PlainTarget final : io::AcceptHandler {
    void on_accept(std::unique_ptr<io::Socket> accepted) override {
      accepted->write("HTTP/1.1 400 Bad Request\r\n\r\n");
      kept = std::move(accepted);
    }
    std::unique_ptr<io::Socket> kept;
  } plain;
  target_.stop();
  const auto acceptor = loop_.listen(address, plain, {});
  begin_tls();
  expect(ProbeOutcome::tls_failed, 0);
}

TEST_F(ProbeTest, a_silent_https_target_behind_tls) {
  server_ = make_server();
  target_.use_tls(server_transport_, *server_);
  begin_tls();
  expect(ProbeOutcome::response_timeout, 0);
}

TEST_F(ProbeTest, destroying_withdraws_it) {
  target_.answer_status(200);
  begin();
  probe_.reset();
  loop_.run_for(10s);
  EXPECT_TRUE(results_.empty());
}

}  // namespace
}  // namespace daruma::health
