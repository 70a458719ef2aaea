// SPDX-License-Identifier: Apache-2.0
#include "control/admin_server.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "control/fake_clients_for_test.h"
#include "io/epoll_loop.h"

namespace daruma::control {
namespace {

const Address loopback = Address::v4({127, 0, 0, 1}, 0);

// Answers at once with what it saw, or keeps the responder for the test to answer.
struct FakeHandler final : AdminHandler {
  void handle(const AdminRequest& request, AdminResponder responder) override {
    ++requests;
    body = request.body;
    query = request.query;
    if (closes) {
      responder.close();
    } else if (streams) {
      stream.emplace(responder.stream({.content_type = "text/event-stream", .body = answer}));
    } else if (keeps) {
      kept.emplace(std::move(responder));
    } else if (answers) {
      responder.send({.body = answer});
    }
  }
  int requests = 0;
  std::string body;
  std::string query;
  std::string answer = "hello\n";
  bool keeps = false;
  bool answers = true;
  bool closes = false;
  bool streams = false;
  std::optional<AdminResponder> kept;
  std::optional<AdminStream> stream;
};

struct AdminServerTest : testing::Test {
  AdminServerTest() { open({}); }
  void open(const AdminServerOptions& options) {
    server.reset();
    server = std::move(*AdminServer::open(loop, loopback,
                                          {{http::Method::get, "/", &index},
                                           {http::Method::post, "/", &api},
                                           {http::Method::get, "/page", &page},
                                           {http::Method::post, "/change", &api},
                                           {http::Method::get, "/files/*", &files},
                                           {http::Method::get, "/files/deep/*", &page}},
                                          options));
  }
  // The answer to one request on a connection of its own.
  std::string ask(const std::string& request) {
    FakeClient client(loop);
    client.send(request);
    return client.take_received();
  }
  static int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  }

  FakeServerLoop loop;
  FakeHandler index;
  FakeHandler page;
  FakeHandler api;
  FakeHandler files;
  std::unique_ptr<AdminServer> server;
};

const std::string host = "Host: localhost:9090\r\n";
const std::string get_page = "GET /page HTTP/1.1\r\n" + host + "\r\n";

TEST_F(AdminServerTest, answers_with_a_complete_message) {
  EXPECT_EQ(ask(get_page),
            "HTTP/1.1 200 OK\r\n"
            "Server: daruma\r\n"
            "Date: Sat, 03 Oct 2026 12:02:00 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 6\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "\r\n"
            "hello\n");
}

TEST_F(AdminServerTest, leaves_out_the_body_for_head) {
  const std::string answer = ask("HEAD /page HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(AdminServerTest, finds_the_route) {
  struct Row {
    const char* line;
    int status;
    FakeHandler* handler;
  };
  const Row rows[] = {
      {"GET /", 200, &index},
      {"GET /?a=b", 200, &index},
      {"GET http://localhost/page", 200, &page},
      {"POST /", 200, &api},
      {"GET /files/a.js", 200, &files},
      {"GET /files/", 200, &files},
      {"GET /files/deep/a.js", 200, &page},
      {"GET /files", 404, nullptr},
      {"GET /page/", 404, nullptr},
      {"GET /Page", 404, nullptr},
      {"POST /page", 405, nullptr},
      {"GET /change", 405, nullptr},
      {"DELETE /nowhere", 404, nullptr},
      {"BREW /page", 405, nullptr},
      {"OPTIONS *", 404, nullptr},
  };
  for (const Row& row : rows) {
    FakeHandler* const all[] = {&index, &page, &api, &files};
    for (FakeHandler* handler : all) handler->requests = 0;
    const std::string answer = ask(row.line + (" HTTP/1.1\r\n" + host) + "\r\n");
    EXPECT_EQ(status_of(answer), row.status) << row.line;
    for (FakeHandler* handler : all) {
      EXPECT_EQ(handler->requests, handler == row.handler ? 1 : 0) << row.line;
    }
  }
}

TEST_F(AdminServerTest, says_which_methods_are_allowed) {
  const std::string answer = ask("PUT / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD, POST\r\n"), std::string::npos) << answer;
}

TEST_F(AdminServerTest, gives_query_and_body_to_the_handler) {
  ask("POST /change?x=1 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nabcde");
  EXPECT_EQ(api.query, "x=1");
  EXPECT_EQ(api.body, "abcde");
  ask("POST /change HTTP/1.1\r\n" + host +
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(api.body, "abcde");
  EXPECT_EQ(api.requests, 2);
}

TEST_F(AdminServerTest, takes_a_request_in_single_bytes) {
  FakeClient client(loop);
  const std::string request =
      "POST /change HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc" + get_page;
  for (const char c : request) client.send(std::string_view(&c, 1));
  EXPECT_EQ(api.body, "abc");
  EXPECT_EQ(page.requests, 1);
  EXPECT_FALSE(client.server_finished());
}

TEST_F(AdminServerTest, answers_pipelined_requests_in_order) {
  FakeClient client(loop);
  page.answer = "first";
  index.answer = "second";
  client.send(get_page + "GET / HTTP/1.1\r\n" + host + "\r\n" + get_page);
  const std::string received = client.take_received();
  EXPECT_EQ(page.requests, 2);
  EXPECT_LT(received.find("first"), received.find("second"));
  EXPECT_NE(received.rfind("first"), received.find("first"));
}

TEST_F(AdminServerTest, a_large_body_passes_while_the_client_can_take_it) {
  page.answer = std::string(3'000'000, 'x');
  FakeClient client(loop);
  client.limit_window(100);
  client.send(get_page + get_page);
  EXPECT_EQ(client.take_received().size(), 100u);
  EXPECT_EQ(page.requests, 1) << "the second waits until the first is answered";
  client.allow(1'000'000);
  EXPECT_EQ(client.take_received().size(), 1'000'000u);
  client.allow(10'000'000);
  EXPECT_EQ(page.requests, 2);
  EXPECT_GT(client.take_received().size(), 4'900'000u);
}

TEST_F(AdminServerTest, keeps_the_connection_as_the_client_asks) {
  struct Row {
    std::string request;
    bool keeps;
    const char* field;
  };
  const Row rows[] = {
      {"GET /page HTTP/1.1\r\n" + host + "\r\n", true, nullptr},
      {"GET /page HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", false,
       "\r\nConnection: close\r\n"},
      {"GET /page HTTP/1.0\r\n\r\n", false, "\r\nConnection: close\r\n"},
      {"GET /page HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true,
       "\r\nConnection: keep-alive\r\n"},
  };
  for (const Row& row : rows) {
    FakeClient client(loop);
    client.send(row.request);
    const std::string answer = client.take_received();
    EXPECT_EQ(status_of(answer), 200) << row.request;
    EXPECT_EQ(client.server_finished(), !row.keeps) << row.request;
    const size_t field = answer.find(row.field ? row.field : "\r\nConnection:");
    EXPECT_EQ(field != std::string::npos, row.field != nullptr) << answer;
  }
}

TEST_F(AdminServerTest, refuses_what_it_cannot_take) {
  struct Row {
    std::string request;
    int status;
  };
  const Row rows[] = {
      {"\x16\x03\x01 what is this\r\n\r\n", 400},
      {"GET /page HTTP/1.1\r\n\r\n", 403},  // no Host
      {"GET /page HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST /change HTTP/1.1\r\n" + host + "Content-Length: 1048577\r\n\r\n", 413},
      {"POST /change HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST /change HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(17'000, 'a') + "\r\n\r\n", 431},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
  };
  for (const Row& row : rows) {
    FakeClient client(loop);
    client.send(row.request);
    const std::string answer = client.take_received();
    EXPECT_EQ(status_of(answer), row.status) << row.request.substr(0, 80) << answer;
    EXPECT_TRUE(client.server_finished()) << row.request.substr(0, 80);
    EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << "one answer only";
  }
  EXPECT_EQ(page.requests + api.requests + index.requests, 0);
}

TEST_F(AdminServerTest, refuses_a_chunked_body_beyond_the_limit) {
  open({.body_bytes_max = 10});
  const std::string head =
      "POST /change HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(ask(head + "a\r\n0123456789\r\n0\r\n\r\n")), 200);
  EXPECT_EQ(status_of(ask(head + "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n")), 413);
  EXPECT_EQ(api.requests, 1);
}

TEST_F(AdminServerTest, answers_to_own_names_only) {
  struct Row {
    const char* host;
    int status;
  };
  const Row rows[] = {
      {"localhost", 200},           {"LOCALHOST:9090", 200},    {"127.0.0.1:9090", 200},
      {"[::1]:9090", 200},          {"10.1.2.3", 200},          {"example.com", 403},
      {"rebind.example:9090", 403}, {"localhost.example", 403}, {"", 403},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(status_of(ask("GET /page HTTP/1.1\r\nHost: " + std::string(row.host) + "\r\n\r\n")),
              row.status)
        << row.host;
  }
}

TEST_F(AdminServerTest, takes_no_request_of_another_sites_page) {
  const std::string post = "POST /change HTTP/1.1\r\n" + host + "Content-Length: 0\r\n";
  EXPECT_EQ(status_of(ask(post + "Origin: http://localhost:9090\r\n\r\n")), 200);
  for (const char* origin :
       {"http://example.com", "null", "https://localhost:9090", "http://localhost"}) {
    EXPECT_EQ(status_of(ask(post + "Origin: " + origin + "\r\n\r\n")), 403) << origin;
  }
  EXPECT_EQ(api.requests, 1);
}

TEST_F(AdminServerTest, takes_no_request_that_another_sites_page_embeds) {
  const std::string navigates = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: ";
  const std::pair<std::string, int> rows[] = {
      {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n", 403},
      {"Sec-Fetch-Site: same-site\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n" + navigates + "iframe\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n" + navigates + "document\r\n", 200},
      {"Sec-Fetch-Site: same-origin\r\n", 200},
      {"Sec-Fetch-Site: none\r\n", 200},
  };
  for (const auto& [fields, status] : rows) {
    EXPECT_EQ(status_of(ask("GET /page HTTP/1.1\r\n" + host + fields + "\r\n")), status) << fields;
  }
}

TEST_F(AdminServerTest, tells_a_waiting_client_to_continue) {
  FakeClient client(loop);
  client.send("POST /change HTTP/1.1\r\n" + host +
              "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.take_received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(status_of(client.take_received()), 200);
  EXPECT_EQ(api.body, "abc");
}

TEST_F(AdminServerTest, a_handler_may_close_instead_of_answering) {
  for (const bool later : {false, true}) {
    page.closes = !later;
    page.keeps = later;
    FakeClient client(loop);
    client.send(get_page + get_page);
    if (later) page.kept->close();
    page.kept.reset();
    loop.run_for(1ms);
    EXPECT_EQ(client.take_received(), "");
    EXPECT_TRUE(client.server_closed()) << later;
    EXPECT_EQ(server->connections(), 0U);
  }
}

TEST_F(AdminServerTest, a_handler_may_answer_later) {
  page.keeps = true;
  FakeClient client(loop);
  client.send(get_page + "GET / HTTP/1.1\r\n" + host + "\r\n");
  loop.run_for(1h);
  EXPECT_EQ(client.take_received(), "");
  page.kept->send({.body = "late"});
  const std::string received = client.take_received();
  EXPECT_NE(received.find("late"), std::string::npos);
  EXPECT_EQ(index.requests, 1) << "goes on with the next request";
}

TEST_F(AdminServerTest, a_late_answer_to_nobody_is_harmless) {
  page.keeps = true;
  {
    FakeClient client(loop);
    client.send(get_page);
    client.reset();
    page.kept->send({.body = "late"});
    loop.end_turn();
    EXPECT_TRUE(client.server_closed());
  }
  FakeClient client(loop);
  client.send(get_page);
  server.reset();
  page.kept->send({.body = "later still"});
}

TEST_F(AdminServerTest, a_forgotten_answer_is_a_500) {
  page.answers = false;
  EXPECT_EQ(status_of(ask(get_page)), 500);
}

TEST_F(AdminServerTest, answers_a_client_that_has_finished_sending) {
  FakeClient client(loop);
  client.send(get_page);
  client.finish();
  EXPECT_EQ(status_of(client.take_received()), 200);
  EXPECT_TRUE(client.server_closed());
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(AdminServerTest, closes_idle_connections) {
  FakeClient fresh(loop);
  FakeClient used(loop);
  loop.run_for(30s);
  used.send(get_page);
  loop.run_for(30s);
  EXPECT_TRUE(fresh.server_closed());
  EXPECT_FALSE(used.server_closed());
  loop.run_for(30s);
  EXPECT_TRUE(used.server_closed());
  EXPECT_FALSE(used.server_aborted());
}

TEST_F(AdminServerTest, answers_408_to_a_request_that_does_not_arrive) {
  for (const std::string& begun : {std::string("GET /pa"), "POST /change HTTP/1.1\r\n" + host +
                                                               "Content-Length: 9\r\n\r\nabc"}) {
    FakeClient client(loop);
    client.send(begun.substr(0, 1));
    loop.run_for(19s);
    client.send(begun.substr(1));
    EXPECT_FALSE(client.server_finished());
    loop.run_for(1s);
    EXPECT_EQ(status_of(client.take_received()), 408);
    loop.run_for(2s);
    EXPECT_TRUE(client.server_closed());
  }
}

TEST_F(AdminServerTest, resets_a_client_that_does_not_read) {
  page.answer = std::string(1'000'000, 'x');
  FakeClient client(loop);
  client.limit_window(500);
  client.send(get_page);
  loop.run_for(19s);
  client.allow(10);
  loop.run_for(19s);
  EXPECT_FALSE(client.server_closed());
  loop.run_for(1s);
  EXPECT_TRUE(client.server_aborted());
}

TEST_F(AdminServerTest, lets_the_last_answer_be_read_while_the_client_still_sends) {
  FakeClient client(loop);
  client.send("POST /change HTTP/1.1\r\n" + host + "Content-Length: 9999999\r\n\r\n");
  EXPECT_EQ(status_of(client.take_received()), 413);
  client.send(std::string(100'000, 'x'));
  EXPECT_FALSE(client.server_closed());
  client.finish();
  EXPECT_TRUE(client.server_closed());
}

TEST_F(AdminServerTest, the_longest_idle_connection_makes_room) {
  open({.connections_max = 2});
  FakeClient first(loop);
  loop.run_for(1s);
  FakeClient second(loop);
  first.send(get_page);  // idle since now, so the second is the longest idle one
  loop.run_for(1s);
  first.send(get_page.substr(0, 3));
  FakeClient third(loop);
  EXPECT_TRUE(second.server_closed());
  EXPECT_FALSE(first.server_closed());
  third.send("G");
  FakeClient fourth(loop);
  EXPECT_TRUE(fourth.server_closed()) << "the others are at work";
  EXPECT_EQ(server->connections(), 2u);
}

TEST(AdminServer, refuses_addresses_that_others_can_reach) {
  FakeServerLoop loop;
  for (const char* text : {"0.0.0.0", "10.0.0.1", "::", "2001:db8::1"}) {
    const auto server = AdminServer::open(loop, *Address::parse(text, 0), {});
    ASSERT_FALSE(server.has_value()) << text;
    EXPECT_NE(server.error().message.find("loopback"), std::string::npos);
  }
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(AdminServer::open(loop, *Address::parse(text, 0), {}).has_value()) << text;
  }
}

// The same over the kernel's loopback: one client that sends, and collects until the server closes.
struct RealClient final : io::SocketHandler {
  RealClient(io::EpollLoop& loop, const Address& address, std::string bytes)
      : request(std::move(bytes)), socket(loop.connect(address, *this)) {}
  void on_connected() override { socket->write(request); }
  void on_connect_failed() override { done = true; }
  void on_readable() override {
    char bytes[4096];
    for (;;) {
      const io::IoResult result = socket->read(bytes);
      if (result.status == io::IoStatus::done) {
        received.append(bytes, result.bytes);
        continue;
      }
      done = result.status != io::IoStatus::blocked;
      return;
    }
  }
  void on_writable() override {}
  std::string request;
  std::string received;
  bool done = false;
  std::unique_ptr<io::Socket> socket;
};

TEST(AdminServer, serves_over_real_sockets) {
  io::EpollLoop loop(1);
  FakeHandler page;
  page.answer = std::string(2'000'000, 'x');
  auto opened = AdminServer::open(loop, loopback, {{http::Method::get, "/page", &page}});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  auto server = std::move(*opened);
  RealClient client(loop, server->local(),
                    get_page + "GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n");
  for (int turn = 0; turn < 10'000 && !client.done; ++turn) loop.turn(1s);
  EXPECT_TRUE(client.done);
  EXPECT_EQ(page.requests, 2);
  EXPECT_GT(client.received.size(), 4'000'000u);
  EXPECT_TRUE(AdminServer::open(loop, server->local(), {}).error().message.find("in use") !=
              std::string::npos);
}

// ---- answers that go on ----

struct AdminStreamTest : AdminServerTest {
  AdminStreamTest() { begin({}); }
  void begin(const AdminServerOptions& options) {
    page.stream.reset();
    client.reset();
    open(options);
    page.streams = true;
    client.emplace(loop);
    client->send(get_page);
    first = client->take_received();
  }
  std::optional<FakeClient> client;
  std::string first;
};

TEST_F(AdminStreamTest, tells_no_length_and_ends_with_the_connection) {
  EXPECT_EQ(status_of(first), 200);
  EXPECT_EQ(first.find("Content-Length"), std::string::npos);
  EXPECT_NE(first.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\r\n\r\nhello\n"));
  page.stream->send("more");
  EXPECT_EQ(client->take_received(), "more");
  loop.run_for(10min);  // however long there is nothing to say
  page.stream->send("again");
  EXPECT_EQ(client->take_received(), "again");
  EXPECT_FALSE(client->server_finished());
  page.stream.reset();
  EXPECT_TRUE(client->server_finished());
  EXPECT_FALSE(client->server_aborted());
}

TEST_F(AdminStreamTest, ends_after_what_was_sent) {
  client->limit_window(0);
  page.stream->send("last words");
  page.stream.reset();
  EXPECT_FALSE(client->server_finished());
  client->allow(4);
  EXPECT_EQ(client->take_received(), "last");
  client->allow(100);
  EXPECT_EQ(client->take_received(), " words");
  EXPECT_TRUE(client->server_finished());
}

TEST_F(AdminStreamTest, notices_that_the_client_has_gone) {
  EXPECT_TRUE(page.stream->open());
  client->finish();
  EXPECT_FALSE(page.stream->open());
  page.stream->send("nobody hears it");
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(AdminStreamTest, outlives_the_server) {
  server.reset();
  EXPECT_FALSE(page.stream->open());
  page.stream->send("nobody hears it");
}

TEST_F(AdminStreamTest, cuts_off_who_takes_nothing_for_long) {
  client->limit_window(0);
  page.stream->send("one");
  loop.run_for(15s);
  page.stream->send("two");  // gives it no more time
  EXPECT_TRUE(page.stream->open());
  loop.run_for(6s);
  EXPECT_FALSE(page.stream->open());
  EXPECT_TRUE(client->server_aborted());
}

TEST_F(AdminStreamTest, cuts_off_who_lets_too_much_pile_up) {
  begin({.stream_bytes_max = 1000});
  client->limit_window(0);
  const std::string event(600, 'e');
  page.stream->send(event);
  page.stream->send(event);
  EXPECT_TRUE(page.stream->open());
  page.stream->send(event);
  EXPECT_FALSE(page.stream->open());
  loop.end_turn();
  EXPECT_TRUE(client->server_aborted());
}

TEST_F(AdminStreamTest, gives_head_only_for_head) {
  page.stream.reset();
  FakeClient other(loop);
  other.send("HEAD /page HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_TRUE(other.take_received().ends_with("\r\n\r\n"));
  EXPECT_FALSE(page.stream->open());
  EXPECT_TRUE(other.server_finished());
}

TEST_F(AdminStreamTest, ignores_what_the_client_says_meanwhile) {
  client->send("GET /page HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(page.requests, 1);
  page.stream->send("more");
  EXPECT_EQ(client->take_received(), "more");
}

}  // namespace
}  // namespace daruma::control
