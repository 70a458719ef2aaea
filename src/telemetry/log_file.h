// SPDX-License-Identifier: Apache-2.0
//
// One log file: appends whole lines through a buffer, rotates, and notices when somebody moved or
// deleted it. Owned by the LogWriter, used on its thread only.
//
// A write that fails (a full disk) leaves what is buffered where it is and is tried again at the
// next flush, so lines stay whole and in order; lines that find the buffer full are lost and
// counted.
//
// The file of a log that goes to a bucket lies in a folder of the bucket's own, and is moved, when
// it is complete, to the path below it that is its key in the bucket; notify/log_shipper takes it
// from there. So what waits is where it should go, whatever becomes of the configuration.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/time.h"
#include "telemetry/counters.h"
#include "telemetry/log_file_key.h"

namespace daruma::telemetry {

struct LogFileOptions {
  Duration rotate_every = 5min;  // at the wall clock's multiples: :00, :05, …
  uint64_t rotate_bytes = 256 * 1024 * 1024;
  size_t write_bytes = 64 * 1024;             // so much buffered is written at once
  size_t buffer_bytes_max = 4 * 1024 * 1024;  // kept while the file cannot be written
  LogOrigin origin{};                         // that names of objects tell
};

// What happened to all files of a LogWriter. Written by its thread, read by any.
struct LogTotals {
  Counter write_errors;  // failed attempts to create, write or rename a file
  Counter lines_lost;
};

// What happened to complete files that go to buckets (notify/log_shipper, whose thread writes it).
struct LogShipperTotals {
  Counter files_put;
  Counter put_errors;
  Counter files_lost;  // too old, or too many
  std::atomic<uint64_t> waiting_bytes{0};
};

// In the directory of logs: what goes to buckets, in a folder for each.
inline constexpr std::string_view bucket_folder = "buckets";

class LogFile {
 public:
  // <directory>/<name>.log, or <directory>/buckets/<bucket>/[<prefix>/]<name>.log, created when the
  // first line is written.
  LogFile(std::filesystem::path directory, LogFileKey key, const LogFileOptions& options,
          LogTotals& totals);
  ~LogFile();  // what is still buffered is lost, and counted
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // The line's end is added where it is missing.
  void append(std::string_view line, WallTime now);
  // Writes what is buffered. If the file's name leads elsewhere by now (logrotate, rm), goes on in
  // a new file of that name.
  void flush(WallTime now);
  // If the file is due, by time or size, renames it to <name>.<UTC yyyymmddThhmmssZ>.log, or to its
  // key (log_object_key()); the next line begins a new one. True if it was renamed.
  bool rotate_if_due(WallTime now);
  // The last of this run: what goes to a bucket is renamed whether or not it is due.
  void finish(WallTime now);
  // Opens what a former run left, if there is anything. True if it did.
  bool take_over(WallTime now);

  const std::filesystem::path& path() const { return path_; }
  // errno of the last attempt to write, 0 if it succeeded.
  int error() const { return error_; }

 private:
  bool open(WallTime now);
  void close();
  bool is_at_its_path() const;
  void write_buffer(WallTime now);
  void succeed() { error_ = 0; }
  void fail_with(int error);
  int64_t period_of(WallTime time) const;
  bool rotate(WallTime now);
  std::filesystem::path rotated_path(WallTime now) const;
  std::filesystem::path object_path(WallTime now) const;

  const LogFileKey key_;
  const std::filesystem::path folder_;  // of its bucket, or the directory
  const std::filesystem::path path_;
  const LogFileOptions options_;
  LogTotals& totals_;
  std::string buffer_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;          // in the open file
  int64_t period_ = 0;          // the open file's, in multiples of rotate_every
  bool within_a_line_ = false;  // the open file ends, and the buffer begins, within a line
  int error_ = 0;
};

}  // namespace daruma::telemetry
