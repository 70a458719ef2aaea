// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_retention.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/bytes.h"

namespace daruma::telemetry {
namespace {

struct RotatedFile {
  RotationStamp stamp;
  std::filesystem::path path;
  uint64_t bytes = 0;
};

// 'd' stands for a digit.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::ranges::equal(text, shape, [](char c, char wanted) {
    return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
  });
}

std::vector<RotatedFile> rotated_files(const std::filesystem::path& directory) {
  std::vector<RotatedFile> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    auto stamp = rotation_stamp(entry->path().filename().string());
    if (!stamp || !entry->is_regular_file(gone)) continue;
    const uint64_t bytes = entry->file_size(gone);
    if (!gone) files.push_back({std::move(*stamp), entry->path(), bytes});
  }
  return files;
}

}  // namespace

std::optional<RotationStamp> rotation_stamp(const std::string& file_name) {
  std::string_view rest = file_name;
  if (rest.ends_with(".gz")) rest.remove_suffix(3);
  if (!rest.ends_with(".log")) return std::nullopt;
  rest.remove_suffix(4);
  const size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  rest.remove_prefix(dot + 1);
  constexpr std::string_view shape = "ddddddddTddddddZ";
  const std::string_view time = rest.substr(0, shape.size());
  if (!has_shape(time, shape)) return std::nullopt;
  rest.remove_prefix(shape.size());
  if (rest.empty()) return RotationStamp(time, 0);
  if (rest.front() != '-') return std::nullopt;
  const auto number = parse_decimal(rest.substr(1));
  if (!number) return std::nullopt;
  return RotationStamp(time, *number);
}

size_t remove_old_log_files(const std::filesystem::path& directory, const LogRetention& limits) {
  std::vector<RotatedFile> files = rotated_files(directory);
  std::ranges::sort(files, {}, &RotatedFile::stamp);
  uint64_t bytes = 0;
  for (const RotatedFile& file : files) bytes += file.bytes;
  size_t left = files.size();
  size_t removed = 0;
  for (const RotatedFile& file : files) {
    if (bytes <= limits.bytes_max && left <= limits.files_max) break;
    std::error_code error;
    if (std::filesystem::remove(file.path, error)) ++removed;
    bytes -= file.bytes;
    --left;
  }
  return removed;
}

}  // namespace daruma::telemetry
