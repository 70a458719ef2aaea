// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostics.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

TEST(Diagnostics, read_as_compilers_speak) {
  const Diagnostic error{"d.yaml", 12, 7, "Port must be a number", Severity::error};
  const Diagnostic warning{"d.yaml", 3, 1, "hardly meant", Severity::warning};
  const Diagnostic whole{"d.yaml", 0, 0, "cannot read the file", Severity::error};
  EXPECT_EQ(to_text({error, warning, whole}),
            "d.yaml:12:7: Port must be a number\n"
            "d.yaml:3:1: warning: hardly meant\n"
            "d.yaml: cannot read the file\n");
  EXPECT_EQ(warning.to_log_string(), "d.yaml:3:1: hardly meant");
  EXPECT_TRUE(has_errors({warning, error}));
  EXPECT_FALSE(has_errors({warning}));
  EXPECT_FALSE(has_errors({}));
}

TEST(Diagnostics, a_quoted_value_cannot_break_the_line_or_the_terminal) {
  EXPECT_EQ(one_line("a\nb\x1b[2J\x7f"), "a\\nb\\x1b[2J\\x7f");
  EXPECT_EQ(one_line("Zürich"), "Zürich");
  EXPECT_EQ(one_line(std::string(500, 'x')), std::string(500, 'x'));
  EXPECT_EQ(one_line(std::string(501, 'x')), std::string(500, 'x') + "...");
  EXPECT_EQ(one_line(std::string(499, 'x') + "üü"), std::string(499, 'x') + "ü...");
}

}  // namespace
}  // namespace daruma::control
