// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_stream.h"

#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "http/upgrade.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/http2_connection.h"

namespace daruma::proxy {

using io::IoResult;
using io::IoStatus;

Http2Stream::Http2Stream(Environment& environment, Http2Connection& connection)
    : http::H2Stream(environment.slabs),
      ClientStream(environment.slabs, connection.origin()),
      environment_(environment),
      connection_(connection),
      began_(environment.loop.now()),
      received_(environment.slabs) {
  socket_ = this;
}

Http2Stream::~Http2Stream() {
  DARUMA_ASSERT(!exchange_);
}

void Http2Stream::open(http::RequestHead& head, Buffer& bytes) {
  std::swap(request_, head);
  in_.take(bytes);
  head_bytes_ = in_.size();
  method_ = request_.method;
  extended_connect_ = request_.extended_connect;
  received_.set_framing(request_.framing);
  note();
}

void Http2Stream::open_refused(const Refusal& refusal, size_t bytes_seen) {
  refusal_ = refusal;
  method_ = refusal.method;
  head_bytes_ = bytes_seen;
  note();
}

void Http2Stream::refuse_unheard(const Refusal& refusal, size_t bytes_seen) {
  closed_ = unheard_ = true;
  open_refused(refusal, bytes_seen);
}

void Http2Stream::note() {
  connection_.note(*this);
}

void Http2Stream::on_body(std::string_view bytes) {
  received_.add(bytes);
  note();
}

void Http2Stream::on_body_end(std::string_view trailers) {
  received_.end(trailers);
  note();
}

void Http2Stream::on_closed() {
  closed_ = true;
  ended_well_ = tunnel_ && response_ended_ && received_.ended() && close_code() == 0;
  note();
}

void Http2Stream::offer_room() {
  if (room_.offer(connection_.endpoint().has_ample_room(*this))) note();
}

void Http2Stream::act() {
  if (unheard_ && !begun_) return begin();
  if (closed_ && !exchange_) return destroy();
  if (closed_ && !ended_well_) return exchange_->on_client_gone();  // ends in exchange_done()
  if (!begun_) return begin();
  if (exchange_ && readable()) exchange_->on_client_readable();
  if (exchange_ && room_.take(connection_.endpoint().room(*this) > 0))
    exchange_->on_client_writable();
}

void Http2Stream::begin() {
  begun_ = true;
  exchange_ = &environment_.exchanges.take();
  connection_.exchange_begun();
  if (refusal_.status != 0) return exchange_->begin_refused(*this, refusal_, began_, head_bytes_);
  exchange_->begin(*this, request_, in_, began_);
}

bool Http2Stream::held_up() const {
  return connection_.window() < model::limits::body_beginning_bytes_max;
}

bool Http2Stream::waits_for_others() {
  const uint64_t taken = connection_.output_taken();
  return std::exchange(others_seen_, taken) < taken && connection_.endpoint().is_window_open(*this);
}

void Http2Stream::exchange_done(After after) {
  exchange_ = nullptr;
  connection_.exchange_ended();
  if (tunnel_) return end_tunnel(after);
  if (!closed_ && (after == After::cut || !response_ended_)) {
    connection_.reset(*this, http::H2Error::internal_error);
    closed_ = true;
  }
  if (closed_) destroy();
}

// RFC 8441 5: an orderly end is END_STREAM, and what would be a reset CANCEL.
void Http2Stream::end_tunnel(After after) {
  if (closed_) return destroy();
  if (after != After::cut) {
    finish_writing();
    return connection_.stop_reading(*this);
  }
  connection_.reset(*this, http::H2Error::cancel);
  closed_ = true;
  destroy();
}

void Http2Stream::end() {
  if (!closed_) connection_.reset(*this, http::H2Error::internal_error);
  closed_ = true;
  ended_well_ = false;
  act();
}

void Http2Stream::stop_now() {
  // Told once more, an exchange whose answer the client does not take is cut off.
  while (exchange_) exchange_->on_node_stopping();
}

void Http2Stream::destroy() {
  // The connection's window, which the stream's end does not give back.
  connection_.consumed(*this, received_.drop());
  connection_.forget(*this);
  ListNode<Http2StreamList>::unlink();
  ListNode<Http2Agenda>::unlink();
  environment_.graveyard.bury(*this);
}

// Also where there is only window to give back: nobody else asks for it.
bool Http2Stream::readable() const {
  return closed_ || received_.readable() || received_.has_consumed() ||
         (has_end_to_tell() && !end_told_);
}

// Of a request's body its framing tells.
bool Http2Stream::has_end_to_tell() const {
  return extended_connect_ && received_.ended();
}

IoResult Http2Stream::read(std::span<char> into) {
  if (closed_ && !ended_well_) return {IoStatus::failed};
  give_back_window();
  const size_t bytes = received_.read(into);
  if (bytes == 0 && has_end_to_tell()) {
    end_told_ = true;
    return {IoStatus::end};
  }
  return {bytes > 0 ? IoStatus::done : IoStatus::blocked, bytes};
}

// What was read and has gone on: the client may send as much again.
void Http2Stream::give_back_window() {
  connection_.consumed(*this, received_.take_consumed(in_.size()));
}

IoResult Http2Stream::write(std::span<const std::string_view> pieces) {
  if (closed_ && !unheard_) return {IoStatus::failed};
  size_t accepted = 0;
  bool open = true;
  for (const std::string_view piece : pieces) {
    if (unheard_) {
      accepted += piece.size();
      continue;
    }
    size_t taken = 0;
    if (!head_written_) open = write_heads(piece, taken);
    if (open && head_written_) open = write_body(piece.substr(taken), taken);
    accepted += taken;
    if (!open) break;
    if (taken == piece.size()) continue;
    room_.want();
    others_seen_ = connection_.output_taken();
    break;
  }
  connection_.flush_soon();
  // What Daruma wrote itself and cannot read: the client must not take it for an answer.
  if (!open) {
    report_bug("an answer that is not HTTP/1.1");
    return {IoStatus::failed};
  }
  return {accepted > 0 ? IoStatus::done : IoStatus::blocked, accepted};
}

// Interim heads, and the final one. A head is always given as a whole.
bool Http2Stream::write_heads(std::string_view text, size_t& accepted) {
  http::ResponseHead& response = connection_.scratch_response();
  while (!head_written_ && accepted < text.size()) {
    const std::string_view left = text.substr(accepted);
    if (parser_.parse(left, method_, response) != http::ParseStatus::complete) return false;
    parser_.reset();
    accepted += response.wire_bytes;
    if (extended_connect_ && response.status == 101) {
      open_tunnel(response);
      break;
    }
    auto follows = http::H2Session::Follows::body;
    if (response.status >= 200) {
      head_written_ = true;
      body_.begin(response.framing, response.content_length);
      response_ended_ = body_.finished();
      if (response_ended_) follows = http::H2Session::Follows::nothing;
    }
    connection_.respond(*this, response, follows);
  }
  return true;
}

void Http2Stream::open_tunnel(const http::ResponseHead& switched) {
  http::ResponseHead opened;
  opened.status = 200;
  for (const http::Field& field : switched.fields) {
    if (!ascii_iequals(field.name, http::websocket_accept_field))
      opened.fields.add(field.name, field.value, field.id);
  }
  head_written_ = tunnel_ = true;
  body_.begin(http::Framing::until_close, 0);
  connection_.respond(*this, opened, http::H2Session::Follows::tunnel);
}

void Http2Stream::finish_writing() {
  if (!tunnel_ || closed_ || response_ended_) return;
  response_ended_ = true;
  connection_.endpoint().finish(*this, "");
  connection_.flush_soon();
}

bool Http2Stream::write_body(std::string_view bytes, size_t& accepted) {
  const auto status = body_.write(connection_.endpoint(), *this, bytes, accepted);
  response_ended_ = body_.finished();
  return status != http::H2TextWriter::Status::malformed;
}

io::SocketError Http2Stream::error() const {
  return closed_ ? io::SocketError::reset : io::SocketError::none;
}

Address Http2Stream::local() const {
  return connection_.local();
}

Address Http2Stream::peer() const {
  return origin().facts.peer;
}

}  // namespace daruma::proxy
