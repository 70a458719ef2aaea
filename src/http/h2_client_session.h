// SPDX-License-Identifier: Apache-2.0
//
// The client's end of one HTTP/2 connection (RFC 9113): requests in, responses out, as bytes; what
// is kept in memory stands in h2_endpoint.h. No server push.
//
// A response's head is given as the text that HTTP/1.1 has for its fields, so that whoever reads it
// judges it as he judges every other (ADR 7). Of a field section over the limit no more is kept
// than shows it; one far over it ends the connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "http/h2_endpoint.h"
#include "http/message.h"

namespace daruma::http {

class H2ClientStream : public H2Stream {
 public:
  using H2Stream::H2Stream;

  // 1xx may precede the one final head. `fields`: "name: value" CRLF each. `ended`: no body
  // follows, and on_body_end() is called next.
  virtual void on_response(int status, std::string_view fields, bool ended) = 0;

  // Once closed: the server has not looked at the request, which may be sent again whatever it is
  // (RFC 9113 8.7): REFUSED_STREAM, beyond the last stream of a GOAWAY, or never sent.
  bool refused() const { return close_code() == static_cast<uint32_t>(H2Error::refused_stream); }
  // Its head has been given to fill().
  bool was_sent() const { return sent_; }
  // Once closed: the response broke RFC 9113 8.1.1.
  bool malformed() const { return malformed_; }

 private:
  friend class H2ClientSession;
  bool malformed_ = false;
  bool sent_ = false;
  size_t head_bytes_ = 0;  // of the request's field section, until it is sent
};

class H2ClientSession final : public H2Endpoint {
 public:
  struct Limits {
    size_t head_bytes_max = 32 * 1024;  // of a response
    uint32_t streams_max = 100;         // that we use, however many the server allows
    uint32_t connection_window = 512 * 1024;
    size_t heads_bytes_max = 256 * 1024;  // of requests that wait to be sent
    OutputLimits output{};
  };

  H2ClientSession(SlabPool& slabs, const Limits& limits);

  // What the server sent. After a fault nothing is read any more.
  void receive(std::string_view bytes);

  // The server's SETTINGS have come: it speaks HTTP/2, and has said what it takes.
  bool introduced() const { return introduced_; }
  // How many requests may be open at once: the server's limit, as far as it is known, and ours.
  size_t streams_max() const;
  // One more request may be begun. Once false for a GOAWAY, it remains so.
  bool may_request() const;
  // The server said GOAWAY, or this connection has no more streams to give: no request any more.
  bool leaving() const { return leaving_; }
  // REQUIRES: may_request(). `scheme` is "http" or "https". `head`'s Host becomes :authority.
  enum class Follows : uint8_t { body, nothing };
  void request(H2ClientStream& stream, const RequestHead& head, std::string_view scheme,
               Follows follows);
  // Ends the stream in both directions; no event of it follows.
  void reset(H2ClientStream& stream, H2Error error);
  // Of requests that wait to be sent.
  size_t heads_bytes() const { return heads_bytes_; }
  // GOAWAY: nothing follows. What fill() gives after that is the last.
  void end();

 private:
  class Callbacks;
  void keep_field(std::string_view name, std::string_view value);
  int finish_head(int32_t id, bool ended);
  void sent(H2ClientStream& stream);

  H2ClientStream* client_stream_of(int32_t id) const {
    return static_cast<H2ClientStream*>(stream_of(id));
  }

  const Limits limits_;
  static constexpr int none = -1;
  int status_ = none;  // of the head being received
  size_t decoded_bytes_ = 0;
  std::vector<H2ClientStream*> unsent_;  // the library has not begun them yet
  size_t heads_bytes_ = 0;               // of those
  bool introduced_ = false;
  bool leaving_ = false;
};

}  // namespace daruma::http
