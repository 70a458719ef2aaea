// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_writer.h"

#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace daruma::telemetry {

LogWriter::LogWriter(LogWriterOptions options, const Registry& registry,
                     std::vector<LogRing*> rings, const Log& log)
    : options_(std::move(options)), registry_(registry), rings_(std::move(rings)), log_(log) {}

void LogWriter::run_once(WallTime now) {
  drain(now);
  // The wall clock may have been set back: then now, rather than when it has caught up.
  if (now < flushed_at_ || now - flushed_at_ >= options_.flush_every) flush(now);
  report(now);
}

void LogWriter::finish(WallTime now) {
  drain(now);
  flush(now);
  files_.clear();  // counts what could not be written
  reported_at_ = {};
  report(now);
}

void LogWriter::drain(WallTime now) {
  for (LogRing* ring : rings_) {
    ring->drain([&](uint32_t number, std::string_view line) { file(number).append(line, now); });
  }
}

void LogWriter::flush(WallTime now) {
  // At the first flush too: a former run may have left more than this one is to keep.
  bool remove_old = flushed_at_ == WallTime{};
  flushed_at_ = now;
  for (const auto& file : files_) {
    if (!file) continue;
    remove_old |= file->rotate_if_due(now);
    file->flush(now);
  }
  if (remove_old) remove_old_log_files(options_.directory, options_.retention);
}

LogFile& LogWriter::file(uint32_t number) {
  if (number >= files_.size()) files_.resize(number + 1);
  std::unique_ptr<LogFile>& file = files_[number];
  if (!file) {
    const std::string name = registry_.log_file_name(number);
    DARUMA_ASSERT(!name.empty() && name.find('/') == std::string::npos);
    file = std::make_unique<LogFile>(options_.directory, name, options_.file, totals_);
  }
  return *file;
}

void LogWriter::report(WallTime now) {
  const uint64_t errors = totals_.write_errors.value();
  const uint64_t lost = totals_.lines_lost.value();
  if (errors == reported_errors_ && lost == reported_lost_) return;
  if (now >= reported_at_ && now - reported_at_ < options_.report_every) return;
  const LogFile* failing = nullptr;
  for (const auto& file : files_) {
    if (file && file->error() != 0) failing = file.get();
  }
  const std::string counts[] = {std::to_string(errors - reported_errors_),
                                std::to_string(lost - reported_lost_)};
  if (failing) {
    log_.write(LogLevel::error, "telemetry", "log file cannot be written; traffic goes on",
               {{"file", failing->path().string()},
                {"cause", std::generic_category().message(failing->error())},
                {"failed_writes", counts[0]},
                {"lines_lost", counts[1]}});
  } else {
    log_.write(LogLevel::warning, "telemetry", "log files could not be written for a while",
               {{"failed_writes", counts[0]}, {"lines_lost", counts[1]}});
  }
  reported_at_ = now;
  reported_errors_ = errors;
  reported_lost_ = lost;
}

}  // namespace daruma::telemetry
