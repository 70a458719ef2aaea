// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_http2.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

constexpr size_t read_bytes = 16 * 1024;

constexpr http::H2ClientSession::Limits session_limits{
    .head_bytes_max = model::limits::response_head_bytes_max,
    .streams_max = model::limits::http2_target_streams_max,
    .connection_window = 288 * 1024,
    .heads_bytes_max = 128 * 1024,
    .output = {.bytes_max = 288 * 1024, .bytes_assured = 1024}};
static_assert(session_limits.connection_window + session_limits.heads_bytes_max +
                  session_limits.output.most(session_limits.streams_max) +
                  model::limits::http2_kept_together_bytes_max + Http2Output::bytes_max <=
              http2_connection_bytes_max);

}  // namespace

TargetHttp2::TargetHttp2(Environment& environment, TargetConnection& connection)
    : environment_(environment),
      connection_(connection),
      session_(environment.slabs, session_limits),
      out_(environment.slabs),
      room_(session_limits.streams_max),
      last_heard_(environment.loop.now()) {
  environment.http2_holders.push_back(*this);
  flush_soon();
}

TargetHttp2::~TargetHttp2() {
  DARUMA_ASSERT(users_ == 0);
  streams_.for_each([](TargetHttp2Stream& stream) { delete &stream; });
}

io::Socket& TargetHttp2::socket() {
  return connection_.socket();
}

void TargetHttp2::flush_soon() {
  environment_.loop.call_soon(*this);
}

TargetHttp2Stream& TargetHttp2::open() {
  DARUMA_ASSERT(has_room());
  auto* stream = new TargetHttp2Stream(environment_, connection_, *this);
  streams_.push_back(*stream);
  ++users_;
  ++open_;
  return *stream;
}

void TargetHttp2::begin(TargetHttp2Stream& stream, const http::RequestHead& request,
                        http::H2ClientSession::Follows follows) {
  const bool secure = connection_.protocol() == model::Protocol::https;
  session_.request(stream, request, secure ? "https" : "http", follows);
  connection_.target().on_room_changed(connection_);  // of heads too it takes so many
}

void TargetHttp2::give_back(TargetHttp2Stream& stream, TargetHttp2Stream::Answer answer) {
  DARUMA_ASSERT(users_ > 0);
  --users_;
  // As many as there are now it takes; one that takes none is of no use.
  if (stream.refused()) {
    room_ = users_;
    retired_ |= room_ == 0;
  }
  // Nothing was heard since it began, for long: the connection may be dead without knowing.
  const Duration waited = environment_.loop.now() - stream.began();
  if (last_heard_ <= stream.began() && waited >= model::limits::http2_target_silence)
    retired_ = true;
  stream.release(answer);
  if (dead_ && users_ == 0) return connection_.target().discard(connection_);
  connection_.target().on_streams_changed(connection_);
}

void TargetHttp2::note(TargetHttp2Stream& stream) {
  if (!stream.ListNode<TargetHttp2Agenda>::linked()) agenda_.push_back(stream);
}

void TargetHttp2::reset(TargetHttp2Stream& stream, http::H2Error error) {
  session_.reset(stream, error);
  flush_soon();
}

void TargetHttp2::consumed(const TargetHttp2Stream& stream, size_t bytes) {
  if (bytes == 0) return;
  session_.consumed(stream, bytes);
  flush_soon();
}

void TargetHttp2::on_readable() {
  if (!dead_) read();
}

void TargetHttp2::read() {
  std::array<char, read_bytes> bytes;
  more_to_read_ = false;
  for (size_t total = 0; !dead_ && socket().readable();) {
    const io::IoResult result = socket().read(bytes);
    if (result.status == io::IoStatus::blocked) break;
    if (result.status == io::IoStatus::end)
      return die(model::Reason::target_closed_before_response);
    if (result.status == io::IoStatus::failed)
      return die(model::Reason::target_reset_before_response);
    last_heard_ = environment_.loop.now();
    session_.receive({bytes.data(), result.bytes});
    if (session_.introduced() && !connection_.established()) {
      // It came to say good-bye.
      if (session_.leaving()) return die(model::Reason::target_closed_before_response);
      connection_.on_introduced();
    }
    connection_.target().on_room_changed(connection_);
    act();
    total += result.bytes;
    more_to_read_ = total >= model::limits::relay_turn_bytes_max;
    if (more_to_read_) break;
  }
  flush_soon();
}

Http2Memory TargetHttp2::memory() {
  Http2Memory memory{.bytes = session_.output_bytes() + session_.heads_bytes() + out_.size() +
                              kept_bytes_};
  streams_.for_each([&memory](TargetHttp2Stream& stream) {
    memory.add_stream(stream.received_bytes(), stream.output_pending());
  });
  return memory;
}

void TargetHttp2::act() {
  while (!agenda_.empty()) agenda_.pop_front().act();
}

// At the end of the turn: all that this turn's events had to say.
void TargetHttp2::run() {
  if (dead_) return;
  if (more_to_read_) read();
  if (!dead_) flush();
}

void TargetHttp2::on_writable() {
  out_.unblock();
  if (!dead_) flush();
}

void TargetHttp2::flush() {
  switch (out_.flush(session_, socket())) {
    case Http2Output::Status::done:
      break;
    case Http2Output::Status::turn_over:
      flush_soon();
      break;
    case Http2Output::Status::failed:
      // What came before may explain it.
      read();
      return die(model::Reason::target_reset_before_response);
  }
  streams_.for_each([](TargetHttp2Stream& stream) { stream.offer_room(); });
  act();
  settle();
}

void TargetHttp2::settle() {
  if (dead_) return;
  if (session_.fault() != http::H2Fault::none) return die(model::Reason::target_http2_error);
  if (session_.finished()) return die(model::Reason::target_closed_before_response);
  if (!connection_.established()) return;
  if (session_.streams() == 0) room_ = session_limits.streams_max;
  connection_.target().on_streams_changed(connection_);
}

void TargetHttp2::die(model::Reason reason) {
  if (dead_) return;
  dead_ = retired_ = true;
  if (!connection_.established()) return connection_.on_not_introduced(reason);
  connection_.target().on_room_changed(connection_);
  streams_.for_each([reason](TargetHttp2Stream& stream) { stream.fail(reason); });
  act();
  // An exchange whose client is slow still reads what came before.
  if (users_ == 0) connection_.target().discard(connection_);
}

void TargetHttp2::end() {
  if (dead_) return;
  dead_ = retired_ = true;
  session_.end();
  out_.flush(session_, socket());
}

}  // namespace daruma::proxy
