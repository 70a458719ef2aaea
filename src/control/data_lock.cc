// SPDX-License-Identifier: Apache-2.0
#include "control/data_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "control/last_good.h"

namespace daruma::control {

Result<std::unique_ptr<DataLock>> DataLock::take(const std::string& directory) {
  if (const Result<void> made = make_data_directory(directory); !made) {
    return fail(made.error().message);
  }
  const std::string path = directory + "/lock";
  io::Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  if (flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
    return std::unique_ptr<DataLock>(new DataLock(std::move(file)));
  }
  if (errno != EWOULDBLOCK) {
    return fail(fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
  }
  return fail(
      fmt::format("the data directory {} is another running daruma's: give each process "
                  "its own with --data",
                  directory));
}

}  // namespace daruma::control
