// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_connection.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/refusal.h"

namespace daruma::proxy {
namespace {

constexpr size_t read_bytes = 16 * 1024;
// As in HTTP/1: what the client still sends must not take the last words away from it.
constexpr Duration linger_timeout = 5s;
constexpr size_t linger_bytes_max = 1024 * 1024;

constexpr http::H2Session::Limits session_limits{
    .head = request_limits,
    .streams_max = model::limits::http2_streams_max,
    .connection_window = 256 * 1024,
    .output = {.bytes_max = 256 * 1024, .bytes_assured = 1024}};
static_assert(session_limits.connection_window + model::limits::http2_heads_bytes_max +
                  session_limits.output.most(session_limits.streams_max) + Http2Output::bytes_max <=
              http2_connection_bytes_max);

model::Reason reason_of(http::H2Fault fault) {
  switch (fault) {
    case http::H2Fault::none:
      return model::Reason::none;
    case http::H2Fault::protocol:
      return model::Reason::http2_protocol_error;
    case http::H2Fault::resets:
      return model::Reason::http2_resets;
    case http::H2Fault::frames:
      return model::Reason::http2_frames;
    case http::H2Fault::head:
      break;
  }
  return model::Reason::http2_head_flood;
}

}  // namespace

Http2Connection::Http2Connection(Environment& environment, const ClientOrigin& origin,
                                 std::unique_ptr<io::Socket> socket,
                                 std::shared_ptr<tls::ServerContext> tls_context)
    : environment_(environment),
      origin_(origin),
      tls_context_(std::move(tls_context)),
      socket_(std::move(socket)),
      session_(environment.slabs, *this, session_limits),
      out_(environment.slabs),
      timer_(environment.loop.timers(), *this),
      goaway_timer_(environment.loop.timers(), *this) {
  socket_->set_handler(*this);
  environment.http2_holders.push_back(*this);
  origin_.listener.counters().http2_connections_total.add();
  timer_.set(environment_.loop.now() + idle_timeout());
  flush_soon();
}

Http2Connection::~Http2Connection() {
  DARUMA_ASSERT(streams_.empty() && exchanges_ == 0);
}

Duration Http2Connection::idle_timeout() const {
  return origin_.listener.load_balancer().idle_timeout;
}

void Http2Connection::flush_soon() {
  environment_.loop.call_soon(*this);
}

void Http2Connection::on_readable() {
  if (state_ == State::closing) return discard_input();
  if (state_ == State::open) read();
}

void Http2Connection::read() {
  std::array<char, read_bytes> bytes;
  more_to_read_ = false;
  for (size_t total = 0; state_ == State::open && socket_->readable();) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) break;
    if (result.status != io::IoStatus::done) {  // nothing more can be asked, or answered
      end_streams();
      return die();
    }
    session_.receive({bytes.data(), result.bytes}, environment_.loop.now());
    act();
    total += result.bytes;
    more_to_read_ = total >= model::limits::relay_turn_bytes_max;
    if (more_to_read_) break;
  }
  flush_soon();
}

Http2Memory Http2Connection::memory() {
  Http2Memory memory{.bytes = session_.output_bytes() + out_.size() + head_bytes_};
  streams_.for_each([&memory](Http2Stream& stream) {
    memory.add_stream(stream.received_bytes(), stream.output_pending());
  });
  return memory;
}

void Http2Connection::act() {
  while (!agenda_.empty()) agenda_.pop_front().act();
}

void Http2Connection::note(Http2Stream& stream) {
  if (!stream.ListNode<Http2Agenda>::linked()) agenda_.push_back(stream);
}

http::H2Stream* Http2Connection::on_request(http::RequestHead& head, Buffer& bytes,
                                            http::H2HeadReader::Body) {
  if (head_bytes_ + bytes.size() > model::limits::http2_heads_bytes_max) return nullptr;
  // Reset with REFUSED_STREAM, it goes again on another connection (RFC 9113 8.7).
  if (origin_.listener.unverified(origin_)) {
    count(model::Reason::client_certificate_outdated);
    return nullptr;
  }
  Http2Stream& stream = add_stream();
  stream.open(head, bytes);
  head_bytes_ += stream.head_bytes();
  return &stream;
}

http::H2Stream* Http2Connection::on_unacceptable_request(http::ParseStatus limit,
                                                         http::Method method, size_t bytes_seen) {
  Http2Stream& stream = add_stream();
  Refusal refusal = refusal_of(limit);
  refusal.method = method;
  stream.open_refused(refusal, bytes_seen);
  head_bytes_ += stream.head_bytes();
  return &stream;
}

Http2Stream& Http2Connection::add_stream() {
  origin_.listener.counters().http2_requests_total.add();
  ++requests_;
  const Duration age = environment_.loop.now() - origin_.accepted_at;
  // This one is served; the client hears that it is time for another connection.
  if (requests_ >= model::limits::http2_requests_max ||
      age >= origin_.listener.load_balancer().client_keep_alive) {
    begin_shutdown();
  }
  auto* stream = new Http2Stream(environment_, *this);
  streams_.push_back(*stream);
  return *stream;
}

// One that nobody has heard of is reset, and stands in the access log with 400, as an ALB has it;
// of another its exchange tells.
void Http2Connection::on_malformed_request(const http::H2Stream* known, size_t bytes_seen) {
  if (known) return count(model::Reason::request_malformed);
  Http2Stream& stream = add_stream();
  stream.refuse_unheard(refusal_of(http::ParseStatus::malformed), bytes_seen);
  head_bytes_ += stream.head_bytes();
}

void Http2Connection::count(model::Reason reason) {
  origin_.listener.counters().reasons[static_cast<size_t>(reason)].add();
}

void Http2Connection::exchange_ended() {
  DARUMA_ASSERT(exchanges_ > 0);
  --exchanges_;
  // As with HTTP/1, the client has the idle timeout from here on; also to take what is left.
  if (exchanges_ == 0 && state_ == State::open)
    timer_.set(environment_.loop.now() + idle_timeout());
  flush_soon();
}

void Http2Connection::reset(Http2Stream& stream, http::H2Error error) {
  session_.reset(stream, error);
  flush_soon();
}

void Http2Connection::consumed(const Http2Stream& stream, size_t bytes) {
  session_.consumed(stream, bytes);
  flush_soon();
}

// At the end of the turn: all that this turn's events had to say.
void Http2Connection::run() {
  if (state_ != State::open) return;
  if (more_to_read_) read();
  if (state_ == State::open) flush();
}

void Http2Connection::on_writable() {
  out_.unblock();
  if (state_ == State::open) return flush();
  if (state_ == State::closing && socket_->pending_bytes() == 0) {
    timer_.set(environment_.loop.now() + linger_timeout);
    discard_input();
  }
}

void Http2Connection::flush() {
  switch (out_.flush(session_, *socket_)) {
    case Http2Output::Status::done:
      break;
    case Http2Output::Status::turn_over:
      flush_soon();
      break;
    case Http2Output::Status::failed:
      end_streams();
      return die();
  }
  streams_.for_each([](Http2Stream& stream) { stream.offer_room(); });
  act();
  settle();
}

void Http2Connection::settle() {
  note_fault();
  if (session_.finished() && out_.empty()) return close();
  if (session_.progress() == progress_seen_) return;
  progress_seen_ = session_.progress();
  taken_seen_ = output_taken();
  timer_.set(environment_.loop.now() + idle_timeout());
}

void Http2Connection::note_fault() {
  if (session_.fault() == http::H2Fault::none || std::exchange(fault_noted_, true)) return;
  count(reason_of(session_.fault()));
  end_streams();
  flush_soon();
}

void Http2Connection::on_timer(io::Timer& timer) {
  if (state_ == State::closing) return die();
  if (&timer == &goaway_timer_) {
    session_.finish_shutdown();
    return flush_soon();
  }
  const uint64_t before = std::exchange(taken_seen_, output_taken());
  const bool moves = before < taken_seen_;
  // An exchange has a deadline of its own.
  if (exchanges_ > 0 || moves) return timer_.set(environment_.loop.now() + idle_timeout());
  if (!streams_.empty() || !out_.empty() || socket_->pending_bytes() > 0) {
    count(model::Reason::http2_stalled);
    end_streams();
    return die();
  }
  if (session_.shutting_down()) return die();
  session_.begin_shutdown();
  session_.finish_shutdown();
  flush_soon();
  // Whether or not the client takes the last words.
  timer_.set(environment_.loop.now() + linger_timeout);
}

void Http2Connection::begin_shutdown() {
  if (session_.shutting_down()) return;
  session_.begin_shutdown();
  goaway_timer_.set(environment_.loop.now() + model::limits::http2_goaway_patience);
  flush_soon();
}

void Http2Connection::retire() {
  if (state_ == State::open) begin_shutdown();
}

void Http2Connection::stop_now() {
  if (state_ == State::dead) return;
  streams_.for_each([](Http2Stream& stream) { stream.stop_now(); });
  if (state_ == State::open) {
    session_.begin_shutdown();
    session_.finish_shutdown();
    flush();
  }
  end_streams();
  if (state_ != State::dead) die();
}

void Http2Connection::end_streams() {
  while (!streams_.empty()) streams_.front().end();
}

// Everything has been said.
void Http2Connection::close() {
  end_streams();
  state_ = State::closing;
  goaway_timer_.clear();
  socket_->finish_writing();
  timer_.set(environment_.loop.now() +
             (socket_->pending_bytes() > 0 ? idle_timeout() : linger_timeout));
  discard_input();
}

void Http2Connection::discard_input() {
  std::array<char, 4096> waste;
  while (socket_->readable()) {
    const io::IoResult result = socket_->read(waste);
    if (result.status == io::IoStatus::blocked) return;
    discarded_ += result.bytes;
    if (result.status == io::IoStatus::done && discarded_ <= linger_bytes_max) continue;
    if (result.status == io::IoStatus::failed || socket_->pending_bytes() == 0) die();
    return;
  }
}

void Http2Connection::die() {
  DARUMA_ASSERT(exchanges_ == 0);
  if (state_ == State::dead) return;
  state_ = State::dead;
  timer_.clear();
  goaway_timer_.clear();
  ListNode<io::Task>::unlink();
  ListNode<AcceptedConnection>::unlink();
  environment_.graveyard.bury(*this);
  origin_.listener.on_connection_closed();
}

}  // namespace daruma::proxy
