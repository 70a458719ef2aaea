// SPDX-License-Identifier: Apache-2.0
#include "io/read_file.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace daruma::io {
namespace {

TEST(ReadFile, reads_all_of_it_or_says_why_not) {
  const std::string path = testing::TempDir() + "read_file";
  const std::string content = std::string(200'000, 'x') + '\0' + "\n";
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(read_file(path, content.size()).value(), content);
  EXPECT_EQ(read_file(path, content.size() - 1).error().message, "over 200001 bytes");
  std::remove(path.c_str());
  EXPECT_EQ(read_file(path, 10).error().message, "No such file or directory");
  EXPECT_EQ(read_file(testing::TempDir(), 10).error().message, "Is a directory");
  EXPECT_EQ(read_file("/dev/null", 0).value(), "");
}

TEST(ReadFile, below_a_directory_no_link_leads_out_of_it) {
  namespace fs = std::filesystem;
  const fs::path all = fs::path(testing::TempDir()) / "read_below";
  fs::remove_all(all);
  const fs::path within = all / "within";
  fs::create_directories(within / "a/b");
  std::ofstream(all / "outside") << "secret";
  std::ofstream(within / "a/b/file") << "content";
  fs::create_symlink(all / "outside", within / "link");
  fs::create_directory_symlink(all, within / "up");
  fs::create_directory_symlink(within, all / "other");
  ASSERT_EQ(::mkfifo((within / "pipe").c_str(), 0600), 0);
  const auto problem = [&](const std::string& name) {
    const auto read = read_below(within.string(), name, 10);
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(read_below(within.string(), "a/b/file", 10).value(), "content");
  EXPECT_EQ(read_below((all / "other").string(), "a/b/file", 10).value(), "content");
  EXPECT_EQ(read_below(within.string(), "a/b/file", 6).error().message, "over 6 bytes");
  EXPECT_EQ(problem("link"), "a symbolic link, which is not followed");
  EXPECT_EQ(problem("up/outside"), "Not a directory");
  EXPECT_EQ(problem("a/b"), "not a regular file");
  EXPECT_EQ(problem("pipe"), "not a regular file");
  EXPECT_EQ(problem("a/c/file"), "No such file or directory");
  EXPECT_EQ(read_below((all / "gone").string(), "a", 10).error().message,
            "No such file or directory");
  fs::remove_all(all);
}

}  // namespace
}  // namespace daruma::io
