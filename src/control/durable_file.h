// SPDX-License-Identifier: Apache-2.0
//
// Small files of the data directory, for their owner's eyes only (0600). Waits for the disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::control {

// The file holds these bytes, on the disk, or, after a crash too, what it held before.
Result<void> replace_file(const std::string& directory, const std::string& name,
                          std::string_view bytes);

bool file_exists(const std::string& directory, const std::string& name);

}  // namespace daruma::control
