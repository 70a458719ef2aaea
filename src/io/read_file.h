// SPDX-License-Identifier: Apache-2.0
//
// Whole files, read at once. Blocks: for starts and reloads, never for the data plane.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace daruma::io {

// The error says why, without the path: "No such file or directory", "Is a directory", "over
// 1048576 bytes".
Result<std::string> read_file(const std::string& path, size_t bytes_max);
// The same of a name that others choose: no device, and no pipe, which would keep the reader
// waiting.
Result<std::string> read_regular_file(const std::string& path, size_t bytes_max);

}  // namespace daruma::io
