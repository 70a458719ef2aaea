// SPDX-License-Identifier: Apache-2.0
#include "api/export_commands.h"

#include <gtest/gtest.h>

namespace daruma::api {
namespace {

// What a text holds never means anything to the shell.
TEST(ExportCommands, only_variables_of_the_script_stand_for_something) {
  model::api::Resources all;
  auto& group = all.target_groups.emplace_back();
  group.name = "$(id)`id`\"\\";
  group.targets.push_back({"127.0.0.1", std::nullopt, "\x01group_2\x01", ""});
  const std::string script = export_commands(all, "");
  EXPECT_NE(script.find(R"(\"Name\":\"\$(id)\`id\`\\\"\\\\\")"), std::string::npos) << script;
  EXPECT_NE(script.find(R"(\"TargetGroupArn\":\"${group_1}\")"), std::string::npos) << script;
  EXPECT_NE(script.find(R"(\\u0001group_2\\u0001)"), std::string::npos) << script;
}

}  // namespace
}  // namespace daruma::api
