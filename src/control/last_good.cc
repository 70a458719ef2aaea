// SPDX-License-Identifier: Apache-2.0
#include "control/last_good.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "io/descriptor.h"
#include "io/read_file.h"

namespace daruma::control {
namespace {

constexpr int format_version = 2;
constexpr size_t bytes_max = 1024 * 1024 * 1024;

std::string path_in(const std::string& directory) {
  return directory + "/last_good.json";
}

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

Result<void> make_data_directory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure("make the directory", directory);
  }
  return {};
}

Result<void> save_last_good(const std::string& directory, const LastGood& good) {
  if (const Result<void> made = make_data_directory(directory); !made) return made;
  const nlohmann::json document{
      {"version", format_version}, {"text", good.text}, {"files", good.files}};
  // A comment beside a certificate may hold bytes that are not UTF-8; what is read of it may not.
  const std::string bytes =
      document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const std::string path = path_in(directory);
  const std::string fresh = path + ".new";
  if (const Result<void> written = write_durably(fresh, bytes); !written) return written;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_failure("replace", path);
  const io::Descriptor folder = open_file(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!folder.is_open() || fsync(folder.number()) != 0) return system_failure("write", directory);
  return {};
}

Result<LastGood> load_last_good(const std::string& directory) {
  const std::string path = path_in(directory);
  const Result<std::string> bytes = io::read_file(path, bytes_max);
  if (!bytes) return fail(fmt::format("cannot read {}: {}", path, bytes.error().message));
  const auto document = nlohmann::json::parse(*bytes, nullptr, false);
  LastGood good;
  if (!document.is_object() || !document.contains("version") ||
      document["version"] != format_version || !document.contains("text") ||
      !document["text"].is_string() || !document.contains("files") ||
      !document["files"].is_object()) {
    return fail(path + " is damaged or was written by another version; remove it");
  }
  good.text = document["text"].get<std::string>();
  for (const auto& [name, content] : document["files"].items()) {
    if (!content.is_string()) return fail(path + " is damaged; remove it");
    good.files[name] = content.get<std::string>();
  }
  return good;
}

}  // namespace daruma::control
