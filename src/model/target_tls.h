// SPDX-License-Identifier: Apache-2.0
//
// TLS with the targets of a group, where it is to be more than an ALB's, which verifies nothing,
// names nobody and shows no certificate (attributes daruma.target_tls.*). Values.
#pragma once

#include <string>

namespace daruma::model {

struct TargetTls {
  bool verify = false;
  std::string ca_pem;       // whom to trust; "": the system's authorities
  std::string server_name;  // SNI, and what the certificate must be for; "": the target's id
  std::string chain_pem;    // of the client certificate; "": none
  std::string key_pem;
  std::string identity;  // equal for equal settings, but for server_name
  bool operator==(const TargetTls&) const = default;
};

}  // namespace daruma::model
