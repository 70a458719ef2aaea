// SPDX-License-Identifier: Apache-2.0
#include "model/server_kind.h"

#include <gtest/gtest.h>

namespace daruma::model {
namespace {

TEST(ServerKind, is_the_first_product_named) {
  const std::pair<const char*, ServerKind> rows[] = {
      {"Apache/2.4.57 (Debian)", ServerKind::apache},
      {"Apache", ServerKind::apache},
      {"nginx/1.22.1", ServerKind::nginx},
      {"nginx", ServerKind::nginx},
      {"openresty/1.21.4", ServerKind::nginx},
      {"Apache-Coyote/1.1", ServerKind::other},
      {"gunicorn", ServerKind::other},
      {"", ServerKind::unknown},
  };
  for (const auto& [server, kind] : rows) EXPECT_EQ(server_kind_of(server), kind) << server;
}

}  // namespace
}  // namespace daruma::model
