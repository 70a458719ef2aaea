// SPDX-License-Identifier: Apache-2.0
#include "control/explain_request.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

using By = model::StoryQuery::By;

TEST(ExplainRequest, asks_for_one_thing) {
  struct Row {
    const char* query;
    By by;
    const char* what;
    uint32_t most;
    ExplainFormat format;
  };
  const Row rows[] = {
      {"trace_id=1-2-3", By::trace_id, "1-2-3", 10, ExplainFormat::json},
      {"trace_id=Root%3D1-2-3%3bSelf%3D9", By::trace_id, "Root=1-2-3;Self=9", 10,
       ExplainFormat::json},
      {"trace_id=Root=1", By::trace_id, "Root=1", 10, ExplainFormat::json},
      {"trace_id=100%&format=text", By::trace_id, "100%", 10, ExplainFormat::text},
      {"format=json&last_errors=3", By::errors, "", 3, ExplainFormat::json},
      {"last_errors=100", By::errors, "", 100, ExplainFormat::json},
      {"target=127.0.0.2:8443", By::target, "127.0.0.2:8443", 10, ExplainFormat::json},
      {"target=%5B::1%5D:80", By::target, "[::1]:80", 10, ExplainFormat::json},
  };
  for (const Row& row : rows) {
    const auto request = parse_explain_request(row.query);
    ASSERT_TRUE(request.has_value()) << row.query << ": " << request.error().message;
    EXPECT_EQ(request->query.by, row.by) << row.query;
    EXPECT_EQ(request->query.what, row.what);
    EXPECT_EQ(request->query.most, row.most) << row.query;
    EXPECT_EQ(request->format, row.format) << row.query;
  }
}

TEST(ExplainRequest, says_what_is_wrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "trace_id=ID"},
      {"format=text", "trace_id=ID"},
      {"trace_id=", "trace_id is empty"},
      {"target", "target is empty"},
      {"trace_id=1&target=2", "one of"},
      {"color=red", "one of"},
      {"last_errors=0", "from 1 to 100"},
      {"last_errors=101", "from 1 to 100"},
      {"last_errors=-1", "from 1 to 100"},
      {"last_errors=", "from 1 to 100"},
      {"last_errors=1&format=xml", "text or json"},
  };
  for (const auto& [query, mentions] : rows) {
    const auto request = parse_explain_request(query);
    ASSERT_FALSE(request.has_value()) << query;
    EXPECT_NE(request.error().message.find(mentions), std::string::npos)
        << query << ": " << request.error().message;
  }
}

}  // namespace
}  // namespace daruma::control
