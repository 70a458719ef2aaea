// SPDX-License-Identifier: Apache-2.0
#include "app/origin_http2_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/origin_connection.h"
#include "app/origin_http2.h"

namespace daruma::app {

using Body = OriginAnswer::Body;
using Ending = OriginAnswer::Ending;
using Follows = http::H2Session::Follows;

OriginHttp2Stream::OriginHttp2Stream(OriginHttp2& connection, Request request)
    : http::H2Stream(connection.origin().pool_),
      connection_(connection),
      request_(std::move(request)),
      timer_(connection.origin().loop_.timers(), *this) {}

void OriginHttp2Stream::on_body(std::string_view bytes) {
  request_sha_.update(bytes);
  received_bytes_ += bytes.size();
  connection_.session().consumed(*this, bytes.size());
}

void OriginHttp2Stream::on_body_end(std::string_view) {
  request_ended_ = true;
}

void OriginHttp2Stream::on_timer(io::Timer&) {
  if (over_) return;
  begin_answer();
  connection_.wake();
}

void OriginHttp2Stream::act() {
  if (over_) return;
  switch (step_) {
    case Step::request:
      if (std::exchange(request_.expects_continue, false) && !request_ended_) {
        http::ResponseHead head;
        head.status = 100;
        connection_.session().respond(*this, head, Follows::body);
      }
      if (!request_ended_) return;
      step_ = Step::delay;
      if (request_.answer.delay > Duration::zero())
        return timer_.set(connection_.origin().loop_.now() + request_.answer.delay);
      return begin_answer();
    case Step::body:
      return write_body();
    case Step::delay:
    case Step::end:
      return;
  }
}

void OriginHttp2Stream::begin_answer() {
  OriginAnswer& answer = request_.answer;
  if (answer.ending == Ending::close_unanswered || answer.ending == Ending::reset_unanswered)
    return break_off();
  if (answer.body == Body::echo) answer.body_bytes = request_.shown.size();
  if (has_body()) body_left_ = answer.body_bytes;
  respond();
  if (answer.ending == Ending::truncated) body_left_ /= 2;
  step_ = Step::body;
  if (!has_body()) {
    step_ = Step::end;
    return;
  }
  write_body();
}

bool OriginHttp2Stream::has_body() const {
  return !request_.is_head && request_.answer.body != Body::none;
}

void OriginHttp2Stream::respond() {
  const OriginAnswer& answer = request_.answer;
  std::vector<std::pair<std::string_view, std::string>> lines{
      {"server", "daruma-target"},
      {"x-target", connection_.origin().name_},
      {"x-connection", std::to_string(connection_.owner().number())},
      {"x-request", std::to_string(request_.number)}};
  if (const uint32_t worker = connection_.owner().worker())
    lines.emplace_back("x-worker", std::to_string(worker));
  if (!answer.cookie.empty()) lines.emplace_back("set-cookie", answer.cookie + "=begun; Path=/");
  lines.emplace_back("x-body-bytes", std::to_string(received_bytes_));
  lines.emplace_back("x-body-sha256", request_sha_.finish());
  if (answer.body != Body::none) lines.emplace_back("content-type", "text/plain");
  if (answer.framing == http::Framing::length)
    lines.emplace_back("content-length", std::to_string(answer.body_bytes));
  if (answer.framing == http::Framing::chunked) lines.emplace_back("trailer", "X-Sha256");
  http::ResponseHead head;
  head.status = answer.status;
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  connection_.session().respond(*this, head, has_body() ? Follows::body : Follows::nothing);
}

void OriginHttp2Stream::write_body() {
  const OriginAnswer& answer = request_.answer;
  while (body_left_ > 0) {
    const size_t room = connection_.session().room(*this);
    if (room == 0) return;
    const size_t most = std::min<uint64_t>(body_left_, room);
    const std::string_view run = answer.body == Body::echo
                                     ? std::string_view(request_.shown).substr(body_sent_, most)
                                     : connection_.origin().letters(body_sent_, most);
    if (answer.framing == http::Framing::chunked) answer_sha_.update(run);
    connection_.session().write(*this, run);
    body_sent_ += run.size();
    body_left_ -= run.size();
  }
  if (answer.ending == Ending::truncated) {
    if (output_pending() == 0) break_off();
    return;
  }
  step_ = Step::end;
  const bool chunked = answer.framing == http::Framing::chunked;
  connection_.session().finish(*this, chunked ? "X-Sha256: " + answer_sha_.finish() + "\r\n" : "");
}

void OriginHttp2Stream::break_off() {
  connection_.session().reset(*this, http::H2Error::internal_error);
  over_ = true;
}

}  // namespace daruma::app
