// SPDX-License-Identifier: Apache-2.0
//
// What both ends of an HTTP/2 connection (RFC 9113) have in common, as bytes out: streams with what
// they still have to say, flow control by what was consumed, the connection's last words. No
// socket, no clock. Frames, HPACK and windows are nghttp2's. h2_session.h is the server's end,
// h2_client_session.h the client's.
//
// Memory: of each stream at most a window of what the peer sends is on its way to the handler, and
// OutputLimits::stream_bytes_max of its own waits; of a connection the connection's window and
// bytes_max. A stream always finds bytes_assured, so that one whose peer does not take it holds up
// no other.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "http/message.h"

namespace daruma::http {

// RFC 9113 7; those that we say.
enum class H2Error : uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  stream_closed = 0x5,
  refused_stream = 0x7,
  cancel = 0x8,
  enhance_your_calm = 0xb,
};

// Why an endpoint ended its connection itself.
enum class H2Fault : uint8_t {
  none,
  protocol,  // the peer broke RFC 9113 or RFC 7541
  resets,    // too many streams begun and reset
  frames,    // too many frames that bring nothing
  head,      // a field section far beyond the limits, or in too many frames
};

class H2Endpoint;

// One request and its response. Owned by whoever made it; known to its endpoint until on_closed(),
// or until it is reset.
class H2Stream {
 public:
  explicit H2Stream(SlabPool& slabs) : output_(slabs) {}
  virtual ~H2Stream() = default;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  // Given to write() and not yet to fill().
  size_t output_pending() const { return output_.size(); }

  // Events, from within receive() or fill(): neither may be called from them.
  virtual void on_body(std::string_view bytes) = 0;
  // The peer's message is whole. Trailers as H1BodyReader::trailers() gives them, not yet filtered.
  virtual void on_body_end(std::string_view trailers) = 0;
  // Nothing goes either way any more; the endpoint has forgotten the stream. The peer may have
  // reset it, or both sides are complete.
  virtual void on_closed() = 0;

 protected:
  // RFC 9113 7, with which it was closed; 0 for a regular end.
  uint32_t close_code() const { return close_code_; }

 private:
  friend class H2Endpoint;
  int32_t id_ = 0;
  uint32_t close_code_ = 0;
  Buffer output_;
  std::string trailers_;
  bool ended_ = false;       // nothing follows what is in output_
  bool deferred_ = false;    // nghttp2 waits for output
  bool peer_ended_ = false;  // the peer's side is complete
  bool end_said_ = false;    // END_STREAM has been sent
  bool tunnel_ = false;      // the peer's side goes on after that
  bool forgotten_ = false;
};

class H2Endpoint {
 public:
  struct OutputLimits {
    size_t stream_bytes_max = 64 * 1024;
    size_t bytes_max = 512 * 1024;
    size_t bytes_assured = 2 * 1024;
    // All that so many streams may hold together.
    constexpr size_t most(size_t streams) const { return bytes_max + streams * bytes_assured; }
  };
  static constexpr uint32_t stream_window = 65'535;
  static constexpr size_t fill_bytes = 48 * 1024;

  H2Endpoint(const H2Endpoint&) = delete;
  H2Endpoint& operator=(const H2Endpoint&) = delete;

  // Appends to `out` what is to be sent, up to about fill_bytes. False: nothing is left for now.
  bool fill(Buffer& out);
  // Nothing more will be read or written: what fill() gave is the last.
  bool finished() const;
  H2Fault fault() const { return fault_; }

  // The peer's body, as far as it went on: the peer may send as much again.
  void consumed(const H2Stream& stream, size_t bytes);
  // How many bytes of bodies the peer may send now, over all streams.
  size_t window() const;
  // How much write() takes now.
  size_t room(const H2Stream& stream) const;
  // There is room, and little of the stream's output waits: enough to be worth a write.
  bool has_ample_room(const H2Stream& stream) const;
  // REQUIRES: bytes.size() <= room().
  void write(H2Stream& stream, std::string_view bytes);
  // The body is complete. Trailers as H1BodyReader::trailers() gives them.
  void finish(H2Stream& stream, std::string_view trailers);
  // Ends the stream in both directions; no event of it follows.
  void reset(H2Stream& stream, H2Error error);

  // Given to write() and not yet to fill(), of all streams.
  size_t output_bytes() const { return output_bytes_; }
  // The peer would take more of this stream: what holds it up is the connection's window, or that
  // others have their turn.
  bool is_window_open(const H2Stream& stream) const;
  // Streams that are open, as far as this side took them.
  size_t streams() const { return streams_; }
  // Grows with all that moves a request or response forward, and with nothing else.
  uint64_t progress() const { return progress_; }

 protected:
  explicit H2Endpoint(const OutputLimits& limits) : output_limits_(limits) {}
  ~H2Endpoint();

  // What nghttp2 calls finds the endpoint as its user data, of this type.
  static H2Endpoint& endpoint_of(void* user) { return *static_cast<H2Endpoint*>(user); }
  // Those callbacks that both ends share: DATA in and out.
  static void install(nghttp2_session_callbacks* to);
  // What both ends want of the library: windows by consumed(), no memory of closed streams, bounded
  // answers to frames that ask for one.
  static nghttp2_option* make_option();
  // Our window for the connection.
  void set_connection_window(uint32_t bytes);

  H2Stream* stream_of(int32_t id) const;
  static int32_t id_of(const H2Stream& stream) { return stream.id_; }
  static bool peer_ended(const H2Stream& stream) { return stream.peer_ended_; }
  // Our side is complete, and has left.
  static bool is_said(const H2Stream& stream) { return stream.ended_ && stream.output_.empty(); }
  void adopt(H2Stream& stream, int32_t id);
  void forget(H2Stream& stream);
  // The peer's side is complete; with trailers, where the frame that ended it was a field section.
  void end_peer(H2Stream& stream, std::string_view trailers);
  // It was closed by both sides or either.
  void close(H2Stream& stream, uint32_t code);
  // The body's source, and that there is none where `follows` is not set.
  nghttp2_data_provider body_of(H2Stream& stream);
  static void set_ended(H2Stream& stream) { stream.ended_ = true; }
  static void set_end_said(H2Stream& stream) { stream.end_said_ = true; }
  static bool is_end_said(const H2Stream& stream) { return stream.end_said_; }
  static void set_tunnel(H2Stream& stream, bool tunnel) { stream.tunnel_ = tunnel; }
  static bool is_tunnel(const H2Stream& stream) { return stream.tunnel_; }

  // HTTP/2's fields of a head of HTTP/1.1, in lower case, without those that belong to a connection
  // (RFC 9113 8.2.2), behind what pseudo() was given. They live until begin_fields().
  void begin_fields(size_t names_bytes);
  void pseudo(std::string_view name, std::string_view value);
  // Without `left_out`.
  void add_fields(const Fields& fields, FieldId left_out = FieldId::invalid);
  std::span<const nghttp2_nv> fields() const { return fields_; }
  // A text that pseudo() may be given. REQUIRES: begin_fields() was told of its bytes.
  std::string_view keep(std::string_view text);

  int fail(H2Fault fault, H2Error error);
  void made_progress() { ++progress_; }
  // What the peer sent of a stream's trailers, or a client's of its response's fields. Where the
  // stream ends in the midst of them, they are left here until the next field section: only who
  // has its last frame may read them.
  std::string& received_fields() { return received_fields_; }
  bool failed() const { return last_error_ != H2Error::no_error; }
  // For the last words: the peer's newest stream that was looked at.
  void looked_at(int32_t id) { last_peer_stream_ = id; }

  nghttp2_session* session_ = nullptr;  // set by the one who derives from this
  H2Fault fault_ = H2Fault::none;

 private:
  static int on_data(nghttp2_session* library, uint8_t flags, int32_t id, const uint8_t* data,
                     size_t size, void* user);
  static int send_data(nghttp2_session* library, nghttp2_frame* frame, const uint8_t* head,
                       size_t size, nghttp2_data_source* source, void* user);
  static ssize_t read_output(nghttp2_session* library, int32_t id, uint8_t* bytes, size_t length,
                             uint32_t* flags, nghttp2_data_source* source, void* user);

  void resume(H2Stream& stream);
  void drop_output(H2Stream& stream);
  void write_last_words(Buffer& out);

  OutputLimits output_limits_;
  std::string received_fields_;
  std::string lower_case_;  // names being sent
  std::vector<nghttp2_nv> fields_;
  Buffer* sink_ = nullptr;  // while fill() runs
  size_t output_bytes_ = 0;
  size_t streams_ = 0;
  uint64_t progress_ = 0;
  int32_t last_peer_stream_ = 0;
  H2Error last_error_ = H2Error::no_error;
  bool last_words_said_ = false;
};

}  // namespace daruma::http
