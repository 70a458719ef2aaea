// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_writer.h"

#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace daruma::telemetry {
namespace {

std::string_view after_line(std::string_view pushed) {
  const size_t end = pushed.find('\n');
  return end == std::string_view::npos ? std::string_view() : pushed.substr(end + 1);
}

}  // namespace

LogWriter::LogWriter(LogWriterOptions options, const Registry& registry,
                     std::vector<LogRing*> rings, const Log& log)
    : options_(std::move(options)), registry_(registry), rings_(std::move(rings)), log_(log) {}

size_t LogWriter::run_once(WallTime now) {
  const size_t bytes = drain(now);
  // The wall clock may have been set back: then now, rather than when it has caught up.
  if (now < flushed_at_ || now - flushed_at_ >= options_.flush_every) flush(now);
  report(now);
  return bytes;
}

void LogWriter::finish(WallTime now) {
  drain(now);
  flush(now);
  for (const auto& file : files_) {
    if (file) file->finish(now);
  }
  files_.clear();  // counts what could not be written
  reported_at_ = {};
  report(now);
}

size_t LogWriter::drain(WallTime now) {
  size_t bytes = 0;
  for (LogRing* ring : rings_) {
    ring->drain([&](uint32_t number, std::string_view pushed) {
      bytes += pushed.size();
      LogFile& to = file(number);
      // Behind the line a worker may tell a trace, which is not for the file.
      const std::string_view line = pushed.substr(0, pushed.find('\n'));
      if (options_.observer != nullptr)
        options_.observer->on_line(kinds_[number], line, after_line(pushed));
      if (options_.format == LogFormat::alb) return to.append(line, now);
      translated_.clear();
      translator_.append(options_.format, kinds_[number], line, translated_);
      to.append(translated_, now);
    });
  }
  return bytes;
}

void LogWriter::flush(WallTime now) {
  // At the first flush too: a former run may have left more than this one is to keep.
  bool remove_old = flushed_at_ == WallTime{};
  if (remove_old) take_over_files(now);
  flushed_at_ = now;
  std::erase_if(taken_over_, [now](const auto& file) { return file->rotate_if_due(now); });
  for (const auto& file : files_) {
    if (!file) continue;
    remove_old |= file->rotate_if_due(now);
    file->flush(now);
  }
  if (remove_old) remove_old_log_files(options_.directory, options_.retention);
}

LogFile& LogWriter::file(uint32_t number) {
  if (number >= files_.size()) {
    files_.resize(number + 1);
    kinds_.resize(number + 1);
  }
  std::unique_ptr<LogFile>& file = files_[number];
  if (!file) {
    LogFileKey key = registry_.log_file_key(number);
    DARUMA_ASSERT(!key.name.empty() && key.name.find('/') == std::string::npos);
    kinds_[number] = log_kind_of(key.name).value_or(LogKind::access);
    file = std::make_unique<LogFile>(options_.directory, std::move(key), options_.file, totals_);
  }
  return *file;
}

// A run that was killed left files that nobody may write to again, such as those of a load balancer
// that is gone; what waits for a bucket must get there all the same.
void LogWriter::take_over_files(WallTime now) {
  namespace fs = std::filesystem;
  const fs::path buckets = options_.directory / bucket_folder;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(buckets, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path path = entry->path().lexically_relative(buckets);
    if (path.filename() == "AWSLogs") {
      entry.disable_recursion_pending();
      continue;
    }
    const std::string name = path.stem().string();
    if (path.extension() != ".log" || !log_kind_of(name) || !path.has_parent_path()) continue;
    const std::string bucket = path.begin()->string();
    const fs::path prefix = path.parent_path().lexically_relative(bucket);
    const LogFileKey key{name, bucket, prefix == "." ? "" : prefix.generic_string()};
    auto file = std::make_unique<LogFile>(options_.directory, key, options_.file, totals_);
    if (file->take_over(now)) taken_over_.push_back(std::move(file));
  }
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
