// SPDX-License-Identifier: Apache-2.0
//
// The data directory belongs to one daruma at a time: two would overwrite one another's last good
// configuration.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/descriptor.h"

namespace daruma::control {

// Held until it is destroyed or the process ends, however it ends.
class DataLock {
 public:
  // Locks DIRECTORY/lock. The directory is made if it is missing (its parent must exist).
  static Result<std::unique_ptr<DataLock>> take(const std::string& directory);

 private:
  explicit DataLock(io::Descriptor file) : file_(std::move(file)) {}
  const io::Descriptor file_;
};

}  // namespace daruma::control
