// SPDX-License-Identifier: Apache-2.0
//
// Whole answers of the Query protocol and of JSON 1.1: a result in its envelope, or an error. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/service_error.h"
#include "control/admin_server.h"

namespace daruma::api {

struct Envelope {
  std::string_view xml_namespace;
  std::string_view action;
  std::string_view request_id;
};

control::AdminResponse success(const Envelope& envelope, std::string_view result);
control::AdminResponse failure(const Envelope& envelope, const ServiceError& error);

// The same for services that speak JSON 1.1, whose errors are called …Exception.
control::AdminResponse json_success(std::string_view request_id, std::string json);
control::AdminResponse json_failure(std::string_view request_id, const ServiceError& error);

}  // namespace daruma::api
