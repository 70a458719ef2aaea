// SPDX-License-Identifier: Apache-2.0
#include "model/server_kind.h"

#include "base/bytes.h"

namespace daruma::model {

ServerKind server_kind_of(std::string_view server) {
  const std::string_view product = server.substr(0, server.find_first_of("/ "));
  if (product.empty()) return ServerKind::unknown;
  if (ascii_iequals(product, "Apache")) return ServerKind::apache;
  if (ascii_iequals(product, "nginx") || ascii_iequals(product, "openresty"))
    return ServerKind::nginx;
  return ServerKind::other;
}

}  // namespace daruma::model
