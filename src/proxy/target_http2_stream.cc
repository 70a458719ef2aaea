// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_http2_stream.h"

#include <utility>

#include "base/check.h"
#include "http/h1_parser.h"
#include "http/h2_response_text.h"
#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/target_http2.h"

namespace daruma::proxy {

using io::IoResult;
using io::IoStatus;

TargetHttp2Stream::TargetHttp2Stream(Environment& environment, TargetConnection& connection,
                                     TargetHttp2& http2)
    : http::H2ClientStream(environment.slabs),
      TargetStream(environment.slabs, connection, this),
      environment_(environment),
      connection_(http2),
      began_(environment.loop.now()),
      received_(environment.slabs),
      kept_(environment.slabs) {
  stream_socket_ = this;
}

TargetHttp2Stream::~TargetHttp2Stream() {
  DARUMA_ASSERT(!user_);
}

void TargetHttp2Stream::note() {
  connection_.note(*this);
}

void TargetHttp2Stream::on_response(int status, std::string_view fields, bool ended) {
  if (status >= 200) {
    head_came_ = true;
    let_kept_go();
  }
  std::string head;
  received_.set_framing(http::write_response_text(status, fields, {method_, ended}, head));
  received_.put_head(head);
  note();
}

void TargetHttp2Stream::on_body(std::string_view bytes) {
  received_.add(bytes);
  note();
}

void TargetHttp2Stream::on_body_end(std::string_view trailers) {
  received_.end(trailers);
  note();
}

void TargetHttp2Stream::on_closed() {
  closed_ = true;
  note();
}

void TargetHttp2Stream::offer_room() {
  if (room_.offer(connection_.session().has_ample_room(*this))) note();
}

void TargetHttp2Stream::fail(model::Reason reason) {
  if (!closed_ || !received_.ended()) failure_ = reason;
  if (!closed_ && begun_) connection_.reset(*this, http::H2Error::cancel);
  closed_ = true;
  note();
}

void TargetHttp2Stream::act() {
  if (!user_) return end_of_answer();
  if (room_.take(connection_.session().room(*this) > 0)) user_->on_target_writable();
  if (user_ && readable()) user_->on_target_readable();
}

// Whole it was; what comes behind it is more than was asked for.
void TargetHttp2Stream::end_of_answer() {
  const size_t more = received_.drop();
  connection_.consumed(*this, more);
  if (!closed_ && more == 0) return;
  if (!closed_) connection_.reset(*this, http::H2Error::cancel);
  destroy();
}

void TargetHttp2Stream::release(Answer answer) {
  user_ = nullptr;
  if (begun_ && !closed_) {
    const bool ends = answer == Answer::whole && body_.finished() && in().empty();
    if (!ends) connection_.reset(*this, http::H2Error::cancel);
    closed_ = !ends;
  }
  if (begun_) connection_.consumed(*this, received_.drop());
  in().clear();
  let_kept_go();
  if (closed_ || !begun_) destroy();
}

void TargetHttp2Stream::destroy() {
  closed_ = true;
  connection_.forget();
  ListNode<TargetHttp2Streams>::unlink();
  ListNode<TargetHttp2Agenda>::unlink();
  environment_.graveyard.bury(*this);
}

bool TargetHttp2Stream::take_back(Buffer& pending) {
  if (!keeps_all(pending)) return false;
  connection_.let_go(kept_.size());
  kept_.append(pending.view());
  pending.clear();
  pending.take(kept_);
  keeps_ = false;
  return true;
}

model::Reason TargetHttp2Stream::failure() const {
  if (failure_ != model::Reason::none) return failure_;
  if (malformed()) return model::Reason::target_response_malformed;
  return refused() ? model::Reason::target_refused_stream : model::Reason::none;
}

// Also where there is only window to give back: nobody else asks for it.
bool TargetHttp2Stream::readable() const {
  return closed_ || received_.readable() || received_.has_consumed();
}

IoResult TargetHttp2Stream::read(std::span<char> into) {
  if (begun_) connection_.consumed(*this, received_.take_consumed(in().size()));
  const size_t bytes = received_.read(into);
  if (bytes > 0) return {IoStatus::done, bytes};
  return {closed_ ? IoStatus::failed : IoStatus::blocked};
}

IoResult TargetHttp2Stream::write(std::span<const std::string_view> pieces) {
  if (closed_) return {IoStatus::failed};
  size_t accepted = 0;
  bool good = true;
  for (const std::string_view piece : pieces) {
    size_t taken = 0;
    if (!begun_) good = write_head(piece, taken);
    if (good && taken < piece.size()) {
      const auto status = body_.write(connection_.session(), *this, piece.substr(taken), taken);
      good = status != http::H2TextWriter::Status::malformed;
    }
    keep(piece.substr(0, taken));
    accepted += taken;
    if (!good) break;
    if (taken == piece.size()) continue;
    room_.want();
    break;
  }
  connection_.flush_soon();
  // What Daruma wrote itself and cannot read: the target must not take it for a request.
  if (!good) {
    report_bug("a request that is not HTTP/1.1");
    return {IoStatus::failed};
  }
  return {accepted > 0 ? IoStatus::done : IoStatus::blocked, accepted};
}

// A head is always given as a whole.
bool TargetHttp2Stream::write_head(std::string_view text, size_t& accepted) {
  http::RequestHead& request = connection_.scratch_request();
  http::H1RequestParser parser;
  if (parser.parse(text, request) != http::ParseStatus::complete) return false;
  accepted = request.wire_bytes;
  method_ = request.method;
  body_.begin(request.framing, request.content_length);
  begun_ = true;
  connection_.begin(*this, request,
                    body_.finished() ? http::H2ClientSession::Follows::nothing
                                     : http::H2ClientSession::Follows::body);
  return true;
}

void TargetHttp2Stream::keep(std::string_view bytes) {
  if (!keeps_) return;
  const bool room = kept_.size() + bytes.size() <= model::limits::http2_kept_bytes_max;
  if (!room || !connection_.may_keep(bytes.size())) return let_kept_go();
  connection_.kept(bytes.size());
  kept_.append(bytes);
}

void TargetHttp2Stream::let_kept_go() {
  connection_.let_go(kept_.size());
  keeps_ = false;
  kept_.clear();
}

io::SocketError TargetHttp2Stream::error() const {
  return closed_ ? io::SocketError::reset : io::SocketError::none;
}

Address TargetHttp2Stream::local() const {
  return connection_.socket().local();
}

Address TargetHttp2Stream::peer() const {
  return connection_.socket().peer();
}

}  // namespace daruma::proxy
