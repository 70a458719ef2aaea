// SPDX-License-Identifier: Apache-2.0
#include "notify/log_shipper.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "telemetry/log_file.h"
#include "telemetry/log_retention.h"

namespace daruma::notify {
namespace {

namespace fs = std::filesystem;

constexpr Duration retry_least = 5s;
constexpr Duration retry_most = 5min;
constexpr int gzip_window = 15 + 16;  // zlib's way to say gzip
constexpr int memory_level = 8;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::string text_of(int error) {
  return std::generic_category().message(error);
}

// Written beside its place, and renamed when it is whole.
Result<void> write_whole(const fs::path& path, const std::string& content) {
  const fs::path part = path.string() + ".part";
  File file(std::fopen(part.c_str(), "wb"));
  bool good = file && std::fwrite(content.data(), 1, content.size(), file.get()) == content.size();
  good = good && std::fflush(file.get()) == 0;
  const int error = errno;
  file.reset();
  if (good && std::rename(part.c_str(), path.c_str()) == 0) return {};
  const std::string problem = text_of(good ? errno : error);
  std::remove(part.c_str());
  return fail(problem);
}

}  // namespace

Result<std::string> gzipped(const fs::path& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return fail(text_of(errno));
  z_stream stream{};
  DARUMA_ASSERT(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                             Z_DEFAULT_STRATEGY) == Z_OK);
  std::array<char, 64 * 1024> in;
  std::array<char, 64 * 1024> out;
  std::string compressed;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(std::fread(in.data(), 1, in.size(), file.get()));
    if (std::ferror(file.get())) break;
    const int flush = std::feof(file.get()) ? Z_FINISH : Z_NO_FLUSH;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = out.size();
      status = deflate(&stream, flush);
      compressed.append(out.data(), out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail("it cannot be read");
  return compressed;
}

LogShipper::LogShipper(LogShipperOptions options, Buckets& buckets, const Log& log,
                       std::function<bool()> stopping)
    : options_(std::move(options)), buckets_(buckets), log_(log), stopping_(std::move(stopping)) {}

void LogShipper::turn(Instant now, WallTime wall_now) {
  if (options_.compress) compress_those_that_stay();
  std::vector<Waiting> files = waiting();
  shorten(files, wall_now);
  for (const Waiting& file : files) {
    if (stopping_()) return;
    const auto retry = retries_.try_emplace(file.bucket, retry_least, retry_most).first;
    if (retry->second.due(now)) ship(file, now);
  }
}

// The oldest first.
std::vector<LogShipper::Waiting> LogShipper::waiting() const {
  std::vector<Waiting> files;
  const fs::path folder = options_.directory / telemetry::bucket_folder;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status;
    const fs::path& path = entry->path();
    if (path.extension() != ".log" || ::stat(path.c_str(), &status) != 0) continue;
    if (!S_ISREG(status.st_mode)) continue;
    const fs::path inside = path.lexically_relative(folder);
    const std::string bucket = inside.begin()->string();
    const std::string key = inside.lexically_relative(bucket).generic_string();
    // What is not below is still being written to.
    if (!key.starts_with("AWSLogs/") && key.find("/AWSLogs/") == std::string::npos) continue;
    files.push_back({path, bucket, key, static_cast<uint64_t>(status.st_size),
                     WallTime(std::chrono::seconds(status.st_mtim.tv_sec))});
  }
  std::ranges::sort(files, {}, [](const Waiting& f) { return std::tie(f.modified, f.path); });
  return files;
}

void LogShipper::shorten(std::vector<Waiting>& files, WallTime now) {
  uint64_t bytes = 0;
  for (const Waiting& file : files) bytes += file.bytes;
  size_t lost = 0;
  std::error_code ignored;
  for (; lost < files.size(); ++lost) {
    const Waiting& oldest = files[lost];
    if (bytes <= options_.waiting_bytes_max && now - oldest.modified <= options_.age_max) break;
    bytes -= oldest.bytes;
    fs::remove(oldest.path, ignored);
  }
  totals_.waiting_bytes.store(bytes, std::memory_order_relaxed);
  if (lost == 0) return;
  totals_.files_lost.add(lost);
  log_.write(LogLevel::error, "logs", "log files are lost: they could not be put in their bucket",
             {{"bucket", files.front().bucket}, {"files", std::to_string(lost)}});
  files.erase(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(lost));
}

void LogShipper::ship(const Waiting& file, Instant now) {
  Retry& retry = retries_.at(file.bucket);
  Result<std::string> content = gzipped(file.path);
  Result<void> done = content ? buckets_.put(file.bucket, file.key + ".gz", std::move(*content),
                                             "application/x-gzip")
                              : Result<void>(fail(content.error().message));
  if (!done) {
    totals_.put_errors.add();
    if (!retry.failing()) {
      log_.write(LogLevel::error, "logs", "a log file cannot be put in its bucket; it is kept",
                 {{"bucket", file.bucket}, {"key", file.key}, {"cause", done.error().message}});
    }
    return retry.failed(now);
  }
  if (retry.failing())
    log_.write(LogLevel::info, "logs", "log files are put again", {{"bucket", file.bucket}});
  retry.succeeded();
  totals_.files_put.add();
  totals_.waiting_bytes.fetch_sub(file.bytes, std::memory_order_relaxed);
  std::error_code ignored;
  fs::remove(file.path, ignored);
  // Days leave folders behind; those in use are not empty, and stay.
  const fs::path stop = options_.directory / telemetry::bucket_folder / file.bucket;
  for (fs::path folder = file.path.parent_path(); folder != stop && folder.has_parent_path();
       folder = folder.parent_path()) {
    if (!fs::remove(folder, ignored) || ignored) break;
  }
}

void LogShipper::compress_those_that_stay() {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(options_.directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(".log") && telemetry::rotation_stamp(name)) files.push_back(entry->path());
  }
  for (const fs::path& file : files) {
    if (stopping_()) return;
    const Result<std::string> content = gzipped(file);
    // What cannot be compressed, on a full disk, stays as it is; the next turn tries again.
    if (!content || !write_whole(file.string() + ".gz", *content)) return;
    std::error_code ignored;
    fs::remove(file, ignored);
  }
}

}  // namespace daruma::notify
