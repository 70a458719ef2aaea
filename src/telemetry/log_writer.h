// SPDX-License-Identifier: Apache-2.0
//
// What the telemetry thread does: takes the lines of all rings and writes them to files named by
// Registry::log_file(). No worker ever waits for a disk: what the rings
// cannot hold is dropped and counted by the worker, what the disk refuses is lost and counted here.
// Lines reach the disk within `flush_every`; a crash may lose that much.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "telemetry/log_file.h"
#include "telemetry/log_format.h"
#include "telemetry/log_retention.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::telemetry {

// Hears every line as it is written, on the writer's thread.
class LogLineObserver {
 public:
  // `trace` is the request's traceparent (W3C Trace Context), after "brought " or, if Daruma has
  // begun it, "begun "; "" if the worker told none. Views die with the call.
  virtual void on_line(LogKind kind, std::string_view line, std::string_view trace) = 0;

 protected:
  ~LogLineObserver() = default;
};

struct LogWriterOptions {
  std::filesystem::path directory;
  LogFileOptions file{};
  LogFormat format = LogFormat::alb;
  Duration flush_every = 1s;
  Duration report_every = 1min;  // at most so often does the operational log hear of failures
  LogRetention retention{};
  LogLineObserver* observer = nullptr;  // outlives the writer
};

class LogWriter {
 public:
  // The registry, the rings and the log outlive the writer.
  LogWriter(LogWriterOptions options, const Registry& registry, std::vector<LogRing*> rings,
            const Log& log);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // A turn: call every 50–100 ms with the wall clock's time, and sooner after one that had much to
  // do. How many bytes of lines it took.
  size_t run_once(WallTime now);
  // The last turn: everything that was pushed is written, or counted as lost. REQUIRES: no one
  // pushes any more.
  void finish(WallTime now);

  const LogTotals& totals() const { return totals_; }  // any thread

 private:
  size_t drain(WallTime now);
  void flush(WallTime now);
  LogFile& file(uint32_t number);
  void take_over_files(WallTime now);
  void report(WallTime now);

  const LogWriterOptions options_;
  const Registry& registry_;
  const std::vector<LogRing*> rings_;
  const Log& log_;
  LogTotals totals_;
  LogTranslator translator_;
  std::string translated_;                       // room for a line
  std::vector<std::unique_ptr<LogFile>> files_;  // by number; null where nothing was written yet
  std::vector<LogKind> kinds_;                   // the same
  std::vector<std::unique_ptr<LogFile>> taken_over_;  // a former run's, until they are rotated
  WallTime flushed_at_{};
  WallTime reported_at_{};
  uint64_t reported_errors_ = 0;
  uint64_t reported_lost_ = 0;
};

}  // namespace daruma::telemetry
