// SPDX-License-Identifier: Apache-2.0
#include "http/h2_client_session.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "http/h2_library.h"

namespace daruma::http {
namespace {

// As far over the limit HPACK's state is kept; beyond it is an attack.
constexpr size_t attack_factor = 4;
constexpr size_t pseudo_names_bytes = 64;
constexpr int status_least = 100;  // RFC 9110 15; the library takes "028" too
// RFC 9113 5.1.1: they are not used again.
constexpr int32_t stream_id_last = 0x7fff'fff0;

}  // namespace

// What nghttp2 calls; its conventions end here.
class H2ClientSession::Callbacks {
 public:
  static void install(nghttp2_session_callbacks* to) {
    H2Endpoint::install(to);
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to, on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(to, on_frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
  }

 private:
  static H2ClientSession& self(void* user) {
    return static_cast<H2ClientSession&>(endpoint_of(user));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) {
    H2ClientSession& session = self(user);
    session.received_fields().clear();
    session.status_ = none;
    session.decoded_bytes_ = 0;
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user) {
    H2ClientSession& session = self(user);
    session.decoded_bytes_ += name_size + value_size;
    if (session.decoded_bytes_ > session.limits_.head_bytes_max * attack_factor)
      return session.fail(H2Fault::head, H2Error::enhance_your_calm);
    session.keep_field(library_text(name, name_size), library_text(value, value_size));
    return 0;
  }

  // A name or value that no HTTP field has: left out, it would be repaired.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
    const bool message = error == NGHTTP2_ERR_HTTP_HEADER || error == NGHTTP2_ERR_HTTP_MESSAGING;
    H2ClientStream* const stream = self(user).client_stream_of(frame->hd.stream_id);
    if (message && stream) stream->malformed_ = true;
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2ClientSession& session = self(user);
    const bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    H2Stream* const stream = session.stream_of(frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (session.status_ != none) return session.finish_head(frame->hd.stream_id, ended);
        if (ended && stream) session.end_peer(*stream, session.received_fields());
        return 0;
      case NGHTTP2_DATA:
        if (ended && stream) session.end_peer(*stream, "");
        return 0;
      case NGHTTP2_SETTINGS:
        session.introduced_ = true;
        return 0;
      case NGHTTP2_GOAWAY:
        session.leaving_ = true;
        return 0;
      default:
        return 0;
    }
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2ClientSession& session = self(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (H2ClientStream* const stream = session.client_stream_of(frame->hd.stream_id)) {
          stream->sent_ = true;
          session.sent(*stream);
        }
        [[fallthrough]];
      case NGHTTP2_DATA:
        session.made_progress();
        return 0;
      case NGHTTP2_RST_STREAM:  // the library's own: those of reset() are of streams forgotten
        if (H2ClientStream* const stream = session.client_stream_of(frame->hd.stream_id))
          stream->malformed_ = true;
        return 0;
      case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR) session.fault_ = H2Fault::protocol;
        return 0;
      default:
        return 0;
    }
  }

  // The library gives no stream to a request after a GOAWAY has come: it never knew it.
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    H2ClientSession& session = self(user);
    const auto waits = std::ranges::find_if(session.unsent_, [&](const H2ClientStream* stream) {
      return id_of(*stream) == frame->hd.stream_id;
    });
    if (frame->hd.type != NGHTTP2_HEADERS || waits == session.unsent_.end()) return 0;
    H2ClientStream& stream = **waits;
    session.sent(stream);
    session.close(stream, NGHTTP2_REFUSED_STREAM);
    return 0;
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    H2ClientSession& session = self(user);
    H2ClientStream* const stream = session.client_stream_of(id);
    if (!stream) return 0;
    session.sent(*stream);
    session.close(*stream, code);
    return 0;
  }
};

H2ClientSession::H2ClientSession(SlabPool&, const Limits& limits)
    : H2Endpoint(limits.output), limits_(limits) {
  nghttp2_session_callbacks* callbacks = nullptr;
  DARUMA_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
  Callbacks::install(callbacks);
  nghttp2_option* const option = make_option();
  H2Endpoint* const user = this;
  DARUMA_ASSERT(nghttp2_session_client_new2(&session_, callbacks, user, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  DARUMA_ASSERT(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
  set_connection_window(limits_.connection_window);
}

void H2ClientSession::receive(std::string_view bytes) {
  if (fault_ != H2Fault::none) return;
  const ssize_t taken = nghttp2_session_mem_recv(session_, library_bytes(bytes), bytes.size());
  if (taken < 0 && fault_ == H2Fault::none) fail(H2Fault::protocol, H2Error::protocol_error);
}

size_t H2ClientSession::streams_max() const {
  const uint32_t theirs =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(theirs, limits_.streams_max);
}

bool H2ClientSession::may_request() const {
  return !leaving_ && fault_ == H2Fault::none && streams() < streams_max() &&
         heads_bytes_ < limits_.heads_bytes_max &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

void H2ClientSession::request(H2ClientStream& stream, const RequestHead& head,
                              std::string_view scheme, Follows follows) {
  size_t names_bytes = pseudo_names_bytes;
  for (const Field& field : head.fields) names_bytes += field.name.size();
  begin_fields(names_bytes);
  const Field* const host = head.fields.find(FieldId::host);
  pseudo(":method", head.method_text);
  pseudo(":scheme", scheme);
  if (host) pseudo(":authority", host->value);
  pseudo(":path", head.target);
  add_fields(head.fields, FieldId::host);
  if (follows == Follows::nothing) set_ended(stream);
  const nghttp2_data_provider body = body_of(stream);
  const int32_t id = nghttp2_submit_request(session_, nullptr, fields().data(), fields().size(),
                                            follows == Follows::nothing ? nullptr : &body, &stream);
  DARUMA_ASSERT(id > 0);  // else no memory
  adopt(stream, id);
  stream.head_bytes_ = head.wire_bytes;
  heads_bytes_ += stream.head_bytes_;
  unsent_.push_back(&stream);
  if (id > stream_id_last) leaving_ = true;
}

void H2ClientSession::end() {
  leaving_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

void H2ClientSession::reset(H2ClientStream& stream, H2Error error) {
  sent(stream);
  H2Endpoint::reset(stream, error);
}

void H2ClientSession::sent(H2ClientStream& stream) {
  std::erase(unsent_, &stream);
  heads_bytes_ -= stream.head_bytes_;
  stream.head_bytes_ = 0;
}

void H2ClientSession::keep_field(std::string_view name, std::string_view value) {
  if (name == ":status") {
    status_ = static_cast<int>(parse_decimal(value).value_or(0));
    return;
  }
  std::string& text = received_fields();
  if (name.starts_with(':') || text.size() > limits_.head_bytes_max) return;
  text.append(name).append(": ").append(value).append("\r\n");
}

int H2ClientSession::finish_head(int32_t id, bool ended) {
  H2ClientStream* const stream = client_stream_of(id);
  const int status = std::exchange(status_, none);
  if (!stream) return 0;
  if (status < status_least) {
    stream->malformed_ = true;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return 0;
  }
  made_progress();
  stream->on_response(status, received_fields(), ended);
  if (ended) end_peer(*stream, "");
  return 0;
}

}  // namespace daruma::http
