// SPDX-License-Identifier: Apache-2.0
#include "app/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace daruma::app {
namespace {

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(path + ": " + std::strerror(error));
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> create_file(const std::string& path, std::string_view content, Access access) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code problem;
  if (!folder.empty()) std::filesystem::create_directories(folder, problem);
  if (problem) return fail(folder.string() + ": " + problem.message());
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(access));
  if (descriptor < 0) return failed(path, errno);
  const bool written = write_all(descriptor, content);
  const int error = errno;
  ::close(descriptor);
  if (!written) return failed(path, error);
  return {};
}

}  // namespace daruma::app
