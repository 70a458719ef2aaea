// SPDX-License-Identifier: Apache-2.0
#include "proxy/protocol_match.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

http::RequestHead request(http::Method method, std::string_view type) {
  http::RequestHead head;
  head.method = method;
  if (!type.empty()) head.fields.add("content-type", type);
  return head;
}

TEST(ProtocolMatch, knows_grpc_by_its_type) {
  const struct {
    std::string_view type;
    bool grpc;
  } rows[] = {
      {"application/grpc", true},
      {"application/grpc+proto", true},
      {"Application/gRPC; x=y", true},
      {"application/grpc-web", false},
      {"application/grpcx", false},
      {"application/json", false},
      {"", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(is_grpc(request(http::Method::post, row.type), true), row.grpc) << row.type;
    EXPECT_FALSE(is_grpc(request(http::Method::post, row.type), false)) << row.type;
  }
}

// AWS: the matrix of request and target protocols.
TEST(ProtocolMatch, request_and_target_group_by_table) {
  using enum model::ProtocolVersion;
  constexpr std::string_view grpc_type = "application/grpc";
  const struct {
    http::Method method;
    std::string_view type;
    bool over_http2;
    bool to_http1;
    bool to_http2;
    bool to_grpc;
  } rows[] = {
      {http::Method::get, "", false, true, false, false},
      {http::Method::post, "text/plain", false, true, false, false},
      {http::Method::post, grpc_type, false, true, false, false},
      {http::Method::get, "", true, true, true, false},
      {http::Method::post, "text/plain", true, true, true, true},
      {http::Method::post, grpc_type, true, false, true, true},
  };
  for (const auto& row : rows) {
    const http::RequestHead head = request(row.method, row.type);
    EXPECT_EQ(may_go_to(http1, head, row.over_http2), row.to_http1);
    EXPECT_EQ(may_go_to(http2, head, row.over_http2), row.to_http2);
    EXPECT_EQ(may_go_to(grpc, head, row.over_http2), row.to_grpc);
  }
}

TEST(ProtocolMatch, a_status_for_clients_of_grpc) {
  EXPECT_EQ(grpc_status_of(502).code, 14);
  EXPECT_EQ(grpc_status_of(503).message, "unavailable");
  EXPECT_EQ(grpc_status_of(464).code, 2);
  EXPECT_EQ(grpc_status_of(400).code, 13);
}

TEST(ProtocolMatch, an_extended_connect_goes_to_http_1_alone) {
  using enum model::ProtocolVersion;
  http::RequestHead head = request(http::Method::get, "");
  head.upgrade = head.extended_connect = true;
  EXPECT_TRUE(may_go_to(http1, head, true));
  EXPECT_FALSE(may_go_to(http2, head, true));
  EXPECT_FALSE(may_go_to(grpc, head, true));
}

}  // namespace
}  // namespace daruma::proxy
