// SPDX-License-Identifier: Apache-2.0
//
// What rules look at in a request. Views; lives as long as the request's head.
#pragma once

#include <string_view>

#include "base/address.h"
#include "http/message.h"

namespace daruma::routing {

struct MatchInput {
  std::string_view host;  // without port, any case
  std::string_view path;  // normalised, without query
  std::string_view method{};
  std::string_view host_and_port{};  // as received: the host, and what follows it
  std::string_view query{};          // as received, without '?'
  const http::Fields* fields = nullptr;
  const Address* source = nullptr;  // who connected, whatever X-Forwarded-For says

  // Not what cannot be read, nor what clients say of certificates.
  static bool counts(const http::Field& field) {
    return field.id != http::FieldId::invalid && field.id != http::FieldId::x_amzn_mtls_clientcert;
  }
  bool has_port() const { return host_and_port.find(':', host.size()) != std::string_view::npos; }
};

}  // namespace daruma::routing
