// SPDX-License-Identifier: Apache-2.0
#include "app/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "telemetry/log_file.h"
#include "telemetry/log_retention.h"

namespace daruma::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t read_bytes = 64 * 1024;
// Longer than any line that is written (model/limits.h); what is longer is none.
constexpr size_t line_bytes_max = 1024 * 1024;

uint64_t inode_at(const fs::path& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool is_open_log(const fs::path& path, telemetry::LogKind kind) {
  const std::string name = path.filename().string();
  return path.extension() == ".log" && telemetry::log_kind_of(name) == kind &&
         !telemetry::rotation_stamp(name);
}

}  // namespace

void LogFollower::open_new(From from) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_open_log(entry->path(), kind_)) found.push_back(entry->path());
  }
  for (fs::recursive_directory_iterator entry(directory_ / telemetry::bucket_folder, error), end;
       !error && entry != end; entry.increment(error)) {
    // What is complete lies below.
    if (entry->path().filename() == "AWSLogs") entry.disable_recursion_pending();
    if (is_open_log(entry->path(), kind_)) found.push_back(entry->path());
  }
  for (const fs::path& path : found) {
    if (files_.contains(path)) continue;
    File file{io::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), 0, ""};
    struct stat status;
    if (!file.descriptor.is_open() || ::fstat(file.descriptor.number(), &status) != 0) continue;
    file.inode = status.st_ino;
    if (from == From::end) ::lseek(file.descriptor.number(), 0, SEEK_END);
    files_.emplace(path, std::move(file));
  }
}

void LogFollower::begin(From from) {
  open_new(from);
}

void LogFollower::read(const Take& take) {
  for (auto entry = files_.begin(); entry != files_.end();) {
    // Asked first: what is written until it is renamed is read below.
    const bool renamed = inode_at(entry->first) != entry->second.inode;
    read_file(entry->second, take);
    entry = renamed ? files_.erase(entry) : std::next(entry);
  }
  open_new(From::beginning);
}

void LogFollower::read_file(File& file, const Take& take) {
  std::array<char, read_bytes> room;
  for (;;) {
    const ssize_t count = ::read(file.descriptor.number(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    file.rest.append(room.data(), static_cast<size_t>(count));
    size_t begin = 0;
    for (size_t end = 0; (end = file.rest.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      take(std::string_view(file.rest).substr(begin, end - begin));
    }
    file.rest.erase(0, begin);
    if (file.rest.size() > line_bytes_max) file.rest.clear();
  }
}

}  // namespace daruma::app
