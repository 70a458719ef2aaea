// SPDX-License-Identifier: Apache-2.0
#include "base/line_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace daruma {
namespace {

class LineOutputTest : public testing::Test {
 protected:
  LineOutputTest() { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~LineOutputTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  std::string read_all() {
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string text;
    std::array<char, 65536> piece;
    for (ssize_t got; (got = read(ends_[0], piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<size_t>(got));
    }
    return text;
  }

  std::array<int, 2> ends_{-1, -1};
};

TEST_F(LineOutputTest, writes_lines) {
  LineOutput output(ends_[1]);
  output.write("one\n");
  output.write("two\n");
  EXPECT_EQ(read_all(), "one\ntwo\n");
}

TEST_F(LineOutputTest, loses_what_nobody_reads_and_says_how_much) {
  fcntl(ends_[1], F_SETPIPE_SZ, 4096);
  LineOutput output(ends_[1]);
  const std::string line(1023, 'x');
  for (int i = 0; i < 10; ++i) output.write(line + "\n");  // would wait for ever, were it to wait
  const std::string read_first = read_all();
  EXPECT_EQ(read_first.find_first_not_of("x\n"), std::string::npos);
  const size_t lines = read_first.size() / 1024;
  EXPECT_GE(lines, 1u);
  EXPECT_LT(lines, 10u);

  output.write("again\n");
  EXPECT_EQ(read_all(),
            "(" + std::to_string(10 - lines) + " lines were lost: nobody was reading)\nagain\n");
}

TEST_F(LineOutputTest, cuts_a_line_that_no_pipe_takes_at_once) {
  LineOutput output(ends_[1]);
  output.write(std::string(5000, 'x') + "\n");
  const std::string text = read_all();
  EXPECT_EQ(text.size(), 4096u);
  EXPECT_TRUE(text.ends_with("x…\n"));
}

// One that is written to while it waits for its reader says that it can be written to as long as a
// byte fits in.
TEST_F(LineOutputTest, does_not_wait_for_a_terminal) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  std::array<char, 64> name;
  ASSERT_EQ(ptsname_r(terminal, name.data(), name.size()), 0);
  const int screen = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(screen, 0);
  {
    LineOutput output(screen);
    const std::string line = std::string(149, 'x') + "\n";
    for (int i = 0; i < 1'000; ++i) output.write(line);  // 150 KB, and nobody reads
    EXPECT_EQ(fcntl(screen, F_GETFL) & O_NONBLOCK, 0);   // whoever shares it may go on to wait
  }
  close(screen);
  close(terminal);
}

TEST_F(LineOutputTest, does_not_wait_for_a_socket) {
  std::array<int, 2> pair;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  LineOutput output(pair[0]);
  for (int i = 0; i < 10'000; ++i) output.write(std::string(149, 'x') + "\n");
  close(pair[1]);
  output.write("nobody is there\n");  // no SIGPIPE
  close(pair[0]);
}

TEST_F(LineOutputTest, a_closed_output_is_lost_lines) {
  LineOutput output(-1);
  output.write("one\n");
  output.write("two\n");
}

}  // namespace
}  // namespace daruma
