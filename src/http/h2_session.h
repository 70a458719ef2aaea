// SPDX-License-Identifier: Apache-2.0
//
// The server's end of one HTTP/2 connection (RFC 9113): bytes in, requests out. What a request may
// be, and how much a peer may ask for, is decided here; what is kept in memory in h2_endpoint.h.
//
// Abuse ends the connection with ENHANCE_YOUR_CALM and a fault to be counted: streams begun and
// reset, by the client or by what it makes this side reset (CVE-2025-8671), frames that bring
// nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, DATA of a few bytes), field sections far beyond
// the limits or in many frames. Both allowances grow with time and with what the client does that
// is of use (h2_patience.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/time.h"
#include "http/h2_endpoint.h"
#include "http/h2_frame_watch.h"
#include "http/h2_head.h"
#include "http/h2_patience.h"
#include "http/message.h"

namespace daruma::http {

class H2Session final : public H2Endpoint {
 public:
  class Handler {
   public:
    // A request's head is there: `head`'s views lie in `bytes`; both may be taken. Returns its
    // stream, or nullptr to refuse it (REFUSED_STREAM: the client may send it again).
    virtual H2Stream* on_request(RequestHead& head, Buffer& bytes, H2HeadReader::Body body) = 0;
    // The head exceeds a limit; to be answered on that stream, as `method` wants it.
    virtual H2Stream* on_unacceptable_request(ParseStatus limit, Method method,
                                              size_t bytes_seen) = 0;
    // A request that is none by RFC 9113 8.1.1; its stream is being reset. `stream` is its own, if
    // what is wrong comes behind its head; else nullptr, and nobody has heard of it.
    virtual void on_malformed_request(const H2Stream* stream, size_t bytes_seen) = 0;

   protected:
    ~Handler() = default;
  };

  struct Limits {
    HeadLimits head{};
    uint32_t streams_max = 128;
    uint32_t connection_window = 512 * 1024;
    OutputLimits output{};
    H2Patience::Limits frames{.burst = 1'000, .per_second = 50};
    H2Patience::Limits resets{.burst = 256, .per_second = 32};
  };

  H2Session(SlabPool& slabs, Handler& handler, const Limits& limits);

  // What the client sent. After a fault nothing is read any more.
  void receive(std::string_view bytes, Instant now);

  // 1xx may precede the one final head. REQUIRES: no final head before.
  // tunnel: bytes both ways, and each side ends its own.
  enum class Follows : uint8_t { body, nothing, tunnel };
  void respond(H2Stream& stream, const ResponseHead& head, Follows follows);

  // Nothing more is wanted of the client's side of a tunnel: once this side has said all, the
  // stream ends without an error.
  void stop_reading(H2Stream& stream);

  // GOAWAY in two steps (RFC 9113 6.8): the first tells to open no more streams; the second, once
  // the client must have heard that, which was the last. Streams go on in between and after.
  void begin_shutdown();
  void finish_shutdown();
  bool shutting_down() const { return shutdown_ != Shutdown::none; }

 private:
  class Callbacks;
  enum class Shutdown : uint8_t { none, announced, final };

  void take_in(std::string_view bytes);
  void take(int32_t id, H2Stream* stream, bool ended);
  int spend(H2Patience& patience, H2Fault fault);
  int check_windows();
  void end_said(H2Stream& stream);
  int note_malformed(int32_t id);
  int finish_head(int32_t id, bool ended);

  Handler& handler_;
  Limits limits_;
  H2FrameWatch watch_;
  H2HeadReader head_reader_;
  RequestHead head_;
  H2Patience frames_;
  H2Patience resets_;
  Instant now_{};
  uint32_t continuations_ = 0;  // of the field section being received
  size_t queued_ = 0;           // frames to be sent, before those of the SETTINGS being received
  Shutdown shutdown_ = Shutdown::none;
  // What is begun after it is not served, also before the GOAWAY that says so has left.
  int32_t stream_last_ = INT32_MAX;
};

}  // namespace daruma::http
