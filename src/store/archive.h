// SPDX-License-Identifier: Apache-2.0
//
// What metrics/time_series keeps over a restart, in one SQLite file of its own: series by number,
// blocks of their points, and a journal of slices, which hold what every series took in within ten
// seconds. Compressed with zlib. The archive knows nothing of what its bytes mean.
//
// What was written is there after the process ended at any moment; after the machine did, up to the
// last checkpoint of SQLite's log (synchronous=NORMAL). The file is its owner's alone (0600), and
// of limited size: then writing fails, as on a full disk. Calls wait for the disk. One thread each:
// who reads beside a writer opens another one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

typedef struct sqlite3 sqlite3;

namespace daruma::store {

struct ArchivedSeries {
  uint32_t number = 0;
  std::string description;  // "" in a batch: as it was
  int64_t last_point = 0;
};
struct ArchivedBlock {
  uint32_t series = 0;
  uint8_t tier = 0;    // below 8
  uint32_t place = 0;  // in time: the how manieth block of its tier since 1970
  std::string bytes{};
};
struct ArchivedSlice {
  int64_t time = 0;
  std::string bytes;
};

// One transaction. What is there already is replaced.
struct ArchiveBatch {
  std::vector<ArchivedSeries> series;
  std::vector<uint32_t> forgotten_series;
  std::vector<ArchivedBlock> blocks;
  std::vector<ArchivedSlice> slices;
  std::array<uint32_t, 8> blocks_before{};  // of each tier, blocks of places before it go
  int64_t slices_before = 0;                // slices before it go
  int64_t checkpoint = 0;                   // 0: as it was
  uint64_t points = 0;                      // how many there are in it; for who must count them
};

struct ArchiveContents {
  int64_t checkpoint = 0;    // of the last batch that had one
  uint32_t next_series = 1;  // no number from here on was ever given
  std::vector<ArchivedSeries> series;
  std::vector<ArchivedSlice> slices;  // by time
};

class Archive {
 public:
  static constexpr int64_t bytes_max = 1024L * 1024 * 1024;

  // Makes the file if it is missing. Fails if it is damaged or of another form.
  static Result<std::unique_ptr<Archive>> open(const std::string& file,
                                               int64_t bytes_most = bytes_max);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  Result<void> write(const ArchiveBatch& batch);
  Result<ArchiveContents> load();
  // Of one series, places in [from, to), ascending. What cannot be read is left out.
  std::vector<ArchivedBlock> blocks(uint32_t series, uint8_t tier, uint32_t from, uint32_t to);
  int64_t bytes();       // of the file
  int64_t bytes_used();  // of it; the rest is free for what comes

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };
  explicit Archive(std::unique_ptr<sqlite3, Closer> database) : database_(std::move(database)) {}
  Result<void> prepare(int64_t bytes_most);
  Result<void> execute(const char* sql);
  Result<void> write_within(const ArchiveBatch& batch);
  [[nodiscard]] tl::unexpected<Error> problem(const char* doing) const;

  std::unique_ptr<sqlite3, Closer> database_;
};

}  // namespace daruma::store
