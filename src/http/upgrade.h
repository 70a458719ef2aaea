// SPDX-License-Identifier: Apache-2.0
//
// Switching to another protocol (RFC 9110 7.8), as far as a proxy lets the two it stands between
// do so. Upgrade is for one connection, so each side is told anew, and only of protocols that the
// two can speak through bytes passed on: h2c, HTTP and TLS would be about the connection itself,
// and a way past the rules. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

inline constexpr std::string_view websocket_accept_field = "Sec-WebSocket-Accept";

// Whether the request asks for a protocol that may be passed on.
bool asks_to_switch(const RequestHead& request);

// Whether the protocol that the request asks for is WebSocket alone.
bool asks_for_websocket(const RequestHead& request);

// What a target is told of the connection: "Upgrade: websocket" of "Upgrade: h2c, websocket", and
// nothing where no protocol remains; that trailers are welcome; and Connection, which names both.
// With Upgrade and Connection not longer than what was received by more than 64 bytes.
std::string connection_fields(const RequestHead& request, bool wants_trailers);

// To a client of HTTP/1.1: to what a 101 switches, or what to ask for after a 426 (RFC 9110
// 15.5.22).
std::string upgrade_fields(const ResponseHead& response, Version client);

// Whether a 101 is what the request asked for: it names one or more of the protocols that were
// passed on, and no other.
bool switches_as_asked(const ResponseHead& response, const RequestHead& request);

}  // namespace daruma::http
