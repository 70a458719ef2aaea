// SPDX-License-Identifier: Apache-2.0
//
// The keys of WebSocket's opening handshake (RFC 6455), by which a client of HTTP/1.1 knows that it
// was understood. Here for OpenSSL's SHA-1; no secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace daruma::tls {

// Sec-WebSocket-Key (4.1) of 16 bytes that were chosen by chance.
std::string websocket_key(uint64_t high, uint64_t low);
// The Sec-WebSocket-Accept that answers it (4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace daruma::tls
