// SPDX-License-Identifier: Apache-2.0
//
// The operations of IAM (version 2010-05-08) that load balancers' scripts need: server
// certificates, which listeners take as they take ACM's, and the account's aliases, of which there
// are none. Pure.
#pragma once

#include <string_view>

#include "api/acm.h"
#include "api/call.h"

namespace daruma::api::iam {

inline constexpr std::string_view version = "2010-05-08";
inline constexpr std::string_view xml_namespace = "https://iam.amazonaws.com/doc/2010-05-08/";

struct IamCall {
  Call& call;
  const control::Surroundings& surroundings;  // check_certificate
  acm::FactsCache& facts;
};

struct IamRow {
  std::string_view name;
  Effect effect;
  Expected<void> (*run)(IamCall& call);
};

// Null if this release does not have it.
const IamRow* find_operation(std::string_view name);

}  // namespace daruma::api::iam
