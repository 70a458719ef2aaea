// SPDX-License-Identifier: Apache-2.0
#include "console/page_files.h"

#include <gtest/gtest.h>

#include "console/fake_accounts_for_test.h"
#include "control/fake_clients_for_test.h"

namespace daruma::console {
namespace {

struct PageFilesTest : testing::Test {
  PageFilesTest() {
    add_page_files(gate, assets());
    server = std::move(
        *control::AdminServer::open(loop, Address::v4({127, 0, 0, 1}, 9090), gate.routes()));
  }
  std::string ask(const std::string& path, const std::string& fields = "") {
    control::FakeClient client(loop);
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost:9090\r\n" + fields + "\r\n");
    return client.take_received();
  }
  static std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  control::FakeServerLoop loop;
  FakeAccounts accounts;
  Sessions sessions{loop, accounts};
  Gate gate{sessions, 9090};
  std::unique_ptr<control::AdminServer> server;
};

TEST_F(PageFilesTest, are_all_there) {
  for (const char* path :
       {"/console/", "/console/index.html", "/console/app.js", "/console/app.css"}) {
    EXPECT_TRUE(ask(path).starts_with("HTTP/1.1 200 OK\r\n")) << path;
  }
  EXPECT_NE(ask("/console").find("HTTP/1.1 308"), std::string::npos);
  EXPECT_NE(ask("/console").find("Location: /console/\r\n"), std::string::npos);
  EXPECT_TRUE(ask("/console/app.map").starts_with("HTTP/1.1 404"));
}

TEST_F(PageFilesTest, stay_compressed_for_who_takes_that) {
  const std::string gzip = ask("/console/", "Accept-Encoding: br;q=1, gzip;q=0.5\r\n");
  EXPECT_NE(gzip.find("Content-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_TRUE(body_of(gzip).starts_with("\x1f\x8b"));
  const std::string plain = ask("/console/");
  EXPECT_EQ(plain.find("Content-Encoding"), std::string::npos);
  EXPECT_TRUE(body_of(plain).starts_with("<!DOCTYPE html>") ||
              body_of(plain).starts_with("<!doctype html>"));
}

TEST_F(PageFilesTest, are_not_sent_again) {
  const std::string first = ask("/console/app.js");
  const size_t tag = first.find("ETag: ") + 6;
  const std::string etag = first.substr(tag, first.find("\r\n", tag) - tag);
  const std::string again = ask("/console/app.js", "If-None-Match: W/" + etag + "\r\n");
  EXPECT_TRUE(again.starts_with("HTTP/1.1 304"));
  EXPECT_EQ(body_of(again), "");
  EXPECT_NE(again.find("Cache-Control: no-cache\r\n"), std::string::npos);
  EXPECT_TRUE(
      ask("/console/app.css", "If-None-Match: " + etag + "\r\n").starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace daruma::console
