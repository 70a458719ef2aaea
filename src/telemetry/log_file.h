// SPDX-License-Identifier: Apache-2.0
//
// One log file: appends whole lines through a buffer, rotates, and notices when somebody moved or
// deleted it. Owned by the LogWriter, used on its thread only.
//
// A write that fails (a full disk) leaves what is buffered where it is and is tried again at the
// next flush, so lines stay whole and in order; lines that find the buffer full are lost and
// counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/time.h"
#include "telemetry/counters.h"

namespace daruma::telemetry {

struct LogFileOptions {
  Duration rotate_every = 5min;  // at the wall clock's multiples: :00, :05, …
  uint64_t rotate_bytes = 256 * 1024 * 1024;
  size_t write_bytes = 64 * 1024;             // so much buffered is written at once
  size_t buffer_bytes_max = 4 * 1024 * 1024;  // kept while the file cannot be written
};

// What happened to all files of a LogWriter. Written by its thread, read by any.
struct LogTotals {
  Counter write_errors;  // failed attempts to create, write or rename a file
  Counter lines_lost;
};

class LogFile {
 public:
  // <directory>/<name>.log, created when the first line is written.
  LogFile(std::filesystem::path directory, std::string name, const LogFileOptions& options,
          LogTotals& totals);
  ~LogFile();  // what is still buffered is lost, and counted
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // The line's end is added where it is missing.
  void append(std::string_view line, WallTime now);
  // Writes what is buffered. If the file's name leads elsewhere by now (logrotate, rm), goes on in
  // a new file of that name.
  void flush(WallTime now);
  // If the file is due, by time or size, renames it to <name>.<UTC yyyymmddThhmmssZ>.log; the next
  // line begins a new one. True if it was renamed.
  bool rotate_if_due(WallTime now);

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
  std::filesystem::path rotated_path(WallTime now) const;

  const std::filesystem::path path_;
  const std::string name_;
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
