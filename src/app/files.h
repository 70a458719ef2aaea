// SPDX-License-Identifier: Apache-2.0
//
// New files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::app {

enum class Access : unsigned { everyone_reads = 0644, owner_only = 0600 };
// Makes a new file; its folder too, where that is missing. Fails if the file exists.
Result<void> create_file(const std::string& path, std::string_view content, Access access);

}  // namespace daruma::app
