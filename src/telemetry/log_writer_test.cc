// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "telemetry/log_thread.h"
#include "telemetry/temporary_directory.h"

namespace daruma::telemetry {
namespace {

using Names = std::vector<std::string>;
constexpr WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 2min;

struct LogWriterTest : testing::Test {
  TemporaryDirectory directory;
  Registry registry;
  Log log = Log::silent();
  LogRing ring{1024 * 1024};
  LogWriterOptions options{.directory = directory.path()};
};

TEST_F(LogWriterTest, writes_each_line_to_its_file) {
  LogRing other(1024);
  LogWriter writer(options, registry, {&ring, &other}, log);
  const uint32_t web = registry.log_file({"access_log_app.web.1"});
  const uint32_t shop = registry.log_file({"access_log_app.shop.2"});
  ring.push(web, "a");
  ring.push(shop, "b");
  other.push(web, "c");
  writer.run_once(noon);
  EXPECT_EQ(directory.content("access_log_app.web.1.log"), "a\nc\n");
  EXPECT_EQ(directory.content("access_log_app.shop.2.log"), "b\n");
}

TEST_F(LogWriterTest, flushes_as_often_as_told) {
  LogWriter writer(options, registry, {&ring}, log);
  const uint32_t web = registry.log_file({"web"});
  writer.run_once(noon);
  ring.push(web, "a");
  writer.run_once(noon + 900ms);
  EXPECT_EQ(directory.content("web.log"), "");
  writer.run_once(noon + 1s);
  EXPECT_EQ(directory.content("web.log"), "a\n");
  ring.push(web, "b");
  writer.run_once(noon - 30s);
  EXPECT_EQ(directory.content("web.log"), "a\nb\n") << "the clock was set back";
}

TEST_F(LogWriterTest, rotates_and_removes_the_oldest) {
  options.retention.files_max = 2;
  directory.write("gone.20200101T000000Z.log", "from a former run");
  LogWriter writer(options, registry, {&ring}, log);
  const uint32_t web = registry.log_file({"web"});
  for (int i = 0; i < 4; ++i) {
    writer.run_once(noon + i * 5min);
    ring.push(web, std::to_string(i));
    writer.run_once(noon + i * 5min + 1s);
  }
  EXPECT_EQ(directory.names(),
            (Names{"web.20261003T121200Z.log", "web.20261003T121700Z.log", "web.log"}));
  EXPECT_EQ(directory.content("web.20261003T121700Z.log"), "2\n");
  EXPECT_EQ(directory.content("web.log"), "3\n");
}

TEST_F(LogWriterTest, a_full_disk_is_reported_once_a_minute) {
  std::filesystem::create_symlink("/dev/full", directory / "web.log");
  testing::internal::CaptureStderr();  // first: a log keeps to the standard error of its beginning
  const Log loud(LogLevel::info);
  LogWriter writer(options, registry, {&ring}, loud);
  const uint32_t web = registry.log_file({"web"});
  for (int second = 0; second < 90; ++second) {
    ring.push(web, "line");
    writer.run_once(noon + second * 1s);
  }
  EXPECT_EQ(writer.totals().write_errors.value(), 90u);
  EXPECT_EQ(writer.totals().lines_lost.value(), 0u) << "90 lines fit the buffer";
  std::filesystem::remove(directory / "web.log");
  writer.finish(noon + 90s);
  EXPECT_EQ(directory.content("web.log").size(), 90 * 5u);
  const std::string said = testing::internal::GetCapturedStderr();
  size_t reports = 0;
  for (size_t at = 0; (at = said.find("log file cannot be written", at)) != std::string::npos;
       ++at) {
    ++reports;
  }
  EXPECT_EQ(reports, 2u) << said;
  EXPECT_NE(said.find("cause=\"No space left on device\""), std::string::npos) << said;
  EXPECT_NE(said.find("could not be written for a while failed_writes=29"), std::string::npos)
      << said;
}

TEST_F(LogWriterTest, the_end_counts_what_it_could_not_write) {
  std::filesystem::create_symlink("/dev/full", directory / "web.log");
  LogWriter writer(options, registry, {&ring}, log);
  ring.push(registry.log_file({"web"}), "line");
  writer.finish(noon);
  EXPECT_EQ(writer.totals().lines_lost.value(), 1u);
}

// Two workers and the real thread: each worker's lines arrive complete and in order, through
// rotations, and those pushed last are written by stop(). Meant for ThreadSanitizer as well.
TEST_F(LogWriterTest, loses_nothing_between_threads) {
  constexpr int line_count = 200'000;
  LogRing other(256 * 1024);
  options.file.rotate_bytes = 256 * 1024;
  options.flush_every = 1ms;
  const uint32_t files[] = {registry.log_file({"first"}), registry.log_file({"second"})};
  LogWriter writer(options, registry, {&ring, &other}, log);
  std::atomic<int64_t> turns{0};
  LogThread thread(
      writer, [&turns] { return noon + ++turns * 1ms; }, 1ms);
  const auto work = [](LogRing& to, uint32_t file) {
    for (int i = 0; i < line_count; ++i) {
      while (!to.push(file, std::to_string(i))) std::this_thread::yield();
    }
  };
  std::thread one(work, std::ref(ring), files[0]);
  std::thread two(work, std::ref(other), files[1]);
  one.join();
  two.join();
  thread.stop();
  EXPECT_EQ(writer.totals().lines_lost.value(), 0u);
  for (const std::string name : {"first", "second"}) {
    std::map<std::pair<std::string, uint64_t>, std::string> rotated;
    for (const std::string& file : directory.names()) {
      if (!file.starts_with(name + ".")) continue;
      const auto stamp = rotation_stamp(file);
      rotated[stamp.value_or(RotationStamp("9", 0))] = directory.content(file);
    }
    EXPECT_GT(rotated.size(), 1u);
    std::string all;
    for (const auto& [stamp, content] : rotated) all += content;
    std::istringstream lines(all);
    int next = 0;
    for (std::string line; std::getline(lines, line); ++next) {
      ASSERT_EQ(line, std::to_string(next));
    }
    EXPECT_EQ(next, line_count);
  }
}

}  // namespace
}  // namespace daruma::telemetry
