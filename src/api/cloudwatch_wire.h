// SPDX-License-Identifier: Apache-2.0
//
// The three wire forms of the CloudWatch API: Query (XML), JSON 1.0, and Smithy RPC v2 CBOR
// (smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html). Each is decoded to the same tree
// and encoded from it. In the latter two an error has two names: the shape's, and the Query
// protocol's in x-amzn-query-error ("awsQueryCompatible"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/cloudwatch_input.h"
#include "api/query_parameters.h"
#include "api/service_error.h"
#include "control/admin_server.h"

namespace daruma::api::cloudwatch {

enum class WireForm : uint8_t { query, json, cbor };

inline constexpr std::string_view version = "2010-08-01";
inline constexpr std::string_view target_prefix = "GraniteServiceVersion20100801.";
inline constexpr std::string_view cbor_path = "/service/GraniteServiceVersion20100801/operation/";
inline constexpr size_t body_bytes_max = 1024 * 1024;  // of a compressed one, uncompressed

// The operation that a request names in JSON or CBOR; nullopt if it is neither.
struct Named {
  WireForm form;
  std::string operation;
};
std::optional<Named> named_operation(const control::AdminRequest& request);

// The input of an operation: in Query of the parameters, else of the body, which may come with
// Content-Encoding: gzip.
Expected<Json> decode(WireForm form, const control::AdminRequest& request,
                      const Parameter& parameters);

control::AdminResponse success(WireForm form, std::string_view operation,
                               std::string_view request_id, const Json& out);
control::AdminResponse failure(WireForm form, std::string_view request_id,
                               const ServiceError& error);

}  // namespace daruma::api::cloudwatch
