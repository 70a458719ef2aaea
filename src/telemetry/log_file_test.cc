// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_file.h"

#include <gtest/gtest.h>

#include "telemetry/temporary_directory.h"

namespace daruma::telemetry {
namespace {

using Names = std::vector<std::string>;
constexpr WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 2min;

TEST(LogFile, writes_whole_lines_and_adds_their_ends) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.append("two\n", noon);
  EXPECT_EQ(directory.content("access.log"), "") << "buffered";
  file.flush(noon);
  EXPECT_EQ(directory.content("access.log"), "one\ntwo\n");
}

TEST(LogFile, writes_before_the_flush_when_enough_is_buffered) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {.write_bytes = 8}, totals);
  file.append("1234567", noon);
  EXPECT_EQ(directory.content("access.log"), "1234567\n");
}

TEST(LogFile, makes_its_directory) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory / "a/b", {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  EXPECT_EQ(directory.content("a/b/access.log"), "one\n");
}

TEST(LogFile, is_not_for_everybody_to_read) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  const auto permissions = std::filesystem::status(directory / "access.log").permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::others_all, std::filesystem::perms::none);
}

TEST(LogFile, rotates_at_multiples_of_its_period) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("early", noon);
  file.flush(noon);
  EXPECT_FALSE(file.rotate_if_due(noon + 2min + 59s));
  file.append("late", noon + 2min + 59s);
  EXPECT_TRUE(file.rotate_if_due(noon + 3min));
  EXPECT_FALSE(file.rotate_if_due(noon + 3min));
  EXPECT_EQ(directory.names(), Names{"access.20261003T120500Z.log"});
  file.append("next", noon + 3min);
  file.flush(noon + 3min);
  EXPECT_EQ(directory.content("access.20261003T120500Z.log"), "early\nlate\n");
  EXPECT_EQ(directory.content("access.log"), "next\n");
}

TEST(LogFile, rotates_when_the_clock_is_set_back) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  EXPECT_TRUE(file.rotate_if_due(noon - 1h));
  EXPECT_EQ(directory.names(), Names{"access.20261003T110200Z.log"});
}

TEST(LogFile, rotates_by_size_and_never_overwrites) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {.rotate_bytes = 10}, totals);
  for (const char* line : {"123456789", "abcdefghi", "ABCDEFGHI"}) {
    file.append(line, noon);
    file.flush(noon);
    EXPECT_TRUE(file.rotate_if_due(noon));
  }
  EXPECT_EQ(directory.names(),
            (Names{"access.20261003T120200Z-1.log", "access.20261003T120200Z-2.log",
                   "access.20261003T120200Z.log"}));
  EXPECT_EQ(directory.content("access.20261003T120200Z.log"), "123456789\n");
  EXPECT_EQ(directory.content("access.20261003T120200Z-2.log"), "ABCDEFGHI\n");
}

TEST(LogFile, continues_a_former_runs_file_and_rotates_it_by_its_own_period) {
  const TemporaryDirectory directory;
  directory.write("access.log", "former\n");
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  // The file's time is the machine's own, so it is of another period than noon's.
  file.append("mine", noon);
  file.flush(noon);
  EXPECT_TRUE(file.rotate_if_due(noon));
  EXPECT_EQ(directory.content("access.20261003T120200Z.log"), "former\nmine\n");
}

TEST(LogFile, begins_anew_when_it_was_deleted) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  std::filesystem::remove(directory / "access.log");
  file.append("two", noon);
  file.flush(noon);
  EXPECT_EQ(directory.content("access.log"), "two\n");
}

TEST(LogFile, begins_anew_when_it_was_moved) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  std::filesystem::rename(directory / "access.log", directory / "access.log.1");
  directory.write("access.log", "");
  file.append("two", noon);
  file.flush(noon);
  EXPECT_EQ(directory.content("access.log.1"), "one\n");
  EXPECT_EQ(directory.content("access.log"), "two\n");
}

TEST(LogFile, does_not_rotate_a_file_that_took_its_place) {
  const TemporaryDirectory directory;
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  std::filesystem::rename(directory / "access.log", directory / "access.log.1");
  directory.write("access.log", "somebody else's");
  EXPECT_FALSE(file.rotate_if_due(noon + 5min));
  EXPECT_EQ(directory.names(), (Names{"access.log", "access.log.1"}));
}

TEST(LogFile, keeps_lines_while_the_disk_is_full_and_writes_them_later) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("/dev/full", directory / "access.log");
  LogTotals totals;
  LogFile file(directory.path(), {"access"}, {.write_bytes = 4, .buffer_bytes_max = 12}, totals);
  file.append("one", noon);
  EXPECT_EQ(file.error(), ENOSPC);
  EXPECT_EQ(totals.write_errors.value(), 1u);
  file.append("two", noon);
  EXPECT_EQ(totals.write_errors.value(), 1u) << "only a flush tries again";
  file.append("three", noon);
  EXPECT_EQ(totals.lines_lost.value(), 1u) << "buffer full";
  file.flush(noon);
  EXPECT_EQ(totals.write_errors.value(), 2u);
  std::filesystem::remove(directory / "access.log");
  file.flush(noon);
  EXPECT_EQ(file.error(), 0);
  EXPECT_EQ(directory.content("access.log"), "one\ntwo\n");
  EXPECT_EQ(totals.lines_lost.value(), 1u);
}

TEST(LogFile, counts_what_its_end_loses) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("/dev/full", directory / "access.log");
  LogTotals totals;
  {
    LogFile file(directory.path(), {"access"}, {}, totals);
    file.append("one", noon);
    file.append("two", noon);
    file.flush(noon);
    EXPECT_EQ(totals.lines_lost.value(), 0u);
  }
  EXPECT_EQ(totals.lines_lost.value(), 2u);
}

TEST(LogFile, counts_a_directory_that_cannot_be_made) {
  const TemporaryDirectory directory;
  directory.write("file", "");
  LogTotals totals;
  LogFile file(directory / "file", {"access"}, {}, totals);
  file.append("one", noon);
  file.flush(noon);
  EXPECT_EQ(file.error(), ENOTDIR);
  EXPECT_EQ(totals.write_errors.value(), 1u);
}

}  // namespace
}  // namespace daruma::telemetry
