// SPDX-License-Identifier: Apache-2.0
//
// One small HTTP request to a running daruma's admin server. Blocks; for commands that ask and end.
#pragma once

#include <string>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"

namespace daruma::app {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Fail if the answer is not a daruma's. `timeout` is for all of it. A POST has an empty body.
Result<HttpAnswer> get(const Address& server, const std::string& path, Duration timeout);
Result<HttpAnswer> post(const Address& server, const std::string& path, Duration timeout);

}  // namespace daruma::app
