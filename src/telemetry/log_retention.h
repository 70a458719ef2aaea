// SPDX-License-Identifier: Apache-2.0
//
// Old log files must not fill the disk: rotated files are kept until together they exceed a limit,
// then the oldest go first, by the time in their names. Whatever is not named like a rotated file
// is left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace daruma::telemetry {

struct LogRetention {
  uint64_t bytes_max = 4ull * 1024 * 1024 * 1024;
  size_t files_max = 4032;  // two weeks of one log
};

// When a rotated file was closed, and its number among those of that second: ordered by age.
// Nullopt unless the name is "<name>.<yyyymmddThhmmssZ>.log" or
// "<name>.<yyyymmddThhmmssZ>-<n>.log", either of them with ".gz" or not.
using RotationStamp = std::pair<std::string, uint64_t>;
std::optional<RotationStamp> rotation_stamp(const std::string& file_name);

// Returns how many were removed.
size_t remove_old_log_files(const std::filesystem::path& directory, const LogRetention& limits);

}  // namespace daruma::telemetry
