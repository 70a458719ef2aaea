// SPDX-License-Identifier: Apache-2.0
#include "app/origin_http2.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/origin_connection.h"
#include "app/origin_http2_stream.h"
#include "http/h2_head.h"

namespace daruma::app {
namespace {

constexpr size_t read_bytes = 16 * 1024;
constexpr Duration stalled_timeout = 60s;

// As it would be in HTTP/1.1, but for the version.
std::string shown(const http::RequestHead& head) {
  std::string text;
  text.append(head.method_text).append(" ").append(head.target).append(" HTTP/2.0\r\n");
  for (const http::Field& field : head.fields)
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  return text + "\r\n";
}

}  // namespace

OriginHttp2::OriginHttp2(SampleOrigin& origin, OriginConnection& owner,
                         std::unique_ptr<io::Socket> socket)
    : origin_(origin),
      owner_(owner),
      socket_(std::move(socket)),
      session_(origin.pool_, *this, http::H2Session::Limits{}),
      out_(origin.pool_),
      timer_(origin.loop_.timers(), *this) {}

OriginHttp2::~OriginHttp2() = default;

void OriginHttp2::begin(std::string_view received) {
  socket_->set_handler(*this);
  timer_.set(origin_.loop_.now() + origin_.options_.keepalive_timeout);
  session_.receive(received, origin_.loop_.now());
  on_readable();
}

void OriginHttp2::wake() {
  if (!ended_) origin_.loop_.call_soon(*this);
}

void OriginHttp2::on_readable() {
  std::array<char, read_bytes> bytes;
  wake();
  while (socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) return;
    if (result.status != io::IoStatus::done) return end();
    session_.receive({bytes.data(), result.bytes}, origin_.loop_.now());
  }
}

void OriginHttp2::on_writable() {
  out_.unblock();
  wake();
}

// At the end of the turn: everything that can be said.
void OriginHttp2::run() {
  uint64_t before = 0;
  do {
    before = session_.progress();
    for (const auto& stream : streams_) stream->act();
    switch (out_.flush(session_, *socket_)) {
      case proxy::Http2Output::Status::done:
        break;
      case proxy::Http2Output::Status::turn_over:
        return wake();
      case proxy::Http2Output::Status::failed:
        return end();
    }
  } while (session_.progress() != before);
  std::erase_if(streams_, [](const auto& stream) { return stream->over(); });
  if (session_.finished() && out_.empty()) return finish();
  if (session_.progress() == progress_seen_) return;
  progress_seen_ = session_.progress();
  timer_.set(origin_.loop_.now() +
             (streams_.empty() ? origin_.options_.keepalive_timeout : stalled_timeout));
}

void OriginHttp2::on_timer(io::Timer&) {
  const auto waits = [](const auto& stream) { return stream->delayed(); };
  if (std::any_of(streams_.begin(), streams_.end(), waits))
    return timer_.set(origin_.loop_.now() + stalled_timeout);
  if (!streams_.empty() || session_.shutting_down()) return end();
  shut_down();
  timer_.set(origin_.loop_.now() + stalled_timeout);
}

void OriginHttp2::drain() {
  shut_down();
}

void OriginHttp2::shut_down() {
  session_.begin_shutdown();
  session_.finish_shutdown();
  wake();
}

http::H2Stream* OriginHttp2::on_request(http::RequestHead& head, Buffer&,
                                        http::H2HeadReader::Body) {
  ++origin_.requests_total_;
  return add(std::make_unique<OriginHttp2Stream>(
      *this, OriginHttp2Stream::Request{
                 .number = requests_ + 1,
                 .answer = answer_for(head.target, origin_.options_, origin_.loop_.random()),
                 .shown = shown(head),
                 .is_head = head.method == http::Method::head,
                 .expects_continue = head.expect_continue}));
}

http::H2Stream* OriginHttp2::on_unacceptable_request(http::ParseStatus limit, http::Method,
                                                     size_t) {
  const int status = limit == http::ParseStatus::line_too_long ? 414 : 400;
  return add(std::make_unique<OriginHttp2Stream>(
      *this,
      OriginHttp2Stream::Request{.number = requests_ + 1,
                                 .answer = {.status = status, .body = OriginAnswer::Body::none}}));
}

http::H2Stream* OriginHttp2::add(std::unique_ptr<OriginHttp2Stream> stream) {
  ++requests_;
  const uint32_t requests_max = origin_.options_.keepalive_requests;
  if (requests_max > 0 && requests_ >= requests_max) shut_down();
  return streams_.emplace_back(std::move(stream)).get();
}

void OriginHttp2::finish() {
  stop();
  owner_.linger(std::move(socket_));
}

void OriginHttp2::end() {
  stop();
  owner_.end_http2();
}

void OriginHttp2::stop() {
  ended_ = true;
  timer_.clear();
  ListNode<io::Task>::unlink();
}

}  // namespace daruma::app
