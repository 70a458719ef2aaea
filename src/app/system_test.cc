// SPDX-License-Identifier: Apache-2.0
//
// What src/app asks of the operating system: files, signals, cores.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "app/files.h"
#include "app/process_limits.h"
#include "app/signals.h"
#include "io/epoll_loop.h"
#include "io/read_file.h"

namespace daruma::app {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string pattern = testing::TempDir() + "daruma_app_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

TEST_F(Files, come_back_as_they_were_written) {
  const std::string content("two\nlines\0and a null", 20);
  ASSERT_TRUE(create_file(path("new/folder/file"), content, Access::everyone_reads));
  EXPECT_EQ(*io::read_file(path("new/folder/file"), 100), content);
}

TEST_F(Files, a_secret_is_readable_by_its_owner_alone) {
  ASSERT_TRUE(create_file(path("key"), "secret", Access::owner_only));
  struct stat status {};
  ASSERT_EQ(::stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Files, are_never_overwritten) {
  ASSERT_TRUE(create_file(path("key"), "first", Access::owner_only));
  const auto again = create_file(path("key"), "second", Access::owner_only);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find(path("key")), std::string::npos);
  EXPECT_EQ(*io::read_file(path("key"), 100), "first");
}

TEST(ProcessLimits, a_thread_can_be_kept_on_each_usable_core) {
  EXPECT_GT(raise_descriptor_limit(), 0u);
  const std::vector<int> cores = usable_cores();
  ASSERT_FALSE(cores.empty());
  std::thread([&cores] {
    EXPECT_TRUE(pin_to_core(cores.back()));
    EXPECT_EQ(usable_cores(), std::vector<int>{cores.back()});
  }).join();
}

TEST(ProcessLimits, workers_share_the_descriptors) {
  EXPECT_EQ(client_connections_per_worker(1024, 2), (1024 - 256) / 4 * 3 / 2);
  EXPECT_EQ(client_connections_per_worker(1'000'000'000, 2), 100'000u);
  EXPECT_EQ(client_connections_per_worker(64, 2), 1u);
}

struct CollectsSignals final : io::Mailbox<ProcessSignal>::Reader {
  explicit CollectsSignals(io::EpollLoop& loop_to_stop) : loop(loop_to_stop) {}
  void on_letter(ProcessSignal signal) override {
    received.push_back(signal);
    if (received.size() == 3) loop.stop();
  }
  io::EpollLoop& loop;
  std::vector<ProcessSignal> received;
};

TEST(Signals, arrive_as_letters) {
  block_signals();
  io::EpollLoop loop(1);
  CollectsSignals collector(loop);
  io::Mailbox<ProcessSignal> mailbox(loop, collector);
  {
    const SignalThread thread(mailbox, {1h, 1h, [] {}});
    // Each only after the one before was taken: pending signals have no order.
    ::kill(::getpid(), SIGHUP);
    while (collector.received.empty()) loop.turn();
    ::kill(::getpid(), SIGTERM);
    while (collector.received.size() < 2) loop.turn();
    ::kill(::getpid(), SIGINT);
    loop.run();
  }
  using enum ProcessSignal;
  EXPECT_EQ(collector.received, (std::vector<ProcessSignal>{reload, stop, stop}));
}

TEST(Signals, unread_reloads_are_one_and_every_stop_counts) {
  using enum ProcessSignal;
  io::EpollLoop loop(1);
  CollectsSignals collector(loop);
  io::Mailbox<ProcessSignal> mailbox(loop, collector);
  for (const ProcessSignal signal : {reload, stop, reload, reload, stop}) mailbox.post(signal);
  loop.turn();
  EXPECT_EQ(collector.received, (std::vector<ProcessSignal>{stop, reload, stop}));
}

struct CountsSignals final : io::Mailbox<ProcessSignal>::Reader {
  void on_letter(ProcessSignal) override { ++heard; }
  int heard = 0;
};

TEST(Signals, end_a_process_that_does_not_stop) {
  block_signals();
  io::EpollLoop loop(1);
  CountsSignals counter;
  io::Mailbox<ProcessSignal> mailbox(loop, counter);
  std::atomic<int> ends = 0;
  const auto end = [&ends] {
    ++ends;
    ends.notify_one();
  };
  {
    const SignalThread thread(mailbox,
                              {.after_first_stop = 1ms, .after_second_stop = 1h, .end = end});
    ::kill(::getpid(), SIGTERM);
    ends.wait(0);
  }
  EXPECT_EQ(ends, 1);
  const SignalThread thread(mailbox,
                            {.after_first_stop = 1h, .after_second_stop = 1ms, .end = end});
  ::kill(::getpid(), SIGTERM);
  while (counter.heard < 2) loop.turn();  // two that are pending may become one
  ::kill(::getpid(), SIGTERM);
  ends.wait(1);
  EXPECT_EQ(ends, 2);
}

}  // namespace
}  // namespace daruma::app
