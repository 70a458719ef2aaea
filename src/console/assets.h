// SPDX-License-Identifier: Apache-2.0
//
// The console's page as the build made it (console/, tools/embed_console.py): files that are in the
// program, compressed.
#pragma once

#include <span>
#include <string_view>

namespace daruma::console {

struct Asset {
  std::string_view name;  // "app.js"
  std::string_view content_type;
  std::string_view etag;  // with its quotes; of the content
  std::string_view gzip;
};

std::span<const Asset> assets();

}  // namespace daruma::console
