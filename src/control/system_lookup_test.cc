// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <semaphore>

#include "control/name_resolver.h"
#include "io/epoll_loop.h"

namespace daruma::control {
namespace {

class Answers final : private io::Mailbox<NameAnswer>::Reader {
 public:
  explicit Answers(io::EpollLoop& loop) : mailbox(loop, *this), loop_(loop) {}
  NameAnswer wait() {
    while (letters_.empty()) loop_.turn();
    NameAnswer first = letters_.front();
    letters_.erase(letters_.begin());
    return first;
  }
  io::Mailbox<NameAnswer> mailbox;

 private:
  void on_letter(NameAnswer answer) override { letters_.push_back(std::move(answer)); }
  io::EpollLoop& loop_;
  std::vector<NameAnswer> letters_;
};

// Literals are answered by the C library itself: no name server is asked.
TEST(SystemLookup, answers_by_letter) {
  io::EpollLoop loop(1);
  Answers answers(loop);
  const auto lookup = make_system_lookup();
  lookup->ask("127.0.0.1", NameTurn::first, answers.mailbox);
  const NameAnswer v4 = answers.wait();
  EXPECT_EQ(v4.name, "127.0.0.1");
  EXPECT_EQ(v4.problem, "");
  ASSERT_EQ(v4.addresses.size(), 1u);
  EXPECT_EQ(v4.addresses[0].to_string(), "127.0.0.1:0");
  lookup->ask("::1", NameTurn::first, answers.mailbox);
  const NameAnswer v6 = answers.wait();
  ASSERT_EQ(v6.addresses.size(), 1u);
  EXPECT_EQ(v6.addresses[0].ip(), "::1");
}

TEST(SystemLookup, says_why_there_is_no_address) {
  io::EpollLoop loop(1);
  Answers answers(loop);
  const auto lookup = make_system_lookup();
  lookup->ask(std::string(300, 'a'), NameTurn::first,
              answers.mailbox);  // longer than a name can be
  const NameAnswer answer = answers.wait();
  EXPECT_NE(answer.problem, "");
  EXPECT_TRUE(answer.addresses.empty());
}

TEST(SystemLookup, posts_nothing_to_a_mailbox_that_withdrew) {
  io::EpollLoop loop(1);
  Answers answers(loop);
  const auto lookup = make_system_lookup();
  {
    Answers gone(loop);
    for (int i = 0; i < 100; ++i) lookup->ask("127.0.0.1", NameTurn::first, gone.mailbox);
    lookup->withdraw(gone.mailbox);
  }
  lookup->ask("::1", NameTurn::first, answers.mailbox);
  EXPECT_EQ(answers.wait().name, "::1");
}

// Threads may hold it longer than a test lasts.
struct DeadNames {
  NameAnswer look_up(const std::string& name) {
    if (!name.starts_with("dead")) return {name, {*Address::parse("192.0.2.1", 0)}, ""};
    released.acquire();
    return {name, {}, "no answer"};
  }
  std::counting_semaphore<100> released{0};
};

TEST(SystemLookup, failing_names_do_not_hold_up_the_others) {
  io::EpollLoop loop(1);
  Answers answers(loop);
  const auto dead = std::make_shared<DeadNames>();
  const auto lookup = make_threaded_lookup(
      [dead](const std::string& name, const auto&) { return dead->look_up(name); });
  for (int i = 0; i < 20; ++i) {
    lookup->ask("dead" + std::to_string(i), NameTurn::last, answers.mailbox);
  }
  for (int i = 0; i < 20; ++i) {
    lookup->ask("alive", NameTurn::first, answers.mailbox);
    EXPECT_EQ(answers.wait().name, "alive");
  }
  lookup->ask("dead", NameTurn::first, answers.mailbox);
  lookup->ask("alive", NameTurn::first, answers.mailbox);
  EXPECT_EQ(answers.wait().name, "alive") << "a name may also die now";
  dead->released.release(21);
  for (int i = 0; i < 21; ++i) EXPECT_EQ(answers.wait().problem, "no answer");
}

TEST(SystemLookup, can_be_stopped_with_questions_waiting) {
  io::EpollLoop loop(1);
  Answers answers(loop);
  auto lookup = make_system_lookup();
  for (int i = 0; i < 100; ++i) lookup->ask("127.0.0.1", NameTurn::first, answers.mailbox);
  lookup.reset();
}

}  // namespace
}  // namespace daruma::control
