// SPDX-License-Identifier: Apache-2.0
#include "http/h2_session.h"

#include "base/check.h"
#include "http/h2_library.h"

namespace daruma::http {
namespace {

// For a frame of DATA sent, the client may answer with two WINDOW_UPDATEs.
constexpr uint32_t frames_earned = 2;
constexpr uint32_t continuations_max = 8;

}  // namespace

// What nghttp2 calls; its conventions end here.
class H2Session::Callbacks {
 public:
  static void install(nghttp2_session_callbacks* to) {
    H2Endpoint::install(to);
    nghttp2_session_callbacks_set_on_begin_frame_callback(to, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to, on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
  }

 private:
  static H2Session& self(void* user) { return static_cast<H2Session&>(endpoint_of(user)); }

  // Frames, also of types that are not known; without DATA that the library passes over.
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    H2Session& session = self(user);
    switch (head->type) {
      case NGHTTP2_CONTINUATION:
        if (++session.continuations_ <= continuations_max) return 0;
        return session.fail(H2Fault::head, H2Error::enhance_your_calm);
      case NGHTTP2_HEADERS:
        session.continuations_ = 0;
        return 0;
      case NGHTTP2_RST_STREAM:
      case NGHTTP2_DATA:  // watch_ tells of those that bring nothing
        return 0;
      case NGHTTP2_SETTINGS:
        session.queued_ = nghttp2_session_get_outbound_queue_size(session.session_);
        break;
      default:
        break;
    }
    return session.spend(session.frames_, H2Fault::frames);
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    session.received_fields().clear();
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session.head_reader_.begin();
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user) {
    H2Session& session = self(user);
    const std::string_view name_text = library_text(name, name_size);
    const std::string_view value_text = library_text(value, value_size);
    const size_t bytes_max = session.limits_.head.head_bytes_max * H2HeadReader::attack_factor;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      session.head_reader_.add(name_text, value_text);
      if (session.head_reader_.decoded_bytes() > bytes_max)
        return session.fail(H2Fault::head, H2Error::enhance_your_calm);
      return 0;
    }
    std::string& trailers = session.received_fields();
    trailers.append(name_text).append(": ").append(value_text).append("\r\n");
    if (trailers.size() > bytes_max) return session.fail(H2Fault::head, H2Error::enhance_your_calm);
    return 0;
  }

  // A name or value that no HTTP field has: left out, it would be repaired.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
    const bool message = error == NGHTTP2_ERR_HTTP_HEADER || error == NGHTTP2_ERR_HTTP_MESSAGING;
    return message ? self(user).note_malformed(frame->hd.stream_id) : 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    const bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    H2Stream* const known = session.stream_of(frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
          return session.finish_head(frame->hd.stream_id, ended);
        if (ended && known) session.end_peer(*known, session.received_fields());
        return 0;
      case NGHTTP2_DATA:
        if (ended && known) session.end_peer(*known, "");
        return 0;
      case NGHTTP2_SETTINGS:
        return session.check_windows();
      case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK) session.finish_shutdown();
        return 0;
      case NGHTTP2_RST_STREAM: {
        const H2Stream* const stream = session.stream_of(frame->hd.stream_id);
        if (stream && is_said(*stream)) return 0;
        return session.spend(session.resets_, H2Fault::resets);
      }
      default:
        return 0;
    }
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    switch (frame->hd.type) {
      case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code == NGHTTP2_NO_ERROR) return 0;
        session.fault_ = frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM ? H2Fault::frames
                                                                               : H2Fault::protocol;
        return 0;
      case NGHTTP2_RST_STREAM: {
        // The library's own: those that this side asks for are of streams forgotten.
        const bool provoked = frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
                              session.stream_of(frame->hd.stream_id);
        return provoked ? session.spend(session.resets_, H2Fault::resets) : 0;
      }
      case NGHTTP2_DATA:
        session.frames_.earn(frames_earned);
        [[fallthrough]];
      case NGHTTP2_HEADERS:
        session.made_progress();
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
          if (H2Stream* const stream = session.stream_of(frame->hd.stream_id))
            session.end_said(*stream);
        }
        return 0;
      default:
        return 0;
    }
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    H2Session& session = self(user);
    H2Stream* const stream = session.stream_of(id);
    if (!stream) return 0;
    if (is_said(*stream)) session.resets_.earn(1);
    session.close(*stream, code);
    return 0;
  }
};

H2Session::H2Session(SlabPool& slabs, Handler& handler, const Limits& limits)
    : H2Endpoint(limits.output),
      handler_(handler),
      limits_(limits),
      head_reader_(slabs, limits.head),
      frames_(limits.frames),
      resets_(limits.resets) {
  nghttp2_session_callbacks* callbacks = nullptr;
  DARUMA_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
  Callbacks::install(callbacks);
  nghttp2_option* const option = make_option();
  H2Endpoint* const user = this;
  DARUMA_ASSERT(nghttp2_session_server_new2(&session_, callbacks, user, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams_max},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head.head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  };
  DARUMA_ASSERT(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
  set_connection_window(limits_.connection_window);
}

void H2Session::receive(std::string_view bytes, Instant now) {
  if (fault_ != H2Fault::none) return;
  now_ = now;
  while (!bytes.empty() && fault_ == H2Fault::none) {
    const H2FrameWatch::Verdict verdict = watch_.look(bytes);
    take_in(bytes.substr(0, verdict.good));
    bytes.remove_prefix(verdict.good);
    if (verdict.found == H2FrameWatch::Found::nothing || fault_ != H2Fault::none) continue;
    if (verdict.found == H2FrameWatch::Found::brings_nothing) {
      spend(frames_, H2Fault::frames);
    } else {
      const bool closed = verdict.found == H2FrameWatch::Found::closed;
      fail(H2Fault::protocol, closed ? H2Error::stream_closed : H2Error::protocol_error);
    }
  }
}

void H2Session::take_in(std::string_view bytes) {
  queued_ = nghttp2_session_get_outbound_queue_size(session_);
  const ssize_t taken = nghttp2_session_mem_recv(session_, library_bytes(bytes), bytes.size());
  if (taken >= 0 || fault_ != H2Fault::none) return;
  switch (taken) {
    case NGHTTP2_ERR_FLOODED:
      fail(H2Fault::frames, H2Error::enhance_your_calm);
      return;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      fail(H2Fault::head, H2Error::enhance_your_calm);
      return;
    default:  // no preface, first of all
      fail(H2Fault::protocol, H2Error::protocol_error);
  }
}

int H2Session::spend(H2Patience& patience, H2Fault fault) {
  return patience.spend(now_) ? 0 : fail(fault, H2Error::enhance_your_calm);
}

// SETTINGS that make a stream's window exceed the most break the connection (RFC 9113 6.9.2). The
// library resets the stream, and says so by nothing but what it then has to send.
int H2Session::check_windows() {
  constexpr size_t acknowledgement = 1;
  const size_t queued = nghttp2_session_get_outbound_queue_size(session_);
  if (queued <= queued_ + acknowledgement) return 0;
  return fail(H2Fault::protocol, H2Error::flow_control_error);
}

int H2Session::note_malformed(int32_t id) {
  const H2Stream* const known = stream_of(id);
  handler_.on_malformed_request(known, head_reader_.decoded_bytes());
  return known ? 0 : spend(resets_, H2Fault::resets);  // else its RST_STREAM counts when it leaves
}

int H2Session::finish_head(int32_t id, bool ended) {
  if (id > stream_last_) {  // the client was told so, or will be
    take(id, nullptr, ended);
    return 0;
  }
  looked_at(id);
  made_progress();
  frames_.earn(frames_earned);
  const auto body = ended ? H2HeadReader::Body::none : H2HeadReader::Body::follows;
  const ParseStatus status = head_reader_.finish(body, head_);
  if (status == ParseStatus::malformed) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return note_malformed(id);
  }
  H2Stream* const stream = status == ParseStatus::complete
                               ? handler_.on_request(head_, head_reader_.bytes(), body)
                               : handler_.on_unacceptable_request(status, head_reader_.method(),
                                                                  head_reader_.decoded_bytes());
  head_reader_.begin();
  take(id, stream, ended);
  return 0;
}

void H2Session::take(int32_t id, H2Stream* stream, bool ended) {
  if (!stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return;
  }
  adopt(*stream, id);
  nghttp2_session_set_stream_user_data(session_, id, stream);
  if (ended) end_peer(*stream, "");
}

void H2Session::respond(H2Stream& stream, const ResponseHead& head, Follows follows) {
  size_t names_bytes = 3;
  for (const Field& field : head.fields) names_bytes += field.name.size();
  begin_fields(names_bytes);
  pseudo(":status", keep(std::to_string(head.status)));
  add_fields(head.fields);
  const int32_t id = id_of(stream);
  if (head.status < 200) {
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, fields().data(),
                           fields().size(), nullptr);
    return;
  }
  if (follows == Follows::nothing) set_ended(stream);
  if (follows == Follows::tunnel) set_tunnel(stream, true);
  const nghttp2_data_provider body = body_of(stream);
  nghttp2_submit_response(session_, id, fields().data(), fields().size(),
                          follows == Follows::nothing ? nullptr : &body);
}

// END_STREAM has been sent. RFC 9113 8.1: nobody wants the rest of the request.
void H2Session::end_said(H2Stream& stream) {
  set_end_said(stream);
  if (is_tunnel(stream) || peer_ended(stream)) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id_of(stream), NGHTTP2_NO_ERROR);
}

void H2Session::stop_reading(H2Stream& stream) {
  set_tunnel(stream, false);
  if (is_end_said(stream)) end_said(stream);
}

void H2Session::begin_shutdown() {
  if (shutdown_ != Shutdown::none) return;
  shutdown_ = Shutdown::announced;
  nghttp2_submit_shutdown_notice(session_);
  // When its answer is there the client has read what was sent before.
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void H2Session::finish_shutdown() {
  if (shutdown_ != Shutdown::announced) return;
  shutdown_ = Shutdown::final;
  stream_last_ = nghttp2_session_get_last_proc_stream_id(session_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, stream_last_, NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace daruma::http
