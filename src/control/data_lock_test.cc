// SPDX-License-Identifier: Apache-2.0
#include "control/data_lock.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace daruma::control {
namespace {

TEST(DataLock, belongs_to_one_at_a_time) {
  const std::string directory = testing::TempDir() + "data_lock";
  std::filesystem::remove_all(directory);
  {
    const auto first = DataLock::take(directory);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto second = DataLock::take(directory);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().message, "the data directory " + directory +
                                          " is another running daruma's: give each process its "
                                          "own with --data");
  }
  EXPECT_TRUE(DataLock::take(directory).has_value());
  std::filesystem::remove_all(directory);
}

TEST(DataLock, says_why_a_directory_cannot_be_used) {
  const auto lock = DataLock::take("/dev/null");
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().message, "cannot open /dev/null/lock: Not a directory");
}

}  // namespace
}  // namespace daruma::control
