// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_retention.h"

#include <gtest/gtest.h>

#include "telemetry/temporary_directory.h"

namespace daruma::telemetry {
namespace {

using Names = std::vector<std::string>;

TEST(LogRetention, knows_rotated_files_by_name) {
  EXPECT_EQ(rotation_stamp("access_log_app.web.50dc.20261003T120500Z.log"),
            RotationStamp("20261003T120500Z", 0));
  EXPECT_EQ(rotation_stamp("a.20261003T120500Z-12.log"), RotationStamp("20261003T120500Z", 12));
  EXPECT_EQ(rotation_stamp("a.20261003T120500Z-3.log.gz"), RotationStamp("20261003T120500Z", 3));
  for (const char* name :
       {"", ".log", "access.log", "access.20261003T120500Z", "access.20261003T120500.log",
        "20261003T120500Z.log", ".20261003T120500Z.log", "access.20261003T120500Z-.log",
        "access.20261003T120500Z-x.log", "access.20261003T120500Zx.log",
        "access.20261003120500Z.log", "access.20261003T120500Z.gz",
        "access.20261003T120500Z.log.zst"}) {
    EXPECT_EQ(rotation_stamp(name), std::nullopt) << name;
  }
}

// Four rotated files of 10 bytes each, named so that neither order of creation nor of names is
// their age; and two that are none.
void fill(const TemporaryDirectory& directory) {
  for (const char* name :
       {"b.20261003T120500Z-10.log", "a.20261003T121000Z.log", "b.20261003T120500Z-2.log",
        "z.20261003T120000Z.log", "access.log", "notes.txt"}) {
    directory.write(name, "0123456789");
  }
}

TEST(LogRetention, removes_the_oldest_beyond_the_bytes) {
  const TemporaryDirectory directory;
  fill(directory);
  EXPECT_EQ(remove_old_log_files(directory.path(), {.bytes_max = 25}), 2u);
  EXPECT_EQ(directory.names(), (Names{"a.20261003T121000Z.log", "access.log",
                                      "b.20261003T120500Z-10.log", "notes.txt"}));
}

TEST(LogRetention, removes_the_oldest_beyond_the_number) {
  const TemporaryDirectory directory;
  fill(directory);
  EXPECT_EQ(remove_old_log_files(directory.path(), {.files_max = 1}), 3u);
  EXPECT_EQ(directory.names(), (Names{"a.20261003T121000Z.log", "access.log", "notes.txt"}));
}

TEST(LogRetention, removes_nothing_within_the_limits) {
  const TemporaryDirectory directory;
  fill(directory);
  EXPECT_EQ(remove_old_log_files(directory.path(), {.bytes_max = 40, .files_max = 4}), 0u);
  EXPECT_EQ(remove_old_log_files(directory / "absent", {}), 0u);
}

}  // namespace
}  // namespace daruma::telemetry
