// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 heads and chunks to bytes. Pure; appends to a Buffer, allocates nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "http/h1_body.h"
#include "http/message.h"

namespace daruma::http {

void write_request_line(Buffer& out, std::string_view method,
                        std::string_view target);                          // always HTTP/1.1
void write_status_line(Buffer& out, int status, std::string_view reason);  // always HTTP/1.1
void write_field(Buffer& out, std::string_view name, std::string_view value);
void write_field(Buffer& out, std::string_view name, uint64_t value);
void end_head(Buffer& out);

// "1f40\r\n" for a chunk of that many bytes; the payload and CRLF follow.
struct ChunkHead {
  explicit ChunkHead(uint64_t payload_bytes);
  std::string_view view() const { return {text, length}; }
  char text[18];
  uint8_t length;
};
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr size_t chunk_framing_bytes_max = sizeof(ChunkHead::text) + chunk_end.size();
// "0\r\n" + trailers as H1BodyReader::trailers() gives them + "\r\n".
inline constexpr size_t last_chunk_bytes_max = 3 + H1BodyReader::trailer_bytes_max + 2;
void write_last_chunk(Buffer& out, std::string_view trailers);

}  // namespace daruma::http
