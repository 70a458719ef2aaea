// SPDX-License-Identifier: Apache-2.0
//
// An error as AWS's services answer with it: a code that programs compare, a message for people.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace daruma::api {

struct ServiceError {
  std::string code;  // on the wire: "LoadBalancerNotFound"
  std::string message;
  int status = 400;
  bool operator==(const ServiceError&) const = default;
};

template <class T>
using Expected = tl::expected<T, ServiceError>;

[[nodiscard]] inline tl::unexpected<ServiceError> refuse(std::string code, std::string message,
                                                         int status = 400) {
  return tl::unexpected<ServiceError>({std::move(code), std::move(message), status});
}
// The workhorse: every bad parameter.
[[nodiscard]] inline tl::unexpected<ServiceError> invalid(std::string message) {
  return refuse("ValidationError", std::move(message));
}

}  // namespace daruma::api
