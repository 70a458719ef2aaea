// SPDX-License-Identifier: Apache-2.0
//
// A request of HTTP/2 (RFC 9113 8.3) as the RequestHead that the same request would be in HTTP/1.1:
// what the guard judges and what is forwarded. Pure; knows no frames (h2_session.h does).
//  - :authority becomes Host, in lower case as an ALB writes it; a Host field that names another is
//    refused, one that says the same is left out; :scheme is dropped.
//  - Cookie crumbs become one field (8.2.3).
//  - An extended CONNECT (RFC 8441) becomes the GET that asks for the same by Upgrade; its body is
//  none, but what the tunnel carries. Its Sec-WebSocket-Key, which has no meaning here, is left
//  out.
//  - A body whose length is not declared is chunked. A POST, PUT or PATCH without a body has length
//    0 (RFC 9110 8.6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "http/head_scanner.h"
#include "http/message.h"

namespace daruma::http {

class H2HeadReader {
 public:
  // However much of a field section is beyond the limits, it must be decoded to its end to keep
  // HPACK's state; past this many times head_bytes_max it is an attack (h2_session.h).
  static constexpr size_t attack_factor = 4;

  H2HeadReader(SlabPool& slabs, const HeadLimits& limits) : limits_(limits), bytes_(slabs) {}

  void begin();
  // One field as decoded, in the order received. What the limits do not admit is not kept.
  // REQUIRES: nghttp2 found name and value valid for HTTP/2.
  void add(std::string_view name, std::string_view value);
  // Of the whole field section so far, names and values.
  size_t decoded_bytes() const { return decoded_bytes_; }

  // `complete`: fills `head`, whose views lie in bytes(); method and target one behind the other,
  // as in a request line. `malformed`: :authority and Host differ, :path is none (RFC 9113 8.3.1),
  // or a tunnel has a length. Else the limit that was exceeded.
  enum class Body : uint8_t { none, follows };
  ParseStatus finish(Body body, RequestHead& head);
  Buffer& bytes() { return bytes_; }
  // As far as it is known, also where a limit was exceeded.
  Method method() const { return method_of(method_); }

 private:
  struct Span {  // of bytes_, which may move while it grows
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct Entry {
    Span name;
    Span value;
  };
  void exceed(ParseStatus status);
  Span keep(std::string_view text);
  void keep_pseudo(std::string& pseudo, std::string_view text);
  void keep_field(std::string_view name, std::string_view value);
  std::string_view text_of(Span span) const;
  bool host_differs() const;
  bool path_is_none() const;
  ParseStatus make_upgrade();

  HeadLimits limits_;
  Buffer bytes_;
  std::vector<Entry> entries_;
  // What comes in an order of its own, until finish() puts it into bytes_.
  std::string method_;
  std::string path_;
  std::string authority_;
  std::string protocol_;
  std::string cookie_;
  size_t decoded_bytes_ = 0;
  ParseStatus exceeded_ = ParseStatus::complete;  // the first limit that was, or `complete`
};

}  // namespace daruma::http
