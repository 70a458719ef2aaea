// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 frames by hand: written byte by byte, read back without the code under test. Field
// sections are written as literals (RFC 7541 6.2.2), so that a test shows what is on the wire.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daruma::http::h2 {

using FieldList = std::vector<std::pair<std::string, std::string>>;

enum Flag : uint8_t { none = 0, end_stream = 0x1, ack = 0x1, end_headers = 0x4 };

inline const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(uint64_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
  return out;
}

inline std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return number(static_cast<uint32_t>(payload.size()), 3) + number(type, 1) + number(flags, 1) +
         number(stream, 4) + std::string(payload);
}

// A string literal of HPACK without Huffman coding.
inline std::string text(std::string_view value) {
  std::string out;
  if (value.size() < 127) {
    out.push_back(static_cast<char>(value.size()));
  } else {
    out.push_back(127);
    size_t rest = value.size() - 127;
    for (; rest >= 128; rest /= 128) out.push_back(static_cast<char>(rest % 128 + 128));
    out.push_back(static_cast<char>(rest));
  }
  return out.append(value);
}

inline std::string field_section(const FieldList& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += '\0' + text(name) + text(value);
  return out;
}

inline std::string headers(uint32_t stream, const FieldList& fields, uint8_t flags = end_stream) {
  return frame(NGHTTP2_HEADERS, flags | end_headers, stream, field_section(fields));
}
inline std::string data(uint32_t stream, std::string_view bytes, uint8_t flags = none) {
  return frame(NGHTTP2_DATA, flags, stream, bytes);
}
inline std::string settings(std::string_view entries = "", uint8_t flags = none) {
  return frame(NGHTTP2_SETTINGS, flags, 0, entries);
}
inline std::string setting(uint16_t name, uint32_t value) {
  return number(name, 2) + number(value, 4);
}
inline std::string window_update(uint32_t stream, uint32_t bytes) {
  return frame(NGHTTP2_WINDOW_UPDATE, none, stream, number(bytes, 4));
}
inline std::string rst_stream(uint32_t stream, uint32_t error) {
  return frame(NGHTTP2_RST_STREAM, none, stream, number(error, 4));
}
inline std::string ping(uint8_t flags = none) {
  return frame(NGHTTP2_PING, flags, 0, "12345678");
}

// What a client begins with.
inline std::string hello() {
  return preface + settings();
}

inline FieldList get(std::string path = "/", FieldList more = {}) {
  FieldList fields{{":method", "GET"},
                   {":scheme", "https"},
                   {":path", std::move(path)},
                   {":authority", "shop.example"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline FieldList post(FieldList more = {}) {
  FieldList fields = get("/form", std::move(more));
  fields[0].second = "POST";
  return fields;
}

// Frames as they came, in words: "HEADERS 1 end :status=200 a=b", "DATA 1 'text' end",
// "RST_STREAM 1 PROTOCOL_ERROR", "GOAWAY 3 NO_ERROR", "SETTINGS", "SETTINGS ack",
// "WINDOW_UPDATE 0 458752", "PING", "PING ack".
class FrameReader {
 public:
  FrameReader() { nghttp2_hd_inflate_new(&inflater_); }
  ~FrameReader() { nghttp2_hd_inflate_del(inflater_); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  std::vector<std::string> read(std::string_view bytes) {
    std::vector<std::string> frames;
    while (bytes.size() >= 9) {
      const uint32_t length = value_of(bytes.substr(0, 3));
      const auto type = static_cast<uint8_t>(bytes[3]);
      const auto flags = static_cast<uint8_t>(bytes[4]);
      const uint32_t stream = value_of(bytes.substr(5, 4));
      frames.push_back(describe(type, flags, stream, bytes.substr(9, length)));
      bytes.remove_prefix(9 + length);
    }
    return frames;
  }

 private:
  static uint32_t value_of(std::string_view bytes) {
    uint32_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }

  std::string describe(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
    const std::string id = " " + std::to_string(stream);
    const std::string end = flags & end_stream ? " end" : "";
    const std::string ack_text = flags & ack ? " ack" : "";
    switch (type) {
      case NGHTTP2_DATA:
        return "DATA" + id + " '" + std::string(payload) + "'" + end;
      case NGHTTP2_HEADERS:
        return "HEADERS" + id + end + fields_in(payload);
      case NGHTTP2_RST_STREAM:
        return "RST_STREAM" + id + " " + nghttp2_http2_strerror(value_of(payload));
      case NGHTTP2_SETTINGS:
        return "SETTINGS" + ack_text;
      case NGHTTP2_PING:
        return "PING" + ack_text;
      case NGHTTP2_GOAWAY:
        return "GOAWAY " + std::to_string(value_of(payload.substr(0, 4))) + " " +
               nghttp2_http2_strerror(value_of(payload.substr(4, 4)));
      case NGHTTP2_WINDOW_UPDATE:
        return "WINDOW_UPDATE" + id + " " + std::to_string(value_of(payload));
      default:
        return "type " + std::to_string(type);
    }
  }

  std::string fields_in(std::string_view section) {
    std::string out;
    const auto* at = reinterpret_cast<const uint8_t*>(section.data());
    size_t left = section.size();
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (used < 0) return out + " (undecodable)";
      at += used;
      left -= static_cast<size_t>(used);
      if (flags & NGHTTP2_HD_INFLATE_EMIT) {
        out += ' ';
        out.append(reinterpret_cast<const char*>(field.name), field.namelen) += '=';
        out.append(reinterpret_cast<const char*>(field.value), field.valuelen);
      }
      if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return out;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace daruma::http::h2
