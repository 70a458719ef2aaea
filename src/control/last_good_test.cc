// SPDX-License-Identifier: Apache-2.0
#include "control/last_good.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace daruma::control {
namespace {

namespace fs = std::filesystem;

class LastGoodTest : public testing::Test {
 protected:
  LastGoodTest() { fs::create_directories(parent_); }
  ~LastGoodTest() override { fs::remove_all(parent_); }

  const std::string parent_ = testing::TempDir() + "last_good_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string directory_ = parent_ + "/data";
};

TEST_F(LastGoodTest, reads_back_what_was_kept) {
  const LastGood first{"Admin: {}\n", {{"certs/a.crt", "PEM\n"}, {"certs/a.key", "KEY\n"}}};
  ASSERT_TRUE(save_last_good(directory_, first).has_value());
  EXPECT_EQ(load_last_good(directory_).value(), first);
  const LastGood second{"Node: {}\n", {}};
  ASSERT_TRUE(save_last_good(directory_, second).has_value());
  EXPECT_EQ(load_last_good(directory_).value(), second);
}

TEST_F(LastGoodTest, is_for_its_owner_only_and_leaves_nothing_beside) {
  ASSERT_TRUE(save_last_good(directory_, {"x", {}}).has_value());
  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    ++files;
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
  EXPECT_EQ(files, 1);
}

TEST_F(LastGoodTest, keeps_bytes_that_are_not_utf8_from_failing_it) {
  ASSERT_TRUE(save_last_good(directory_, {"x", {{"a", "# M\xfcller\nPEM"}}}).has_value());
  const auto good = load_last_good(directory_);
  ASSERT_TRUE(good.has_value());
  EXPECT_TRUE(good->files.at("a").ends_with("\nPEM"));
}

TEST_F(LastGoodTest, says_what_is_wrong) {
  EXPECT_EQ(load_last_good(directory_).error().message,
            "cannot read " + directory_ + "/last_good.json: No such file or directory");
  EXPECT_EQ(save_last_good(parent_ + "/none/data", {}).error().message,
            "cannot make the directory " + parent_ + "/none/data: No such file or directory");
  fs::create_directory(directory_);
  for (const char* damaged :
       {"", "{", "[]", "{\"version\":1,\"text\":\"\",\"files\":{}}",
        "{\"version\":\"2\",\"text\":\"\",\"files\":{}}", "{\"version\":2,\"files\":{}}",
        "{\"version\":2,\"text\":\"\",\"files\":{\"a\":1}}"}) {
    std::ofstream(directory_ + "/last_good.json") << damaged;
    EXPECT_FALSE(load_last_good(directory_).has_value()) << damaged;
  }
  fs::remove(directory_ + "/last_good.json");
  fs::create_directory(directory_ + "/last_good.json");
  EXPECT_EQ(load_last_good(directory_).error().message,
            "cannot read " + directory_ + "/last_good.json: Is a directory");
}

}  // namespace
}  // namespace daruma::control
