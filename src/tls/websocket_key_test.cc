// SPDX-License-Identifier: Apache-2.0
#include "tls/websocket_key.h"

#include <gtest/gtest.h>

namespace daruma::tls {
namespace {

TEST(WebsocketKey, is_sixteen_bytes_of_base64) {
  EXPECT_EQ(websocket_key(0, 0), "AAAAAAAAAAAAAAAAAAAAAA==");
  EXPECT_EQ(websocket_key(0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908),
            "AAECAwQFBgcICQoLDA0ODw==");
}

TEST(WebsocketKey, is_accepted_as_rfc_6455_has_it) {  // the examples of 1.3
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace daruma::tls
