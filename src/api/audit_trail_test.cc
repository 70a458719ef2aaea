// SPDX-License-Identifier: Apache-2.0
#include "api/audit_trail.h"

#include <gtest/gtest.h>

namespace daruma::api {
namespace {

AuditEntry entry(const std::string& action) {
  return {.caller = "AKIDEXAMPLE", .action = action, .outcome = "done"};
}

TEST(AuditTrail, keeps_the_newest) {
  const Log log = Log::silent();
  AuditTrail trail(log);
  for (size_t i = 0; i < AuditTrail::kept_max + 2; ++i) trail.write(entry(std::to_string(i)));
  ASSERT_EQ(trail.newest_last().size(), AuditTrail::kept_max);
  EXPECT_EQ(trail.newest_last().front().action, "2");
  EXPECT_EQ(trail.newest_last().back().action, std::to_string(AuditTrail::kept_max + 1));
}

TEST(AuditTrail, keeps_nothing_of_whom_nobody_knows) {
  const Log log = Log::silent();
  AuditTrail trail(log);
  trail.write({.known = false, .caller = "AKIDGUESSED", .outcome = "SignatureDoesNotMatch"});
  EXPECT_TRUE(trail.newest_last().empty());
}

TEST(AuditTrail, cuts_what_is_made_up) {
  const Log log = Log::silent();
  AuditTrail trail(log);
  trail.write(entry(std::string(1'000'000, 'a')));
  EXPECT_EQ(trail.newest_last().back().action.size(), AuditTrail::text_bytes_max + 3);
}

}  // namespace
}  // namespace daruma::api
