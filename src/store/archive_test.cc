// SPDX-License-Identifier: Apache-2.0
#include "store/archive.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace daruma::store {
namespace {

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() { std::filesystem::remove_all(folder_); }
  ~ArchiveTest() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Archive> open(int64_t bytes_most = Archive::bytes_max) {
    std::filesystem::create_directories(folder_);
    auto archive = Archive::open(file_, bytes_most);
    EXPECT_TRUE(archive.has_value()) << (archive ? "" : archive.error().message);
    return archive ? std::move(*archive) : nullptr;
  }

  const std::string folder_ = testing::TempDir() + "archive-" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string file_ = folder_ + "/metrics.db";
};

TEST_F(ArchiveTest, gives_back_what_was_written) {
  ArchiveBatch batch;
  batch.series = {{1, std::string("a\0b", 3), 5}, {7, "c", 6}};
  batch.blocks = {
      {7, 1, 100, "early"}, {7, 1, 101, std::string(10'000, 'x')}, {1, 1, 100, "other"}};
  batch.slices = {{20, "second"}, {10, "first"}};
  batch.checkpoint = 3600;
  ASSERT_TRUE(open()->write(batch).has_value());
  ArchiveBatch more;
  more.series = {{7, "", 60}};
  more.blocks = {{7, 1, 100, "replaced"}};
  more.slices_before = 20;
  more.forgotten_series = {1};
  ASSERT_TRUE(open()->write(more).has_value());
  const auto archive = open();
  const auto contents = archive->load();
  ASSERT_TRUE(contents.has_value());
  EXPECT_EQ(contents->checkpoint, 3600);
  EXPECT_EQ(contents->next_series, 8u);
  ASSERT_EQ(contents->series.size(), 1u);
  EXPECT_EQ(contents->series[0].description, "c");
  EXPECT_EQ(contents->series[0].last_point, 60);
  ASSERT_EQ(contents->slices.size(), 1u);
  EXPECT_EQ(contents->slices[0].bytes, "second");
  const auto blocks = archive->blocks(7, 1, 90, 110);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].bytes, "replaced");
  EXPECT_EQ(blocks[1].bytes.size(), 10'000u);
  EXPECT_TRUE(archive->blocks(7, 2, 90, 110).empty());
}

TEST_F(ArchiveTest, forgets_blocks_that_are_too_old) {
  const auto archive = open();
  ArchiveBatch batch;
  for (uint32_t place = 0; place < 10; ++place) {
    for (uint8_t tier = 1; tier < 4; ++tier) batch.blocks.push_back({5, tier, place, "x"});
  }
  batch.slices_before = 0;
  ASSERT_TRUE(archive->write(batch).has_value());
  ArchiveBatch clearing;
  clearing.blocks_before = {0, 4, 0, 10};
  ASSERT_TRUE(archive->write(clearing).has_value());
  EXPECT_EQ(archive->blocks(5, 1, 0, 10).size(), 6u);
  EXPECT_EQ(archive->blocks(5, 2, 0, 10).size(), 10u);
  EXPECT_EQ(archive->blocks(5, 3, 0, 10).size(), 0u);
  EXPECT_GT(archive->bytes_used(), 0);
  EXPECT_LE(archive->bytes_used(), archive->bytes());
}

TEST_F(ArchiveTest, of_a_full_one_nothing_is_lost_that_was_there) {
  const auto archive = open(200 * 1024);
  ArchiveBatch batch;
  batch.slices = {{1, "kept"}};
  ASSERT_TRUE(archive->write(batch).has_value());
  std::string noise;
  for (uint32_t i = 0; noise.size() < 1'000'000; ++i) noise += std::to_string(i * 2654435761u);
  ArchiveBatch large;
  large.slices = {{2, noise}};
  EXPECT_FALSE(archive->write(large).has_value());
  large.slices = {{2, "small"}};
  EXPECT_TRUE(archive->write(large).has_value());
  EXPECT_EQ(archive->load()->slices.size(), 2u);
  EXPECT_LE(archive->bytes(), 200 * 1024);
}

TEST_F(ArchiveTest, a_reader_sees_what_a_writer_committed) {
  const auto writer = open();
  const auto reader = open();
  ArchiveBatch batch;
  batch.blocks = {{1, 1, 5, "x"}};
  ASSERT_TRUE(writer->write(batch).has_value());
  EXPECT_EQ(reader->blocks(1, 1, 5, 6).size(), 1u);
}

TEST_F(ArchiveTest, refuses_what_is_none) {
  std::filesystem::create_directories(folder_);
  std::ofstream(file_) << std::string(5000, 'z');
  EXPECT_FALSE(Archive::open(file_).has_value());
}

TEST_F(ArchiveTest, is_its_owners_alone) {
  open();
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace daruma::store
