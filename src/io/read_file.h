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
// A file below a directory, by a name that others choose: parts joined by '/'. No link is followed,
// so that it lies there for sure; and it is no device, and no pipe, which would keep the reader
// waiting. REQUIRES: no part is empty, "." or "..".
Result<std::string> read_below(const std::string& directory, const std::string& name,
                               size_t bytes_max);

}  // namespace daruma::io
