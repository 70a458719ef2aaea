// SPDX-License-Identifier: Apache-2.0
//
// docs/logs.md is kept by hand and must say what the program does.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "model/reason.h"

namespace daruma::telemetry {
namespace {

using Rows = std::vector<std::string>;

// The lines of the table below a heading, without the table's own head.
Rows table_below(const std::string& heading) {
  std::ifstream file(DARUMA_SOURCE_DIR "/docs/logs.md");
  EXPECT_TRUE(file.is_open());
  Rows rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) inside = line == heading;
    if (inside && line.starts_with("|")) rows.push_back(line);
  }
  if (rows.size() >= 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

TEST(Documentation, lists_every_reason_with_its_meaning) {
  Rows expected;
  for (int i = 0; i < model::reason_count; ++i) {
    const auto reason = static_cast<model::Reason>(i);
    if (reason == model::Reason::none) continue;
    expected.push_back("| `" + std::string(name_of(reason)) + "` | " +
                       std::string(meaning_of(reason)) + " |");
  }
  EXPECT_EQ(table_below("### error_reason"), expected);
}

TEST(Documentation, numbers_the_access_logs_34_fields) {
  const Rows rows = table_below("## Access log");
  ASSERT_EQ(rows.size(), 34u);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(rows[i].starts_with("| " + std::to_string(i + 1) + " | ")) << rows[i];
  }
}

}  // namespace
}  // namespace daruma::telemetry
