// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace daruma::io {
namespace {

// A loop without an operating system: what Loop itself does.
class BareLoop final : public Loop {
 public:
  BareLoop() : Loop(Instant()) {}
  using Loop::has_soon;
  using Loop::run_after_event;
  using Loop::run_soon;

  Instant now() const override { return Instant(); }
  WallTime wall_now() const override { return WallTime(); }
  Random& random() override { return random_; }
  std::unique_ptr<Socket> connect(const Address&, SocketHandler&) override { return nullptr; }
  Result<std::unique_ptr<Acceptor>> listen(const Address&, AcceptHandler&,
                                           const ListenOptions&) override {
    return fail("no network here");
  }
  std::unique_ptr<Waker> make_waker(WakeHandler&) override { return nullptr; }

 private:
  Random random_{1};
};

struct Step final : Task {
  explicit Step(std::function<void()> does) : action(std::move(does)) {}
  void run() override { action(); }
  std::function<void()> action;
};

using Names = std::vector<std::string>;

TEST(Loop, runs_tasks_once_in_the_order_they_were_put_off) {
  BareLoop loop;
  Names ran;
  Step a([&] { ran.push_back("a"); });
  Step b([&] { ran.push_back("b"); });
  loop.call_soon(b);
  loop.call_soon(a);
  loop.call_soon(b);
  EXPECT_EQ(ran, Names{});
  EXPECT_TRUE(loop.has_soon());
  loop.run_soon();
  EXPECT_EQ(ran, (Names{"b", "a"}));
  EXPECT_FALSE(loop.has_soon());
  loop.run_soon();
  EXPECT_EQ(ran.size(), 2u);
}

// However often a task asks again, events and timers have their turn in between.
TEST(Loop, task_put_off_by_a_task_runs_in_the_next_turn) {
  BareLoop loop;
  Names ran;
  Step second([&] { ran.push_back("second"); });
  Step first([&] {
    ran.push_back("first");
    loop.call_soon(second);
    loop.call_soon(first);
  });
  loop.call_soon(first);
  loop.run_soon();
  EXPECT_EQ(ran, Names{"first"});
  EXPECT_TRUE(loop.has_soon());
  loop.run_soon();
  EXPECT_EQ(ran, (Names{"first", "second", "first"}));
}

TEST(Loop, task_after_an_event_waits_for_no_turn) {
  BareLoop loop;
  Names ran;
  Step last([&] { ran.push_back("last"); });
  Step grave([&] {
    ran.push_back("grave");
    loop.call_after_event(last);
  });
  Step turn([&] {
    ran.push_back("turn");
    loop.call_after_event(grave);
  });
  Step next([&] { ran.push_back("next"); });
  loop.call_after_event(grave);
  loop.call_after_event(grave);
  EXPECT_TRUE(loop.has_soon());
  loop.run_after_event();
  EXPECT_EQ(ran, (Names{"grave", "last"}));
  loop.call_soon(turn);
  loop.call_soon(next);
  loop.run_after_event();
  EXPECT_EQ(ran.size(), 2u);
  loop.run_soon();
  EXPECT_EQ(ran, (Names{"grave", "last", "turn", "grave", "last", "next"}));
  EXPECT_FALSE(loop.has_soon());
}

TEST(Loop, task_may_destroy_itself_and_others) {
  BareLoop loop;
  Names ran;
  auto doomed = std::make_unique<Step>([&] { ran.push_back("doomed"); });
  std::unique_ptr<Step> first;
  first = std::make_unique<Step>([&] {
    ran.push_back("first");
    doomed.reset();
    first.reset();
  });
  loop.call_soon(*first);
  loop.call_soon(*doomed);
  loop.run_soon();
  EXPECT_EQ(ran, Names{"first"});
  EXPECT_FALSE(loop.has_soon());
}

TEST(Loop, destroying_a_task_withdraws_it) {
  BareLoop loop;
  {
    Step step([] { FAIL() << "ran after its end"; });
    loop.call_soon(step);
  }
  EXPECT_FALSE(loop.has_soon());
  loop.run_soon();
}

TEST(SocketError, every_error_has_its_own_name) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(SocketError::other); ++i) {
    const std::string_view name = name_of(static_cast<SocketError>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(name_of(SocketError::refused), "refused");
  EXPECT_EQ(name_of(SocketError::other), "other");
}

}  // namespace
}  // namespace daruma::io
