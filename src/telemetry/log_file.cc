// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/time_text.h"

namespace daruma::telemetry {
namespace {

// Access logs tell who visited: not for everybody's eyes.
constexpr mode_t file_mode = 0640;

WallTime modified_at(const struct stat& status) {
  return WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
}

}  // namespace

LogFile::LogFile(std::filesystem::path directory, LogFileKey key, const LogFileOptions& options,
                 LogTotals& totals)
    : key_(std::move(key)),
      folder_(key_.bucket.empty() ? std::move(directory)
                                  : std::move(directory) / bucket_folder / key_.bucket),
      path_(folder_ / key_.prefix / (key_.name + ".log")),
      options_(options),
      totals_(totals) {}

LogFile::~LogFile() {
  close();
  totals_.lines_lost.add(static_cast<uint64_t>(std::ranges::count(buffer_, '\n')));
}

void LogFile::append(std::string_view line, WallTime now) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (buffer_.size() + line.size() + 1 > options_.buffer_bytes_max) {
    totals_.lines_lost.add();
    return;
  }
  buffer_ += line;
  buffer_ += '\n';
  // While writing fails only flush() tries, so that a full disk costs no system call per line.
  if (buffer_.size() >= options_.write_bytes && error_ == 0) write_buffer(now);
}

void LogFile::flush(WallTime now) {
  if (descriptor_ >= 0 && !is_at_its_path()) close();
  write_buffer(now);
}

void LogFile::write_buffer(WallTime now) {
  if (buffer_.empty() || (descriptor_ < 0 && !open(now))) return;
  size_t written = 0;
  while (written < buffer_.size()) {
    // tidy-allow(banned-call): this is the writer; it has a thread that may wait for the disk.
    const ssize_t n = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      fail_with(n < 0 ? errno : ENOSPC);
      break;
    }
    written += static_cast<size_t>(n);
    succeed();
  }
  if (written == 0) return;
  bytes_ += written;
  within_a_line_ = buffer_[written - 1] != '\n';
  buffer_.erase(0, written);
}

bool LogFile::rotate_if_due(WallTime now) {
  if (descriptor_ < 0) return false;
  if (period_of(now) == period_ && bytes_ < options_.rotate_bytes) return false;
  flush(now);
  return rotate(now);
}

void LogFile::finish(WallTime now) {
  flush(now);
  if (!key_.bucket.empty()) rotate(now);
}

bool LogFile::take_over(WallTime now) {
  std::error_code ignored;
  return descriptor_ < 0 && std::filesystem::is_regular_file(path_, ignored) && open(now);
}

bool LogFile::rotate(WallTime now) {
  if (descriptor_ < 0) return false;
  if (bytes_ == 0) {
    period_ = period_of(now);
    return false;
  }
  const std::filesystem::path to = key_.bucket.empty() ? rotated_path(now) : object_path(now);
  std::error_code ignored;  // rename() tells more
  std::filesystem::create_directories(to.parent_path(), ignored);
  const bool renamed = std::rename(path_.c_str(), to.c_str()) == 0;
  if (!renamed) fail_with(errno);
  close();
  return renamed;
}

bool LogFile::open(WallTime now) {
  std::error_code ignored;  // open() tells more
  std::filesystem::create_directories(path_.parent_path(), ignored);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, file_mode);
  struct stat status;
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    fail_with(errno);
    close();
    return false;
  }
  bytes_ = static_cast<uint64_t>(status.st_size);
  // What a former run left here belongs to its own period.
  period_ = period_of(bytes_ == 0 ? now : modified_at(status));
  return true;
}

void LogFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!within_a_line_) return;
  // The rest of a line whose beginning stands in that file would be nonsense in the next.
  within_a_line_ = false;
  buffer_.erase(0, buffer_.find('\n') + 1);
  totals_.lines_lost.add();
}

bool LogFile::is_at_its_path() const {
  struct stat ours;
  struct stat there;
  return ::fstat(descriptor_, &ours) == 0 && ::stat(path_.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void LogFile::fail_with(int error) {
  error_ = error;
  totals_.write_errors.add();
}

int64_t LogFile::period_of(WallTime time) const {
  return std::chrono::floor<Duration>(Duration(time.time_since_epoch())) / options_.rotate_every;
}

std::filesystem::path LogFile::rotated_path(WallTime now) const {
  const std::string stem = key_.name + "." + compact_date_and_time(now);
  std::filesystem::path path = path_.parent_path() / (stem + ".log");
  std::error_code ignored;
  for (int n = 1; std::filesystem::exists(path, ignored); ++n) {
    path = path_.parent_path() / fmt::format("{}-{}.log", stem, n);
  }
  return path;
}

std::filesystem::path LogFile::object_path(WallTime now) const {
  const auto end = WallTime(
      std::chrono::floor<std::chrono::microseconds>((period_ + 1) * options_.rotate_every));
  std::filesystem::path path;
  std::error_code ignored;
  auto salt = static_cast<uint64_t>(now.time_since_epoch().count());
  do {
    path = folder_ / (log_object_key(key_, options_.origin, end, salt++));
  } while (std::filesystem::exists(path, ignored));
  return path;
}

}  // namespace daruma::telemetry
