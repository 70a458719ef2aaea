// SPDX-License-Identifier: Apache-2.0
#include "io/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "io/descriptor.h"

namespace daruma::io {

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  constexpr size_t step = 64 * 1024;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail(std::strerror(errno));
  std::string content;
  for (;;) {
    const size_t before = content.size();
    content.resize(before + std::min(step, bytes_max + 1 - before));
    const ssize_t taken = ::read(file.number(), content.data() + before, content.size() - before);
    if (taken < 0 && errno != EINTR) return fail(std::strerror(errno));
    content.resize(before + static_cast<size_t>(std::max<ssize_t>(taken, 0)));
    if (taken == 0) return content;
    if (content.size() > bytes_max) return fail("over " + std::to_string(bytes_max) + " bytes");
  }
}

Result<std::string> read_regular_file(const std::string& path, size_t bytes_max) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail("not a regular file");
  return read_file(path, bytes_max);
}

}  // namespace daruma::io
