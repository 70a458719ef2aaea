// SPDX-License-Identifier: Apache-2.0
//
// What validate() says of somebody else's service that is spoken to as to AWS: where it is, and
// whose key signs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/issues.h"

namespace daruma::control {

// Members as they stand in the file.
struct ServiceAccess {
  std::string_view speaks;   // "S3"
  std::string_view example;  // of an endpoint
  const std::optional<std::string>& endpoint;
  const std::optional<std::string>& region;
  const std::optional<std::string>& access_key_id;
  const std::optional<std::string>& secret_access_key;
  const std::optional<std::string>& secret_access_key_file;
};

void validate_service(const ServiceAccess& service, const Path& path, Issues& issues);

}  // namespace daruma::control
