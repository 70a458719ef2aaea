// SPDX-License-Identifier: Apache-2.0
//
// Lines of the files of a log as they are written, over rotations: of every "<kind>_app.….log" in a
// directory of logs and in its folder of buckets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "io/descriptor.h"
#include "telemetry/log_file_key.h"

namespace daruma::app {

class LogFollower {
 public:
  using Take = std::function<void(std::string_view line)>;

  LogFollower(std::filesystem::path directory, telemetry::LogKind kind)
      : directory_(std::move(directory)), kind_(kind) {}

  // What the open files hold from their beginning, or, at the first call, nothing of it: from now
  // on.
  enum class From : uint8_t { beginning, end };
  void begin(From from);
  // Calls take(line) for each whole line that was written since.
  void read(const Take& take);

 private:
  struct File {
    io::Descriptor descriptor;
    uint64_t inode = 0;
    std::string rest;  // a line that is not whole yet
  };
  void open_new(From from);
  void read_file(File& file, const Take& take);

  const std::filesystem::path directory_;
  const telemetry::LogKind kind_;
  std::map<std::filesystem::path, File> files_;
};

}  // namespace daruma::app
