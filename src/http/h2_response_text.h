// SPDX-License-Identifier: Apache-2.0
//
// A response's head of HTTP/2 as HTTP/1.1 writes it (ADR 7). Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

struct ResponseTextFacts {
  Method request_method;
  bool ended;  // nothing follows the head
};

// Appends to `out` status line and fields, with what HTTP/1.1 needs to find the body's end, and
// returns how that is framed. `fields`: "name: value" CRLF each. A declared length stays, but for
// gRPC, where trailers matter more (RFC 9110 6.5.1 lets them be dropped).
Framing write_response_text(int status, std::string_view fields, const ResponseTextFacts& facts,
                            std::string& out);

}  // namespace daruma::http
