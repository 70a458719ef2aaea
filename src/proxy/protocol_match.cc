// SPDX-License-Identifier: Apache-2.0
#include "proxy/protocol_match.h"

#include "base/bytes.h"

namespace daruma::proxy {
namespace {

constexpr std::string_view grpc_type = "application/grpc";

}  // namespace

bool is_grpc(const http::RequestHead& request, bool over_http2) {
  const http::Field* type = over_http2 ? request.fields.find(http::FieldId::content_type) : nullptr;
  if (type == nullptr || !ascii_iequals(type->value.substr(0, grpc_type.size()), grpc_type))
    return false;
  const std::string_view rest = type->value.substr(grpc_type.size());
  return rest.empty() || std::string_view("+; ").find(rest.front()) != std::string_view::npos;
}

bool may_go_to(model::ProtocolVersion version, const http::RequestHead& request, bool over_http2) {
  switch (version) {
    case model::ProtocolVersion::http1:
      return !is_grpc(request, over_http2);
    case model::ProtocolVersion::http2:
      return over_http2 && !request.extended_connect;
    case model::ProtocolVersion::grpc:
      break;
  }
  return over_http2 && request.method == http::Method::post;
}

GrpcStatus grpc_status_of(int http_status) {
  switch (http_status) {
    case 400:
      return {13, "internal"};
    case 401:
      return {16, "unauthenticated"};
    case 403:
      return {7, "permission denied"};
    case 404:
      return {12, "unimplemented"};
    case 429:
    case 502:
    case 503:
    case 504:
      return {14, "unavailable"};
    default:
      return {2, "unknown"};
  }
}

}  // namespace daruma::proxy
