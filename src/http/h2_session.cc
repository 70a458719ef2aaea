// SPDX-License-Identifier: Apache-2.0
#include "http/h2_session.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace daruma::http {
namespace {

// DATA so small that its frame costs more than it brings. A message of gRPC is never that small.
constexpr size_t data_bytes_least = 5;
// For a frame of DATA sent, the client may answer with two WINDOW_UPDATEs.
constexpr uint32_t frames_earned = 2;
constexpr size_t frame_head_bytes = 9;
constexpr size_t acknowledgements_max = 256;
constexpr size_t settings_max = 32;
constexpr uint32_t continuations_max = 8;
// The library counts a frame again for each piece that its header comes in.
constexpr size_t library_continuations_max = 1'000;
// Out of the way of our own limit: the library's goes by a clock of its own.
constexpr uint64_t library_resets_burst = 1'000'000;
constexpr uint64_t library_resets_per_second = 10'000;

const uint8_t* data_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// HTTP/2 knows them otherwise, or not at all (RFC 9113 8.2.2).
bool is_connection_specific(FieldId id) {
  return id == FieldId::connection || id == FieldId::transfer_encoding ||
         id == FieldId::keep_alive || id == FieldId::proxy_connection || id == FieldId::upgrade ||
         id == FieldId::invalid;
}

void put_big_endian(std::string& out, uint32_t value, int bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
}

}  // namespace

// What nghttp2 calls; its conventions end here.
class H2Session::Callbacks {
 public:
  static void install(nghttp2_session_callbacks* to) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(to, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to, on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(to, send_data);
  }

  // The next bytes of a response's body.
  static ssize_t read_output(nghttp2_session* session, int32_t id, uint8_t*, size_t length,
                             uint32_t* flags, nghttp2_data_source*, void*) {
    H2Stream* const found =
        static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
    if (!found) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // reset, and its RST_STREAM waits
    H2Stream& stream = *found;
    const size_t bytes = std::min(length, stream.output_.size());
    if (bytes == 0 && !stream.ended_) {
      stream.deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!stream.ended_ || bytes < stream.output_.size()) return static_cast<ssize_t>(bytes);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.trailers_.empty() && submit_trailers(session, id, stream.trailers_))
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return static_cast<ssize_t>(bytes);
  }

 private:
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static bool submit_trailers(nghttp2_session* session, int32_t id, std::string& text) {
    std::vector<nghttp2_nv> fields;
    for (size_t at = 0; at < text.size();) {
      const size_t colon = text.find(':', at);
      const size_t end = text.find("\r\n", at);
      if (colon == std::string::npos || end == std::string::npos || colon > end) break;
      std::transform(text.begin() + static_cast<ptrdiff_t>(at),
                     text.begin() + static_cast<ptrdiff_t>(colon),
                     text.begin() + static_cast<ptrdiff_t>(at), ascii_lower);
      const std::string_view name = std::string_view(text).substr(at, colon - at);
      const std::string_view value =
          trim_ows(std::string_view(text).substr(colon + 1, end - colon - 1));
      fields.push_back(field_of(name, value));
      at = end + 2;
    }
    return !fields.empty() &&
           nghttp2_submit_trailer(session, id, fields.data(), fields.size()) == 0;
  }

  // Every frame, also of types that are not known.
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
        return 0;
      case NGHTTP2_DATA:
        if (head->length >= data_bytes_least || (head->flags & NGHTTP2_FLAG_END_STREAM)) return 0;
        break;
      default:
        break;
    }
    return session.spend(session.frames_, H2Fault::frames);
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    session.trailers_.clear();
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session.head_reader_.begin();
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user) {
    H2Session& session = self(user);
    const std::string_view name_text = text_of(name, name_size);
    const std::string_view value_text = text_of(value, value_size);
    const size_t bytes_max = session.limits_.head.head_bytes_max * H2HeadReader::attack_factor;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      session.head_reader_.add(name_text, value_text);
      if (session.head_reader_.decoded_bytes() > bytes_max)
        return session.fail(H2Fault::head, H2Error::enhance_your_calm);
      return 0;
    }
    session.trailers_.append(name_text).append(": ").append(value_text).append("\r\n");
    if (session.trailers_.size() > bytes_max)
      return session.fail(H2Fault::head, H2Error::enhance_your_calm);
    return 0;
  }

  // A name or value that no HTTP field has: left out, it would be repaired.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int error, void* user) {
    const bool message = error == NGHTTP2_ERR_HTTP_HEADER || error == NGHTTP2_ERR_HTTP_MESSAGING;
    return message ? self(user).note_malformed() : 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    const bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
          return session.finish_head(frame->hd.stream_id, ended);
        [[fallthrough]];
      case NGHTTP2_DATA:
        if (ended) end_request(session, frame->hd.stream_id);
        return 0;
      case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK) session.finish_shutdown();
        return 0;
      case NGHTTP2_RST_STREAM: {
        const H2Stream* const stream = session.stream_of(frame->hd.stream_id);
        if (stream && is_answered(*stream)) return 0;
        return session.spend(session.resets_, H2Fault::resets);
      }
      default:
        return 0;
    }
  }

  static void end_request(H2Session& session, int32_t id) {
    H2Stream* const stream = session.stream_of(id);
    if (!stream) return;
    stream->request_ended_ = true;
    ++session.progress_;
    stream->on_body_end(session.trailers_);
    session.trailers_.clear();
  }

  static int on_data(nghttp2_session* library, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void* user) {
    H2Session& session = self(user);
    H2Stream* const stream = session.stream_of(id);
    if (!stream) {  // of a stream that is being reset
      nghttp2_session_consume(library, id, size);
      return 0;
    }
    ++session.progress_;
    stream->on_body(text_of(data, size));
    return 0;
  }

  static int on_frame_sent(nghttp2_session* library, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    switch (frame->hd.type) {
      case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code == NGHTTP2_NO_ERROR) return 0;
        session.fault_ = frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM ? H2Fault::frames
                                                                               : H2Fault::protocol;
        return 0;
      case NGHTTP2_DATA:
        session.frames_.earn(frames_earned);
        [[fallthrough]];
      case NGHTTP2_HEADERS:
        ++session.progress_;
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
          const H2Stream* const stream = session.stream_of(frame->hd.stream_id);
          // RFC 9113 8.1: nobody wants the rest of the request.
          if (stream && !stream->request_ended_)
            nghttp2_submit_rst_stream(library, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                      NGHTTP2_NO_ERROR);
        }
        return 0;
      default:
        return 0;
    }
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t, void* user) {
    H2Session& session = self(user);
    H2Stream* const stream = session.stream_of(id);
    if (!stream) return 0;
    if (is_answered(*stream)) session.resets_.earn(1);
    session.forget(*stream);
    stream->on_closed();
    return 0;
  }

  static bool is_answered(const H2Stream& stream) {
    return stream.ended_ && stream.output_.empty();
  }

  // Straight after read_output(), which said so many bytes.
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                       nghttp2_data_source*, void* user) {
    H2Session& session = self(user);
    H2Stream& stream = *session.stream_of(frame->hd.stream_id);
    DARUMA_ASSERT(frame->data.padlen == 0);  // there is no callback that would choose padding
    Buffer& sink = *session.sink_;
    sink.append(text_of(head, frame_head_bytes));
    sink.append(stream.output_.view().substr(0, size));
    stream.output_.consume(size);
    session.output_bytes_ -= size;
    if (size > 0) stream.on_output_moved();
    return NGHTTP2_ERR_PAUSE;  // fill() looks at the room that is left
  }

 public:
  static nghttp2_nv field_of(std::string_view name, std::string_view value) {
    return {const_cast<uint8_t*>(data_of(name)), const_cast<uint8_t*>(data_of(value)), name.size(),
            value.size(), NGHTTP2_NV_FLAG_NONE};
  }
};

H2Session::H2Session(SlabPool& slabs, Handler& handler, const Limits& limits)
    : handler_(handler),
      limits_(limits),
      head_reader_(slabs, limits.head),
      frames_(limits.frames),
      resets_(limits.resets) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  DARUMA_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
  DARUMA_ASSERT(nghttp2_option_new(&option) == 0);
  Callbacks::install(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, acknowledgements_max);
  nghttp2_option_set_max_settings(option, settings_max);
  nghttp2_option_set_max_continuations(option, library_continuations_max);
  nghttp2_option_set_stream_reset_rate_limit(option, library_resets_burst,
                                             library_resets_per_second);
  DARUMA_ASSERT(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams_max},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head.head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  DARUMA_ASSERT(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
  DARUMA_ASSERT(
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                            static_cast<int32_t>(limits_.connection_window)) == 0);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

void H2Session::receive(std::string_view bytes, Instant now) {
  if (fault_ != H2Fault::none) return;
  now_ = now;
  const ssize_t taken = nghttp2_session_mem_recv(session_, data_of(bytes), bytes.size());
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

bool H2Session::fill(Buffer& out) {
  if (last_error_ != H2Error::no_error) {
    write_last_words(out);
    return false;
  }
  sink_ = &out;
  bool more = true;
  while (more && out.size() < fill_bytes) {
    const uint8_t* data = nullptr;
    const size_t before = out.size();
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size > 0) out.append(text_of(data, static_cast<size_t>(size)));
    more = size > 0 || out.size() > before;
  }
  sink_ = nullptr;
  return more;
}

bool H2Session::finished() const {
  if (last_error_ != H2Error::no_error) return last_words_said_;
  return !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_);
}

// Written by hand: after such an error nghttp2 says nothing any more.
void H2Session::write_last_words(Buffer& out) {
  if (std::exchange(last_words_said_, true)) return;
  std::string goaway;
  put_big_endian(goaway, 8, 3);
  put_big_endian(goaway, NGHTTP2_GOAWAY, 1);
  put_big_endian(goaway, 0, 1);
  put_big_endian(goaway, 0, 4);
  put_big_endian(goaway, static_cast<uint32_t>(last_request_), 4);
  put_big_endian(goaway, static_cast<uint32_t>(last_error_), 4);
  out.append(goaway);
}

int H2Session::fail(H2Fault fault, H2Error error) {
  fault_ = fault;
  last_error_ = error;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int H2Session::spend(H2Patience& patience, H2Fault fault) {
  return patience.spend(now_) ? 0 : fail(fault, H2Error::enhance_your_calm);
}

int H2Session::note_malformed() {
  handler_.on_malformed_request();
  return spend(resets_, H2Fault::resets);
}

H2Stream* H2Session::stream_of(int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

int H2Session::finish_head(int32_t id, bool ended) {
  last_request_ = id;
  ++progress_;
  frames_.earn(frames_earned);
  const auto body = ended ? H2HeadReader::Body::none : H2HeadReader::Body::follows;
  const ParseStatus status = head_reader_.finish(body, head_);
  if (status == ParseStatus::malformed) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return note_malformed();
  }
  H2Stream* const stream =
      status == ParseStatus::complete
          ? handler_.on_request(head_, head_reader_.bytes(), body)
          : handler_.on_unacceptable_request(status, head_reader_.decoded_bytes());
  head_reader_.begin();
  adopt(id, stream, ended);
  return 0;
}

void H2Session::adopt(int32_t id, H2Stream* stream, bool ended) {
  if (!stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return;
  }
  stream->id_ = id;
  ++streams_;
  nghttp2_session_set_stream_user_data(session_, id, stream);
  if (!ended) return;
  stream->request_ended_ = true;
  stream->on_body_end("");
}

void H2Session::forget(H2Stream& stream) {
  DARUMA_ASSERT(!stream.forgotten_ && streams_ > 0);
  stream.forgotten_ = true;
  --streams_;
  drop_output(stream);
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
}

void H2Session::drop_output(H2Stream& stream) {
  output_bytes_ -= stream.output_.size();
  stream.output_.clear();
}

void H2Session::consumed(const H2Stream& stream, size_t bytes) {
  if (bytes > 0) nghttp2_session_consume(session_, stream.id_, bytes);
}

size_t H2Session::window() const {
  return static_cast<size_t>(std::max(nghttp2_session_get_local_window_size(session_), 0));
}

void H2Session::respond(H2Stream& stream, const ResponseHead& head, Follows follows) {
  DARUMA_ASSERT(!stream.forgotten_);
  fields_.clear();
  lower_case_.clear();
  size_t names_bytes = 3;
  for (const Field& field : head.fields) names_bytes += field.name.size();
  lower_case_.reserve(names_bytes);  // what points into it stays
  lower_case_.append(std::to_string(head.status));
  fields_.push_back(Callbacks::field_of(":status", lower_case_));
  for (const Field& field : head.fields) {
    if (is_connection_specific(field.id)) continue;
    const size_t begin = lower_case_.size();
    for (const char c : field.name) lower_case_.push_back(ascii_lower(c));
    fields_.push_back(
        Callbacks::field_of(std::string_view(lower_case_).substr(begin), field.value));
  }
  if (head.status < 200) {
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields_.data(),
                           fields_.size(), nullptr);
    return;
  }
  nghttp2_data_provider body{{.ptr = &stream}, Callbacks::read_output};
  stream.ended_ = follows == Follows::nothing;
  nghttp2_submit_response(session_, stream.id_, fields_.data(), fields_.size(),
                          stream.ended_ ? nullptr : &body);
}

size_t H2Session::room(const H2Stream& stream) const {
  const size_t held = stream.output_.size();
  const size_t shared =
      limits_.output_bytes_max - std::min(output_bytes_, limits_.output_bytes_max);
  const size_t assured =
      limits_.output_bytes_assured - std::min(held, limits_.output_bytes_assured);
  return std::min(limits_.output_stream_bytes_max - held, std::max(shared, assured));
}

void H2Session::write(H2Stream& stream, std::string_view bytes) {
  DARUMA_ASSERT(!stream.forgotten_ && !stream.ended_);
  DARUMA_ASSERT(bytes.size() <= room(stream));
  if (bytes.empty()) return;
  stream.output_.append(bytes);
  output_bytes_ += bytes.size();
  resume(stream);
}

void H2Session::finish(H2Stream& stream, std::string_view trailers) {
  DARUMA_ASSERT(!stream.forgotten_ && !stream.ended_);
  stream.ended_ = true;
  stream.trailers_ = trailers;
  resume(stream);
}

void H2Session::resume(H2Stream& stream) {
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_, stream.id_);
}

void H2Session::reset(H2Stream& stream, H2Error error) {
  DARUMA_ASSERT(!stream.forgotten_);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<uint32_t>(error));
  forget(stream);
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
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace daruma::http
