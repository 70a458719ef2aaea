// SPDX-License-Identifier: Apache-2.0
//
// What `daruma top` shows, made of what GET /live answers: lines of text, no longer and no more
// than the terminal has. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace daruma::app {

struct FrameOptions {
  size_t columns = 120;  // at least 40
  size_t rows = 0;       // 0: as many as there are
  bool colors = false;   // by ANSI escapes
  std::string clock{};   // "10:20:03"
};

// Lines, each with its end. Nullopt: that is no answer of this release.
std::optional<std::string> top_frame(std::string_view live_json, const FrameOptions& options);

}  // namespace daruma::app
