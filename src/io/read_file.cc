// SPDX-License-Identifier: Apache-2.0
#include "io/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "io/descriptor.h"

namespace daruma::io {

namespace {

Result<std::string> read_all(const Descriptor& file, size_t bytes_max) {
  constexpr size_t step = 64 * 1024;
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

}  // namespace

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail(std::strerror(errno));
  return read_all(file, bytes_max);
}

Result<std::string> read_below(const std::string& directory, const std::string& name,
                               size_t bytes_max) {
  constexpr int folder = O_PATH | O_DIRECTORY | O_CLOEXEC;
  std::vector<Descriptor> way;
  way.emplace_back(::open(directory.c_str(), folder));
  size_t begin = 0;
  for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', begin)) {
    if (!way.back().is_open()) return fail(std::strerror(errno));
    const std::string part = name.substr(begin, slash - begin);
    way.emplace_back(::openat(way.back().number(), part.c_str(), folder | O_NOFOLLOW));
    begin = slash + 1;
  }
  if (!way.back().is_open()) return fail(std::strerror(errno));
  const Descriptor file(::openat(way.back().number(), name.c_str() + begin,
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open())
    return fail(errno == ELOOP ? "a symbolic link, which is not followed" : std::strerror(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return fail(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail("not a regular file");
  return read_all(file, bytes_max);
}

}  // namespace daruma::io
