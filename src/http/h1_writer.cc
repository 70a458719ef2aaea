// SPDX-License-Identifier: Apache-2.0
#include "http/h1_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>

namespace daruma::http {
namespace {

constexpr size_t digits_max = 20;  // of a uint64_t

void append(Buffer& out, std::initializer_list<std::string_view> pieces) {
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  char* at = out.prepare(bytes).data();
  for (const std::string_view piece : pieces) at = std::copy(piece.begin(), piece.end(), at);
  out.commit(bytes);
}

}  // namespace

void write_request_line(Buffer& out, std::string_view method, std::string_view target) {
  append(out, {method, " ", target, " HTTP/1.1\r\n"});
}

void write_status_line(Buffer& out, int status, std::string_view reason) {
  char digits[digits_max];
  const char* const end = std::to_chars(digits, digits + sizeof digits, status).ptr;
  const std::string_view code(digits, end - digits);
  append(out, {"HTTP/1.1 ", code, " ", reason, "\r\n"});
}

void write_field(Buffer& out, std::string_view name, std::string_view value) {
  append(out, {name, ": ", value, "\r\n"});
}

void write_field(Buffer& out, std::string_view name, uint64_t value) {
  char digits[digits_max];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  write_field(out, name, std::string_view(digits, end - digits));
}

void end_head(Buffer& out) {
  out.append("\r\n");
}

ChunkHead::ChunkHead(uint64_t payload_bytes) {
  char* const end = std::to_chars(text, text + 16, payload_bytes, 16).ptr;
  std::memcpy(end, "\r\n", 2);
  length = static_cast<uint8_t>(end + 2 - text);
}

void write_last_chunk(Buffer& out, std::string_view trailers) {
  append(out, {"0\r\n", trailers, "\r\n"});
}

}  // namespace daruma::http
