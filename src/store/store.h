// SPDX-License-Identifier: Apache-2.0
//
// Where resources that the API made are kept: rows of (kind, key) → value in one SQLite file. What
// was committed is on the disk when commit() returns, and is there after a crash at any moment: a
// write-ahead log, synchronous=FULL. The store knows nothing of what its rows mean.
//
// The file is its owner's alone (0600), and one process's at a time (control/data_lock) but for
// copies. Calls wait for the disk. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

typedef struct sqlite3 sqlite3;

namespace daruma::store {

struct Row {
  std::string kind;
  std::string key;
  std::string value;
  bool operator==(const Row&) const = default;
};

struct Contents {
  uint64_t revision = 0;  // how many commits there were
  std::vector<Row> rows;  // by kind, then key
};

struct Change {
  std::string kind;
  std::string key;
  std::optional<std::string> value;  // nullopt: the row goes
};

class Store {
 public:
  // Makes the file if it is missing (its folder must exist), brings an older one up to date, and
  // refuses one that is damaged or of a newer release.
  static Result<std::unique_ptr<Store>> open(const std::string& file);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Result<Contents> load();

  // All changes or none. Fails if the revision is not `expected`: somebody else wrote. Returns the
  // new revision; the changes are on the disk.
  Result<uint64_t> commit(uint64_t expected, std::span<const Change> changes);

  // Of this connection: PRAGMA `name`.
  std::string setting(const char* name);

  // What is committed at `file` now; nothing there is made or changed, and another process may be
  // writing. Fails if the file is missing, damaged, or of another form than this release's.
  static Result<Contents> read(const std::string& file);

  // A copy of what is committed at `from` now, as one file on the disk, which must not exist yet.
  // Another process may be writing there.
  static Result<void> copy(const std::string& from, const std::string& to);

  // The file takes the other's place, and nothing but it is there afterwards, a crash at any moment
  // aside: then it is either, whole. What was there is FILE.former with all that belonged to it,
  // also if it was damaged. Fails if somebody reads it. REQUIRES: both in one folder; nobody writes
  // to either.
  static Result<void> replace(const std::string& fresh, const std::string& file);

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };
  using Database = std::unique_ptr<sqlite3, Closer>;
  explicit Store(Database database) : database_(std::move(database)) {}

  enum class LogState : uint8_t { empty, in_use, damaged };
  static LogState write_log_back(const std::string& file);
  Result<void> prepare();
  Result<uint64_t> form();
  Result<void> migrate();
  Result<void> check_health();
  Result<Contents> read_as_it_is();
  Result<void> execute(const char* sql);
  Result<uint64_t> revision();
  Result<void> write(const Change& change);
  Result<uint64_t> commit_within(uint64_t expected, std::span<const Change> changes);
  [[nodiscard]] tl::unexpected<Error> problem(const char* doing) const;

  Database database_;
};

}  // namespace daruma::store
