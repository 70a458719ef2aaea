// SPDX-License-Identifier: Apache-2.0
#include "app/log_follower.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "telemetry/temporary_directory.h"

namespace daruma::app {
namespace {

namespace fs = std::filesystem;
using From = LogFollower::From;
using Lines = std::vector<std::string>;

struct LogFollowerTest : testing::Test {
  telemetry::TemporaryDirectory directory;
  LogFollower follower{directory.path(), telemetry::LogKind::access};

  void append(const std::string& name, const std::string& text) {
    fs::create_directories((directory / name).parent_path());
    std::ofstream(directory / name, std::ios::app) << text;
  }
  Lines read() {
    Lines lines;
    follower.read([&lines](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
};

TEST_F(LogFollowerTest, reads_what_is_written_from_now_on) {
  append("access_log_app.web.1.log", "before\n");
  follower.begin(From::end);
  append("access_log_app.web.1.log", "one\ntw");
  EXPECT_EQ(read(), Lines{"one"});
  append("access_log_app.web.1.log", "o\n");
  EXPECT_EQ(read(), Lines{"two"});
  EXPECT_EQ(read(), Lines{});
}

TEST_F(LogFollowerTest, reads_from_the_beginning_where_that_is_wanted) {
  append("access_log_app.web.1.log", "before\n");
  follower.begin(From::beginning);
  EXPECT_EQ(read(), Lines{"before"});
}

TEST_F(LogFollowerTest, goes_on_in_the_next_file) {
  append("access_log_app.web.1.log", "");
  follower.begin(From::end);
  append("access_log_app.web.1.log", "last\n");
  fs::rename(directory / "access_log_app.web.1.log",
             directory / "access_log_app.web.1.20261003T121200Z.log");
  append("access_log_app.web.1.log", "first\n");
  EXPECT_EQ(read(), Lines{"last"});
  EXPECT_EQ(read(), Lines{"first"});
}

TEST_F(LogFollowerTest, finds_logs_that_begin_later_and_those_that_go_to_buckets) {
  follower.begin(From::end);
  append("access_log_app.web.1.log", "a\n");
  append("buckets/logs/p/access_log_app.shop.2.log", "b\n");
  append("buckets/logs/p/AWSLogs/access_log_app.old.3.log", "complete\n");
  append("conn_log_app.web.1.log", "another log\n");
  append("notes.log", "not ours\n");
  read();
  append("access_log_app.web.1.log", "c\n");
  EXPECT_EQ(read(), (Lines{"a", "c", "b"}));
}

}  // namespace
}  // namespace daruma::app
