// SPDX-License-Identifier: Apache-2.0
#include "control/cookie_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "control/letter_loop_for_test.h"
#include "model/limits.h"
#include "telemetry/temporary_directory.h"

namespace daruma::control {
namespace {

class Worker final : private io::Mailbox<model::WorkerLetter>::Reader {
 public:
  explicit Worker(io::Loop& loop) : mailbox(loop, *this) {}
  io::Mailbox<model::WorkerLetter> mailbox;
  std::vector<model::CookieKeyLetter> told;

 private:
  void on_letter(model::WorkerLetter letter) override {
    told.push_back(std::get<model::CookieKeyLetter>(letter));
  }
};

class CookieKeys : public testing::Test {
 protected:
  tls::CookieKeys loaded(const std::string& in) {
    CookieKeyKeeper keeper(loop, log, in);
    const Result<void> result = keeper.load();
    EXPECT_TRUE(result) << result.error().message;
    return keeper.keys();
  }

  LetterLoop loop;
  Log log{LogLevel::error};
  telemetry::TemporaryDirectory directory;
};

TEST_F(CookieKeys, are_told_to_all_workers_once_a_period_and_the_former_one_stays) {
  Worker one(loop);
  Worker other(loop);
  CookieKeyKeeper keeper(loop, log, "");
  ASSERT_TRUE(keeper.load());
  const tls::CookieKeys first = keeper.keys();
  EXPECT_EQ(first.current.size(), tls::cookie_key_bytes);
  EXPECT_EQ(first.previous, "");
  keeper.connect({&one.mailbox, &other.mailbox});
  loop.run_for(model::limits::cookie_key_period - 1s);
  EXPECT_TRUE(one.told.empty());
  loop.run_for(2s);
  ASSERT_EQ(one.told.size(), 1u);
  EXPECT_NE(one.told[0].current, first.current);
  EXPECT_EQ(one.told[0].previous, first.current);
  loop.run_for(model::limits::cookie_key_period + 1s);
  ASSERT_EQ(other.told.size(), 2u);
  EXPECT_EQ(other.told[1].previous, one.told[0].current);
}

TEST_F(CookieKeys, are_kept_over_a_restart_for_their_owner_alone) {
  const std::string data = directory.path().string() + "/data";
  const tls::CookieKeys first = loaded(data);
  struct stat facts {};
  ASSERT_EQ(stat((data + "/cookie_keys").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(loaded(data), first);
}

TEST_F(CookieKeys, that_are_old_at_the_start_are_replaced_soon_after_and_the_new_ones_kept) {
  const tls::CookieKeys first = loaded(directory.path().string());
  loop.run_for(model::limits::cookie_key_period + 24h);
  Worker worker(loop);
  CookieKeyKeeper keeper(loop, log, directory.path().string());
  ASSERT_TRUE(keeper.load());
  EXPECT_EQ(keeper.keys(), first);
  keeper.connect({&worker.mailbox});
  loop.run_for(1s);
  ASSERT_EQ(worker.told.size(), 1u);
  EXPECT_EQ(worker.told[0].previous, first.current);
  EXPECT_EQ(loaded(directory.path().string()), keeper.keys());
  EXPECT_NE(keeper.keys(), first);
}

TEST_F(CookieKeys, that_are_damaged_are_told_by_file_and_not_replaced) {
  const std::string path = directory.path().string() + "/cookie_keys";
  const std::string key(64, 'a');
  for (const std::string& text : {std::string(), std::string("# since 5\n"), key + "\n",
                                  "# since x\n" + key, "# since 5\n" + key + "b"}) {
    std::ofstream(path) << text;
    CookieKeyKeeper keeper(loop, log, directory.path().string());
    const Result<void> result = keeper.load();
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().message,
              path +
                  " is damaged; remove it, and clients of sticky sessions are sent to targets "
                  "anew");
  }
}

}  // namespace
}  // namespace daruma::control
