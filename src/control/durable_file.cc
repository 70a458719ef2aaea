// SPDX-License-Identifier: Apache-2.0
#include "control/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "io/descriptor.h"

namespace daruma::control {
namespace {

tl::unexpected<Error> system_failure(std::string_view what, const std::string& path) {
  return fail(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

io::Descriptor open_file(const std::string& path, int flags) {
  return io::Descriptor(open(path.c_str(), flags, 0600));
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

Result<void> write_durably(const std::string& path, std::string_view bytes) {
  const io::Descriptor file =
      open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
  if (!file.is_open()) return system_failure("create", path);
  if (!write_all(file.number(), bytes) || fsync(file.number()) != 0) {
    return system_failure("write", path);
  }
  return {};
}

}  // namespace

Result<void> replace_file(const std::string& directory, const std::string& name,
                          std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string fresh = path + ".new";
  if (const Result<void> written = write_durably(fresh, bytes); !written) return written;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_failure("replace", path);
  const io::Descriptor folder = open_file(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!folder.is_open() || fsync(folder.number()) != 0) return system_failure("write", directory);
  return {};
}

bool file_exists(const std::string& directory, const std::string& name) {
  struct stat facts;
  return stat((directory + "/" + name).c_str(), &facts) == 0;
}

}  // namespace daruma::control
