// SPDX-License-Identifier: Apache-2.0
//
// Which requests can go to which target groups (AWS user guide, "Protocol versions" of target
// groups), and what a client of gRPC is told where they cannot, or otherwise fail. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "model/target.h"

namespace daruma::proxy {

// A call of gRPC: "application/grpc", or that with a suffix or parameters, over HTTP/2. gRPC-Web is
// none.
bool is_grpc(const http::RequestHead& request, bool over_http2);

// Else it is answered with 464: HTTP/1 goes to groups of HTTP1 alone, gRPC to all others, and to a
// group of GRPC goes what is a POST.
bool may_go_to(model::ProtocolVersion version, const http::RequestHead& request, bool over_http2);

struct GrpcStatus {
  uint8_t code;
  std::string_view message;
};
// What a client of gRPC makes of an HTTP status (gRPC, "HTTP to gRPC Status Code Mapping").
GrpcStatus grpc_status_of(int http_status);

}  // namespace daruma::proxy
