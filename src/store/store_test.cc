// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace daruma::store {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string name = (fs::temp_directory_path() / "daruma-store-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    file_ = folder_ / "store.db";
  }
  ~StoreTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Store> open() {
    auto store = Store::open(file_.string());
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  std::string refusal() {
    const auto store = Store::open(file_.string());
    return store ? "" : store.error().message;
  }
  void execute(const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(StoreTest, begins_empty_and_for_its_owner_alone) {
  const auto store = open();
  const auto contents = store->load();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->revision, 0U);
  EXPECT_TRUE(contents->rows.empty());
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(StoreTest, keeps_what_was_committed) {
  const std::string odd("a\0b'\"\xc3\xa4", 7);
  {
    const auto store = open();
    const Change first[] = {{"b", "2", "two"}, {"a", "1", "one"}, {"b", "1", odd}};
    ASSERT_EQ(store->commit(0, first).value_or(0), 1U);
    const Change second[] = {{"b", "2", std::nullopt}, {"a", "1", ""}, {"none", "x", std::nullopt}};
    ASSERT_EQ(store->commit(1, second).value_or(0), 2U);
  }
  const auto contents = open()->load();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->revision, 2U);
  EXPECT_EQ(contents->rows, (std::vector<Row>{{"a", "1", ""}, {"b", "1", odd}}));
}

TEST_F(StoreTest, refuses_to_write_over_somebody_elses_revision) {
  const auto store = open();
  const Change change[] = {{"a", "1", "one"}};
  ASSERT_TRUE(store->commit(0, change));
  const auto again = store->commit(0, change);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "the store is at revision 1, not 0");
  EXPECT_EQ(store->commit(1, change).value_or(0), 2U);
}

// As after kill -9: the files are copied while the store is open, without its last checkpoint.
TEST_F(StoreTest, recovers_what_only_the_log_has) {
  const auto store = open();
  const Change change[] = {{"a", "1", "one"}};
  ASSERT_TRUE(store->commit(0, change));
  const fs::path torn = folder_ / "torn.db";
  fs::copy_file(file_, torn);
  fs::copy_file(file_.string() + "-wal", torn.string() + "-wal");
  const auto recovered = Store::open(torn.string());
  ASSERT_TRUE(recovered) << recovered.error().message;
  EXPECT_EQ((*recovered)->load()->rows, (std::vector<Row>{{"a", "1", "one"}}));
}

TEST_F(StoreTest, forgets_a_commit_that_was_torn) {
  const auto store = open();
  const Change first[] = {{"a", "1", "one"}};
  const Change second[] = {{"a", "2", std::string(20'000, 'x')}};
  ASSERT_TRUE(store->commit(0, first));
  ASSERT_TRUE(store->commit(1, second));
  const fs::path torn = folder_ / "torn.db";
  const std::string log = torn.string() + "-wal";
  fs::copy_file(file_, torn);
  fs::copy_file(file_.string() + "-wal", log);
  fs::resize_file(log, fs::file_size(log) - 100);
  const auto recovered = Store::open(torn.string());
  ASSERT_TRUE(recovered) << recovered.error().message;
  const auto contents = (*recovered)->load();
  EXPECT_EQ(contents->revision, 1U);
  EXPECT_EQ(contents->rows, (std::vector<Row>{{"a", "1", "one"}}));
}

TEST_F(StoreTest, says_what_it_cannot_open) {
  std::ofstream(file_) << "this is no database, though it is long enough to be looked at";
  EXPECT_NE(refusal().find("not a database"), std::string::npos) << refusal();
  fs::remove(file_);
  open();
  execute("PRAGMA user_version = 77");
  EXPECT_NE(refusal().find("newer release (form 77"), std::string::npos) << refusal();
  EXPECT_FALSE(Store::open((folder_ / "nowhere/store.db").string()));
}

TEST_F(StoreTest, is_copied_to_one_file_while_it_is_open) {
  const auto store = open();
  const Change change[] = {{"a", "1", "one"}};
  ASSERT_TRUE(store->commit(0, change));
  const std::string copy = (folder_ / "copy.db").string();
  ASSERT_TRUE(Store::copy(file_.string(), copy));
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(store->commit(1, change));
  const auto contents = (*Store::open(copy))->load();
  EXPECT_EQ(contents->revision, 1U);
  EXPECT_EQ(contents->rows, (std::vector<Row>{{"a", "1", "one"}}));
  EXPECT_FALSE(Store::copy(file_.string(), copy)) << "it exists";
  EXPECT_FALSE(Store::copy((folder_ / "none.db").string(), (folder_ / "b.db").string()));
  std::ofstream(folder_ / "text") << "no database at all, however long it may be, is copied";
  EXPECT_FALSE(Store::copy((folder_ / "text").string(), (folder_ / "b.db").string()));
  EXPECT_FALSE(fs::exists(folder_ / "b.db"));
}

TEST_F(StoreTest, is_replaced_by_another_and_kept_aside) {
  const Change change[] = {{"a", "1", "one"}};
  const Change other[] = {{"a", "1", "other"}};
  const std::string fresh = (folder_ / "fresh.db").string();
  ASSERT_TRUE((*Store::open(fresh))->commit(0, other));
  ASSERT_TRUE(open()->commit(0, change));
  // As kill -9 leaves it: the commit is in the log alone.
  {
    const auto store = open();
    const Change later[] = {{"a", "2", "later"}};
    ASSERT_TRUE(store->commit(1, later));
    EXPECT_FALSE(Store::replace((folder_ / "none.db").string(), file_.string()));
    fs::copy_file(file_, folder_ / "torn.db");
    fs::copy_file(file_.string() + "-wal", folder_ / "torn.db-wal");
  }
  const std::string torn = (folder_ / "torn.db").string();
  const auto replaced = Store::replace(fresh, torn);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_FALSE(fs::exists(torn + "-wal"));
  EXPECT_FALSE(fs::exists(fresh));
  EXPECT_EQ((*Store::open(torn))->load()->rows, (std::vector<Row>{{"a", "1", "other"}}));
  EXPECT_EQ((*Store::open(torn + ".former"))->load()->rows,
            (std::vector<Row>{{"a", "1", "one"}, {"a", "2", "later"}}));
}

TEST_F(StoreTest, a_damaged_one_can_be_replaced) {
  std::ofstream(file_) << "this is no database, though it is long enough to be looked at";
  const std::string fresh = (folder_ / "fresh.db").string();
  ASSERT_TRUE(Store::open(fresh));
  ASSERT_TRUE(Store::replace(fresh, file_.string()));
  EXPECT_TRUE(open()->load());
  EXPECT_TRUE(fs::exists(file_.string() + ".former"));
}

TEST_F(StoreTest, is_not_replaced_while_somebody_reads_it) {
  const Change change[] = {{"a", "1", "one"}};
  const std::string fresh = (folder_ / "fresh.db").string();
  ASSERT_TRUE(Store::open(fresh));
  const auto store = open();
  ASSERT_TRUE(store->commit(0, change));
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT * FROM resource", nullptr, nullptr, nullptr), 0);
  const Change later[] = {{"a", "1", "two"}};
  ASSERT_TRUE(store->commit(1, later));
  EXPECT_FALSE(Store::replace(fresh, file_.string()));
  EXPECT_TRUE(fs::exists(fresh));
  sqlite3_close(reader);
}

// What an answer promises: the log, synced at each commit.
TEST_F(StoreTest, a_commit_waits_for_the_disk) {
  const auto store = open();
  EXPECT_EQ(store->setting("journal_mode"), "wal");
  EXPECT_EQ(store->setting("synchronous"), "2");
}

class ReadStore : public StoreTest {
 protected:
  std::string bytes() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  const std::vector<Row> one_{{"a", "1", "one"}};
  const Change change_[1] = {{"a", "1", "one"}};
};

TEST_F(ReadStore, nothing_is_made_or_changed) {
  EXPECT_EQ(Store::read(file_.string()).error().message, "there is no " + file_.string());
  EXPECT_EQ(files(), 0U);
  file_ = folder_ / "a?b#c%20.db";
  ASSERT_TRUE(open()->commit(0, change_));
  const std::string before = bytes();
  const auto contents = Store::read(file_.string());
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_EQ(contents->revision, 1U);
  EXPECT_EQ(contents->rows, one_);
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReadStore, what_somebody_else_has_just_committed_is_there) {
  const auto store = open();
  ASSERT_TRUE(store->commit(0, change_));
  EXPECT_EQ(Store::read(file_.string()).value().rows, one_);
  const Change gone[] = {{"a", "1", std::nullopt}};
  EXPECT_TRUE(store->commit(1, gone)) << "the reader has left nothing behind";
  EXPECT_TRUE(Store::read(file_.string()).value().rows.empty());
}

TEST_F(ReadStore, one_of_another_form_is_refused_and_left_alone) {
  for (const auto& [form, word] : {std::pair{"0", "older"}, {"99", "newer"}}) {
    open();
    execute((std::string("PRAGMA user_version=") + form).c_str());
    const std::string before = bytes();
    const auto contents = Store::read(file_.string());
    ASSERT_FALSE(contents);
    EXPECT_NE(contents.error().message.find(word), std::string::npos) << contents.error().message;
    EXPECT_EQ(bytes(), before);
    execute("PRAGMA user_version=1");
  }
  std::ofstream(file_) << "this is no database, though it is long enough to be looked at";
  EXPECT_FALSE(Store::read(file_.string()));
}

}  // namespace
}  // namespace daruma::store
