// SPDX-License-Identifier: Apache-2.0
//
// Requests to bytes, the malformed ones included.
#include <algorithm>

#include "sim/script.h"

namespace daruma::sim {
namespace {

std::string chunked_body(const RequestScript& r) {
  std::string wire;
  const std::string body = body_bytes(r.token, BodyOf::request, 0, r.body_size);
  const auto hex_size = [](size_t n) {
    const std::string digits = hex(n);
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  };
  for (size_t at = 0; at < body.size(); at += r.chunk_size) {
    const size_t n = std::min(r.chunk_size, body.size() - at);
    if (r.malformation == Malformation::bad_chunk_size && at > 0) return wire + "xyz\r\n" + body;
    if (r.malformation == Malformation::huge_chunk_size) return wire + "fffffffffffffffff\r\n";
    wire += hex_size(n) + "\r\n" + body.substr(at, n);
    if (r.malformation != Malformation::no_crlf_after_chunk) wire += "\r\n";
  }
  return wire + "0\r\n" + r.trailers + "\r\n";
}

std::string body_of(const RequestScript& r) {
  switch (r.body) {
    case RequestBody::none:
      return "";
    case RequestBody::length:
      return body_bytes(r.token, BodyOf::request, 0, r.body_size);
    case RequestBody::chunked:
      return chunked_body(r);
  }
  return "";
}

std::string framing_fields(const RequestScript& r) {
  const std::string length = "Content-Length: " + std::to_string(r.body_size) + "\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  switch (r.malformation) {
    case Malformation::length_and_chunked:
      return "Content-Length: 7\r\n" + chunked;
    case Malformation::chunked_and_length:
      return chunked + "Content-Length: 7\r\n";
    case Malformation::two_lengths:
      return "Content-Length: 5\r\n" + length;
    case Malformation::two_equal_lengths:
      return length + length;
    case Malformation::signed_length:
      return "Content-Length: +" + std::to_string(r.body_size) + "\r\n";
    case Malformation::huge_length:
      return "Content-Length: 99999999999999999999999\r\n";
    case Malformation::chunked_twice:
      return chunked + chunked;
    case Malformation::obfuscated_coding:
      return "Transfer-Encoding : chunked\r\n";
    case Malformation::coding_with_tab:
      return "Transfer-Encoding:\tchunked\r\n";
    default:
      break;  // tidy: the rest has the framing of its body
  }
  if (r.body == RequestBody::length) return length;
  if (r.body == RequestBody::chunked) return chunked;
  return "";
}

std::string odd_fields(const RequestScript& r) {
  std::string fields;
  switch (r.malformation) {
    case Malformation::gzip_coding:
      return "Transfer-Encoding: gzip\r\n";
    case Malformation::two_hosts:
      return "Host: other.example.com\r\n";
    case Malformation::space_in_name:
      return "X Sim: 1\r\n";
    case Malformation::folded_field:
      return "X-Folded: one\r\n two\r\n";
    case Malformation::long_field:
      return "X-Long: " + std::string(17 * 1024, 'l') + "\r\n";
    case Malformation::huge_head:
      for (int i = 0; i < 6; ++i) fields += "X-Large: " + std::string(12 * 1024, 'h') + "\r\n";
      return fields;
    case Malformation::many_fields:
      for (int i = 0; i < 400; ++i) fields += "X-Many: " + std::to_string(i) + "\r\n";
      return fields;
    default:
      return "";
  }
}

std::string head_of(const RequestScript& r, std::string_view cookies) {
  std::string line = r.path;
  if (r.malformation == Malformation::long_line) line += "?" + std::string(17 * 1024, 'a');
  std::string head = r.method + " " + line + " HTTP/1." + std::to_string(r.minor_version) + "\r\n";
  if (r.malformation != Malformation::no_host) head += "Host: " + r.host + "\r\n";
  head += std::string(token_field) + ": " + text_of(r.token) + "\r\n";
  head += framing_fields(r) + odd_fields(r);
  if (!cookies.empty()) head += "Cookie: " + std::string(cookies) + "\r\n";
  if (r.expect_continue) head += "Expect: 100-continue\r\n";
  head += filler_fields(r.head_filler);
  if (!r.trailers.empty()) head += "Trailer: X-Sim-Trailer\r\n";
  if (r.upgrade) head += "Connection: Upgrade\r\nUpgrade: h2c, sim\r\n";
  if (r.close)
    head += "Connection: close\r\n";
  else if (r.minor_version == 0)
    head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

}  // namespace

std::string filler_fields(size_t bytes) {
  static constexpr std::string_view name = "X-Filler: ";
  static constexpr size_t line_bytes_max = 8000;
  std::string fields;
  while (bytes > name.size() + 2) {
    const size_t line = std::min(bytes, line_bytes_max);
    fields += std::string(name) + std::string(line - name.size() - 2, 'f') + "\r\n";
    bytes -= line;
  }
  return fields;
}

std::string trailer_lines(Token token, size_t filler) {
  return "X-Sim-Trailer: " + text_of(token) + "\r\n" + filler_fields(filler);
}

void shape(RequestScript& r) {
  switch (r.malformation) {
    case Malformation::length_and_chunked:
    case Malformation::chunked_and_length:
    case Malformation::chunked_twice:
    case Malformation::obfuscated_coding:
    case Malformation::coding_with_tab:
    case Malformation::bad_chunk_size:
    case Malformation::no_crlf_after_chunk:
    case Malformation::huge_chunk_size:
      r.method = "POST";
      r.minor_version = 1;
      r.body = RequestBody::chunked;
      r.chunk_size = std::max<size_t>(r.chunk_size, 100);
      r.body_size = std::max<size_t>(r.body_size, 2 * r.chunk_size);
      break;
    case Malformation::two_lengths:
    case Malformation::two_equal_lengths:
    case Malformation::signed_length:
    case Malformation::huge_length:
      r.method = "POST";
      r.body = RequestBody::length;
      r.body_size = std::max<size_t>(r.body_size, 200);
      break;
    case Malformation::get_with_body:
      r.method = "GET";
      r.body = RequestBody::length;
      r.body_size = std::max<size_t>(r.body_size, 200);
      break;
    case Malformation::trace_method:
      r.method = "TRACE";
      r.body = RequestBody::none;
      break;
    case Malformation::none:
    case Malformation::not_http:
    case Malformation::http2_preface:
    case Malformation::gzip_coding:
    case Malformation::no_host:
    case Malformation::two_hosts:
    case Malformation::space_in_name:
    case Malformation::folded_field:
    case Malformation::bare_line_feeds:
    case Malformation::long_line:
    case Malformation::long_field:
    case Malformation::huge_head:
    case Malformation::many_fields:
    case Malformation::h2_upper_case_name:
    case Malformation::h2_no_path:
    case Malformation::h2_pseudo_behind_field:
    case Malformation::h2_two_methods:
    case Malformation::h2_connection_field:
    case Malformation::h2_te:
    case Malformation::h2_connect:
      break;
    case Malformation::h2_length_too_long:
    case Malformation::h2_length_too_short:
      r.method = "POST";
      r.body = RequestBody::length;
      r.body_size = std::max<size_t>(r.body_size, 200);
      break;
    case Malformation::h2_pseudo_in_trailers:
      r.method = "POST";
      r.body = RequestBody::chunked;
      r.trailers = trailer_lines(r.token, 0);
      break;
  }
}

RequestWire wire_of(const RequestScript& r, std::string_view cookies) {
  if (r.malformation == Malformation::not_http) return {"\x16\x03\x01 not HTTP\r\n\r\n", 16};
  if (r.malformation == Malformation::http2_preface)
    return {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 18};
  std::string head = head_of(r, cookies);
  if (r.malformation == Malformation::bare_line_feeds) std::erase(head, '\r');
  const size_t head_bytes = head.size();
  return {head + body_of(r), head_bytes};
}

std::string_view name_of(Malformation malformation) {
  static constexpr std::string_view names[] = {"none",
                                               "not_http",
                                               "http2_preface",
                                               "trace_method",
                                               "length_and_chunked",
                                               "chunked_and_length",
                                               "two_lengths",
                                               "two_equal_lengths",
                                               "signed_length",
                                               "huge_length",
                                               "chunked_twice",
                                               "gzip_coding",
                                               "obfuscated_coding",
                                               "coding_with_tab",
                                               "no_host",
                                               "two_hosts",
                                               "space_in_name",
                                               "folded_field",
                                               "bare_line_feeds",
                                               "bad_chunk_size",
                                               "no_crlf_after_chunk",
                                               "huge_chunk_size",
                                               "long_line",
                                               "long_field",
                                               "huge_head",
                                               "many_fields",
                                               "get_with_body",
                                               "h2_upper_case_name",
                                               "h2_no_path",
                                               "h2_pseudo_behind_field",
                                               "h2_two_methods",
                                               "h2_connection_field",
                                               "h2_te",
                                               "h2_length_too_long",
                                               "h2_length_too_short",
                                               "h2_pseudo_in_trailers",
                                               "h2_connect"};
  static_assert(std::size(names) == malformation_count_all);
  return names[static_cast<size_t>(malformation)];
}

}  // namespace daruma::sim
