// SPDX-License-Identifier: Apache-2.0
#include "control/last_good.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "control/durable_file.h"
#include "io/read_file.h"

namespace daruma::control {
namespace {

constexpr int format_version = 2;
constexpr size_t bytes_max = 1024 * 1024 * 1024;

constexpr const char* file_name = "last_good.json";

std::string path_in(const std::string& directory) {
  return directory + "/" + file_name;
}

}  // namespace

Result<void> make_data_directory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(fmt::format("cannot make the directory {}: {}", directory, std::strerror(errno)));
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
  return replace_file(directory, file_name, bytes);
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
