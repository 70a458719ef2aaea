// SPDX-License-Identifier: Apache-2.0
//
// The server's side of one HTTP/2 connection (RFC 9113) as bytes in, events and bytes out: no
// socket, no clock. Frames, HPACK and flow control are nghttp2's; what a request may be, how much a
// peer may ask for and what is kept in memory is decided here.
//
// Memory: of each stream at most a window of its request's body is on its way to the handler, and
// output_stream_bytes_max of its response waits; of a connection connection_window and
// output_bytes_max. A stream always finds output_bytes_assured, so that one that its client does
// not take holds up no other.
//
// Abuse ends the connection with ENHANCE_YOUR_CALM and a fault to be counted: streams begun and
// reset, frames that bring nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, DATA of a few
// bytes), field sections far beyond the limits or in many frames. Both allowances grow with
// time and with what the client does that is of use (h2_patience.h).
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "http/h2_head.h"
#include "http/h2_patience.h"
#include "http/message.h"

namespace daruma::http {

// RFC 9113 7; those that we say.
enum class H2Error : uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  refused_stream = 0x7,
  cancel = 0x8,
  enhance_your_calm = 0xb,
};

// Why the session ended itself.
enum class H2Fault : uint8_t {
  none,
  protocol,  // the client broke RFC 9113 or RFC 7541
  resets,    // too many streams begun and reset
  frames,    // too many frames that bring nothing
  head,      // a field section far beyond the limits, or in too many frames
};

class H2Session;

// One request and its response. Made by the session's handler and owned by it.
class H2Stream {
 public:
  explicit H2Stream(SlabPool& slabs) : output_(slabs) {}
  virtual ~H2Stream() = default;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  // Of the response: given to write() and not yet to fill().
  size_t output_pending() const { return output_.size(); }

  // Events, from within receive() or fill(): neither may be called from them.
  virtual void on_body(std::string_view bytes) = 0;
  // The request is whole. Trailers as H1BodyReader::trailers() gives them, not yet filtered.
  virtual void on_body_end(std::string_view trailers) = 0;
  // Nothing goes either way any more; the session has forgotten the stream. The client may have
  // reset it, or both sides are complete.
  virtual void on_closed() = 0;
  // Some of the output has left.
  virtual void on_output_moved() = 0;

 private:
  friend class H2Session;
  int32_t id_ = 0;
  Buffer output_;
  std::string trailers_;
  bool ended_ = false;          // nothing follows what is in output_
  bool deferred_ = false;       // nghttp2 waits for output
  bool request_ended_ = false;  // the client's side is complete
  bool forgotten_ = false;
};

class H2Session {
 public:
  class Handler {
   public:
    // A request's head is there: `head`'s views lie in `bytes`; both may be taken. Returns its
    // stream, or nullptr to refuse it (REFUSED_STREAM: the client may send it again).
    virtual H2Stream* on_request(RequestHead& head, Buffer& bytes, H2HeadReader::Body body) = 0;
    // The head exceeds a limit; to be answered on that stream.
    virtual H2Stream* on_unacceptable_request(ParseStatus limit, size_t bytes_seen) = 0;
    // A request that is none by RFC 9113 8.1.1; its stream has been reset.
    virtual void on_malformed_request() = 0;

   protected:
    ~Handler() = default;
  };

  struct Limits {
    HeadLimits head{};
    uint32_t streams_max = 128;
    uint32_t connection_window = 512 * 1024;
    size_t output_stream_bytes_max = 64 * 1024;
    size_t output_bytes_max = 512 * 1024;
    size_t output_bytes_assured = 2 * 1024;
    H2Patience::Limits frames{.burst = 1'000, .per_second = 50};
    H2Patience::Limits resets{.burst = 256, .per_second = 32};
  };
  static constexpr uint32_t stream_window = 65'535;

  H2Session(SlabPool& slabs, Handler& handler, const Limits& limits);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  // What the client sent. After a fault nothing is read any more.
  void receive(std::string_view bytes, Instant now);
  // Appends to `out` what is to be sent, up to about fill_bytes. False: nothing is left for now.
  bool fill(Buffer& out);
  static constexpr size_t fill_bytes = 48 * 1024;
  // Nothing more will be read or written: what fill() gave is the last.
  bool finished() const;
  H2Fault fault() const { return fault_; }

  // The request's body, as far as it went on: the client may send as much again.
  void consumed(const H2Stream& stream, size_t bytes);
  // How many bytes of bodies the client may send now, over all streams.
  size_t window() const;
  // 1xx may precede the one final head. REQUIRES: no final head before.
  enum class Follows : uint8_t { body, nothing };
  void respond(H2Stream& stream, const ResponseHead& head, Follows follows);
  // How much write() takes now.
  size_t room(const H2Stream& stream) const;
  // REQUIRES: bytes.size() <= room().
  void write(H2Stream& stream, std::string_view bytes);
  // The response's body is complete. Trailers as H1BodyReader::trailers() gives them.
  void finish(H2Stream& stream, std::string_view trailers);
  // Ends the stream in both directions; no event of it follows.
  void reset(H2Stream& stream, H2Error error);

  // GOAWAY in two steps (RFC 9113 6.8): the first tells to open no more streams; the second, once
  // the client must have heard that, which was the last. Streams go on in between and after.
  void begin_shutdown();
  void finish_shutdown();
  bool shutting_down() const { return shutdown_ != Shutdown::none; }

  // Streams that are open, as far as the handler took them.
  size_t streams() const { return streams_; }
  // Grows with all that moves a request or response forward, and with nothing else.
  uint64_t progress() const { return progress_; }

 private:
  class Callbacks;
  enum class Shutdown : uint8_t { none, announced, final };

  H2Stream* stream_of(int32_t id) const;
  void adopt(int32_t id, H2Stream* stream, bool ended);
  void forget(H2Stream& stream);
  int fail(H2Fault fault, H2Error error);
  int spend(H2Patience& patience, H2Fault fault);
  int note_malformed();
  void resume(H2Stream& stream);
  void drop_output(H2Stream& stream);
  void write_last_words(Buffer& out);
  int finish_head(int32_t id, bool ended);

  Handler& handler_;
  Limits limits_;
  nghttp2_session* session_ = nullptr;
  H2HeadReader head_reader_;
  RequestHead head_;
  std::string trailers_;    // being received
  std::string lower_case_;  // names being sent
  std::vector<nghttp2_nv> fields_;
  H2Patience frames_;
  H2Patience resets_;
  Instant now_{};
  Buffer* sink_ = nullptr;  // while fill() runs
  size_t output_bytes_ = 0;
  size_t streams_ = 0;
  uint64_t progress_ = 0;
  int32_t last_request_ = 0;
  uint32_t continuations_ = 0;  // of the field section being received
  Shutdown shutdown_ = Shutdown::none;
  H2Fault fault_ = H2Fault::none;
  H2Error last_error_ = H2Error::no_error;
  bool last_words_said_ = false;
};

}  // namespace daruma::http
