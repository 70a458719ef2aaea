// SPDX-License-Identifier: Apache-2.0
#include "io/read_file.h"

#include <gtest/gtest.h>

#include <cstdio>
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

}  // namespace
}  // namespace daruma::io
