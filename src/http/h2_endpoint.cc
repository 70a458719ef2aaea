// SPDX-License-Identifier: Apache-2.0
#include "http/h2_endpoint.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "http/h2_library.h"

namespace daruma::http {
namespace {

constexpr size_t frame_head_bytes = 9;
constexpr size_t acknowledgements_max = 256;
constexpr size_t settings_max = 32;
// The library counts a frame again for each piece that its header comes in.
constexpr size_t library_continuations_max = 1'000;
// Out of the way of our own limit: the library's goes by a clock of its own.
constexpr uint64_t library_resets_burst = 1'000'000;
constexpr uint64_t library_resets_per_second = 10'000;

// HTTP/2 knows them otherwise, or not at all (RFC 9113 8.2.2).
bool is_connection_specific(FieldId id) {
  return id == FieldId::connection || id == FieldId::transfer_encoding ||
         id == FieldId::keep_alive || id == FieldId::proxy_connection || id == FieldId::upgrade ||
         id == FieldId::invalid;
}

bool submit_trailers(nghttp2_session* session, int32_t id, std::string& text) {
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
    fields.push_back(library_field(name, value));
    at = end + 2;
  }
  return !fields.empty() && nghttp2_submit_trailer(session, id, fields.data(), fields.size()) == 0;
}

void put_big_endian(std::string& out, uint32_t value, int bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
}

}  // namespace

H2Endpoint::~H2Endpoint() {
  nghttp2_session_del(session_);
}

void H2Endpoint::install(nghttp2_session_callbacks* to) {
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
  nghttp2_session_callbacks_set_send_data_callback(to, send_data);
}

nghttp2_option* H2Endpoint::make_option() {
  nghttp2_option* option = nullptr;
  DARUMA_ASSERT(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, acknowledgements_max);
  nghttp2_option_set_max_settings(option, settings_max);
  nghttp2_option_set_max_continuations(option, library_continuations_max);
  nghttp2_option_set_stream_reset_rate_limit(option, library_resets_burst,
                                             library_resets_per_second);
  return option;
}

void H2Endpoint::set_connection_window(uint32_t bytes) {
  DARUMA_ASSERT(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                      static_cast<int32_t>(bytes)) == 0);
}

int H2Endpoint::on_data(nghttp2_session* library, uint8_t, int32_t id, const uint8_t* data,
                        size_t size, void* user) {
  H2Endpoint& endpoint = endpoint_of(user);
  H2Stream* const stream = endpoint.stream_of(id);
  if (!stream) {  // of a stream that is being reset
    nghttp2_session_consume(library, id, size);
    return 0;
  }
  endpoint.made_progress();
  stream->on_body(library_text(data, size));
  return 0;
}

// The next bytes of a body.
ssize_t H2Endpoint::read_output(nghttp2_session* session, int32_t id, uint8_t*, size_t length,
                                uint32_t* flags, nghttp2_data_source*, void*) {
  H2Stream* const found = static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
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

// Straight after read_output(), which said so many bytes.
int H2Endpoint::send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                          nghttp2_data_source*, void* user) {
  H2Endpoint& endpoint = endpoint_of(user);
  H2Stream& stream = *endpoint.stream_of(frame->hd.stream_id);
  DARUMA_ASSERT(frame->data.padlen == 0);  // there is no callback that would choose padding
  Buffer& sink = *endpoint.sink_;
  sink.append(library_text(head, frame_head_bytes));
  sink.append(stream.output_.view().substr(0, size));
  stream.output_.consume(size);
  endpoint.output_bytes_ -= size;
  return NGHTTP2_ERR_PAUSE;  // fill() looks at the room that is left
}

nghttp2_data_provider H2Endpoint::body_of(H2Stream& stream) {
  return {{.ptr = &stream}, read_output};
}

bool H2Endpoint::fill(Buffer& out) {
  if (failed()) {
    write_last_words(out);
    return false;
  }
  sink_ = &out;
  bool more = true;
  while (more && out.size() < fill_bytes) {
    const uint8_t* data = nullptr;
    const size_t before = out.size();
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size > 0) out.append(library_text(data, static_cast<size_t>(size)));
    more = size > 0 || out.size() > before;
  }
  sink_ = nullptr;
  return more || failed();
}

bool H2Endpoint::finished() const {
  if (failed()) return last_words_said_;
  return !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_);
}

// Written by hand: after such an error nghttp2 says nothing any more.
void H2Endpoint::write_last_words(Buffer& out) {
  if (std::exchange(last_words_said_, true)) return;
  std::string goaway;
  put_big_endian(goaway, 8, 3);
  put_big_endian(goaway, NGHTTP2_GOAWAY, 1);
  put_big_endian(goaway, 0, 1);
  put_big_endian(goaway, 0, 4);
  put_big_endian(goaway, static_cast<uint32_t>(last_peer_stream_), 4);
  put_big_endian(goaway, static_cast<uint32_t>(last_error_), 4);
  out.append(goaway);
}

int H2Endpoint::fail(H2Fault fault, H2Error error) {
  fault_ = fault;
  last_error_ = error;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

H2Stream* H2Endpoint::stream_of(int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

void H2Endpoint::adopt(H2Stream& stream, int32_t id) {
  stream.id_ = id;
  ++streams_;
}

void H2Endpoint::forget(H2Stream& stream) {
  DARUMA_ASSERT(!stream.forgotten_ && streams_ > 0);
  stream.forgotten_ = true;
  --streams_;
  drop_output(stream);
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
}

void H2Endpoint::end_peer(H2Stream& stream, std::string_view trailers) {
  stream.peer_ended_ = true;
  made_progress();
  stream.on_body_end(trailers);
}

void H2Endpoint::close(H2Stream& stream, uint32_t code) {
  stream.close_code_ = code;
  forget(stream);
  stream.on_closed();
}

void H2Endpoint::drop_output(H2Stream& stream) {
  output_bytes_ -= stream.output_.size();
  stream.output_.clear();
}

void H2Endpoint::consumed(const H2Stream& stream, size_t bytes) {
  if (bytes > 0) nghttp2_session_consume(session_, stream.id_, bytes);
}

bool H2Endpoint::is_window_open(const H2Stream& stream) const {
  return nghttp2_session_get_stream_remote_window_size(session_, stream.id_) > 0;
}

size_t H2Endpoint::window() const {
  return static_cast<size_t>(std::max(nghttp2_session_get_local_window_size(session_), 0));
}

void H2Endpoint::begin_fields(size_t names_bytes) {
  fields_.clear();
  lower_case_.clear();
  lower_case_.reserve(names_bytes);  // what points into it stays
}

std::string_view H2Endpoint::keep(std::string_view text) {
  const size_t begin = lower_case_.size();
  lower_case_.append(text);
  return std::string_view(lower_case_).substr(begin);
}

void H2Endpoint::pseudo(std::string_view name, std::string_view value) {
  fields_.push_back(library_field(name, value));
}

void H2Endpoint::add_fields(const Fields& fields, FieldId left_out) {
  for (const Field& field : fields) {
    if (is_connection_specific(field.id) || field.id == left_out) continue;
    const size_t begin = lower_case_.size();
    for (const char c : field.name) lower_case_.push_back(ascii_lower(c));
    fields_.push_back(library_field(std::string_view(lower_case_).substr(begin), field.value));
  }
}

size_t H2Endpoint::room(const H2Stream& stream) const {
  const size_t held = stream.output_.size();
  const size_t shared =
      output_limits_.bytes_max - std::min(output_bytes_, output_limits_.bytes_max);
  const size_t assured =
      output_limits_.bytes_assured - std::min(held, output_limits_.bytes_assured);
  return std::min(output_limits_.stream_bytes_max - held, std::max(shared, assured));
}

bool H2Endpoint::has_ample_room(const H2Stream& stream) const {
  return stream.output_.size() <= output_limits_.stream_bytes_max / 2 && room(stream) > 0;
}

void H2Endpoint::write(H2Stream& stream, std::string_view bytes) {
  DARUMA_ASSERT(!stream.forgotten_ && !stream.ended_);
  DARUMA_ASSERT(bytes.size() <= room(stream));
  if (bytes.empty()) return;
  stream.output_.append(bytes);
  output_bytes_ += bytes.size();
  resume(stream);
}

void H2Endpoint::finish(H2Stream& stream, std::string_view trailers) {
  DARUMA_ASSERT(!stream.forgotten_ && !stream.ended_);
  stream.ended_ = true;
  stream.trailers_ = trailers;
  resume(stream);
}

void H2Endpoint::resume(H2Stream& stream) {
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_, stream.id_);
}

void H2Endpoint::reset(H2Stream& stream, H2Error error) {
  DARUMA_ASSERT(!stream.forgotten_);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<uint32_t>(error));
  forget(stream);
}

}  // namespace daruma::http
