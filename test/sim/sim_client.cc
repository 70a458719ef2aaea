// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_client.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "sim/sim_loop.h"

namespace daruma::sim {
namespace {

// Between two connections: doubled while none can be made.
constexpr Duration reconnect_pause_least = 50ms;
constexpr Duration reconnect_pause_most = 1s;
// How long a client waits for 100 (RFC 9110 10.1.1: not for ever).
constexpr Duration continue_patience = 1s;
constexpr Duration connect_patience = 15s;
// Longer than any time-out of a run.
constexpr Duration deaf_time = 30s;

bool says_close(const SimHead& head) {
  const std::string* connection = head.find("Connection");
  return connection && ascii_lowered(*connection).find("close") != std::string::npos;
}

bool happens_while_sending(ClientAct act) {
  return act == ClientAct::close_while_sending || act == ClientAct::reset_while_sending ||
         act == ClientAct::stop_sending;
}

}  // namespace

SimClient::SimClient(SimLoop& loop, Auditor& auditor, ClientScript script, Destination destination)
    : loop_(loop),
      auditor_(auditor),
      script_(std::move(script)),
      destination_(std::move(destination)),
      send_timer_(loop.timers(), *this),
      read_timer_(loop.timers(), *this),
      continue_timer_(loop.timers(), *this) {}

SimClient::~SimClient() = default;

void SimClient::start(Duration after) {
  plan_next_connection(after);
  loop_.kick();
}

void SimClient::retire() {
  next_ = script_.requests.size();
  retired_ = true;
  if (socket_ && under_way_.empty()) over(Ending::left);
}

void SimClient::plan_next_connection(Duration after) {
  if (next_ < script_.requests.size()) send_timer_.set(loop_.network().now() + after);
}

void SimClient::on_timer(io::Timer& timer) {
  if (&timer == &read_timer_) return deaf_ ? over(Ending::left) : read();
  if (&timer == &continue_timer_) awaits_continue_ = false;
  if (!socket_) return connect();
  if (!connected_) return on_connect_failed();
  if (!sending_) thought_ = true;
  pump();
}

void SimClient::connect() {
  const std::optional<Address> to = destination_();
  if (!to) return plan_next_connection(reconnect_pause_most);
  reader_ = MessageReader(MessageReader::Kind::response);
  connected_ = thought_ = awaits_continue_ = stopped_sending_ = false;
  close_announced_ = spoiled_ = deaf_ = false;
  tunnel_ = nullptr;
  tunnel_says_.clear();
  tunnel_said_ = tunnel_heard_ = false;
  connection_requests_ = 0;
  socket_ = loop_.connect(*to, *this);
  send_timer_.set(loop_.now() + connect_patience);
}

void SimClient::on_connected() {
  connected_ = true;
  reconnect_pause_ = reconnect_pause_least;
  send_timer_.clear();
  pump();
}

void SimClient::on_connect_failed() {
  socket_ = nullptr;
  reconnect_pause_ = std::min(2 * reconnect_pause_, reconnect_pause_most);
  plan_next_connection(reconnect_pause_);
}

// --- Sending ---

bool SimClient::may_send_next() const {
  if (!connected_ || sending_ || stopped_sending_ || close_announced_) return false;
  if (next_ == script_.requests.size() || under_way_.size() >= script_.pipeline_depth) return false;
  if (connection_requests_ >= script_.requests_per_connection_max) return false;
  // Behind what may cost the connection, nobody pipelines.
  return under_way_.empty() ||
         (!spoiled_ && under_way_.back().request->act == ClientAct::polite &&
          !under_way_.back().request->close && !under_way_.back().request->upgrade &&
          under_way_.back().request->minor_version == 1);
}

void SimClient::pump() {
  while (socket_) {
    if (sending_) {
      send();
      if (sending_ || !socket_) return;
      continue;
    }
    if (!may_send_next()) return;
    const Duration think = script_.requests[next_].think;
    if (!thought_ && think > 0s) {
      if (!send_timer_.is_set()) send_timer_.set(loop_.now() + think);
      return;
    }
    begin_next();
  }
}

void SimClient::begin_next() {
  const RequestScript& request = script_.requests[next_++];
  thought_ = false;
  ++connection_requests_;
  const bool idle = under_way_.empty();
  if (idle) reader_.expect_no_body(request.method == "HEAD");
  sending_ = &request;
  std::string cookies;
  for (const auto& [name, value] : cookies_)
    cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  wire_ = wire_of(request, cookies);
  sent_ = 0;
  awaits_continue_ = false;
  continue_timer_.clear();
  under_way_.push_back({&request});
  auditor_.on_request_begun(request, connection_id(*socket_), spoiled_);
  auditor_.on_cookies(request.token, cookies_);
  if (request.malformation != Malformation::none) spoiled_ = true;
}

// How far the request may be sent now.
size_t SimClient::send_limit() const {
  size_t limit = wire_.bytes.size();
  if (awaits_continue_) limit = wire_.head_bytes;
  if (happens_while_sending(sending_->act)) limit = std::min(limit, sending_->act_at);
  if (sending_->send_piece > 0) limit = std::min(limit, sent_ + sending_->send_piece);
  return limit;
}

void SimClient::send() {
  if (send_timer_.is_set()) return;  // between two pieces
  if (sent_ == 0 && sending_->expect_continue && wire_.bytes.size() > wire_.head_bytes) {
    awaits_continue_ = true;
    continue_timer_.set(loop_.now() + continue_patience);
  }
  const size_t limit = send_limit();
  if (sent_ < limit) {
    const io::IoResult result =
        socket_->write(std::string_view(wire_.bytes).substr(sent_, limit - sent_));
    if (result.status != io::IoStatus::done) return;  // where it failed, reading tells how
    sent_ += result.bytes;
    auditor_.on_request_bytes(sending_->token, sent_ >= wire_.head_bytes,
                              sent_ == wire_.bytes.size());
    if (sent_ < limit) return;
  }
  if (act_now()) return;
  if (sent_ == wire_.bytes.size()) {
    const RequestScript* finished = sending_;
    sending_ = nullptr;
    if (finished->act == ClientAct::half_close) {
      stopped_sending_ = true;
      for (const UnderWay& request : under_way_)
        auditor_.on_client_half_closed(request.request->token);
      socket_->finish_writing();
    }
  } else if (sending_->send_piece > 0 && !awaits_continue_ && !stopped_sending_) {
    send_timer_.set(loop_.now() + sending_->send_pause);
  }
}

bool SimClient::act_now() {
  if (!sending_ || !happens_while_sending(sending_->act) || sent_ < sending_->act_at) return false;
  switch (sending_->act) {
    case ClientAct::close_while_sending:
      over(Ending::left);
      return true;
    case ClientAct::reset_while_sending:
      socket_->abort_on_close();
      over(Ending::left);
      return true;
    case ClientAct::stop_sending:
      stopped_sending_ = true;
      return true;
    case ClientAct::polite:
    case ClientAct::close_while_receiving:
    case ClientAct::reset_while_receiving:
    case ClientAct::stop_receiving:
    case ClientAct::half_close:
    case ClientAct::reset_stream_while_sending:
    case ClientAct::reset_stream_while_receiving:
      return false;
  }
  return false;
}

void SimClient::on_writable() {
  tunnel_ ? say_in_tunnel() : pump();
}

// --- Receiving ---

void SimClient::on_readable() {
  if (!read_timer_.is_set()) read();
}

void SimClient::read() {
  std::array<char, 16 * 1024> bytes;
  while (socket_ && socket_->readable()) {
    const size_t most =
        script_.read_piece > 0 ? std::min(script_.read_piece, bytes.size()) : bytes.size();
    const io::IoResult result = socket_->read(std::span(bytes.data(), most));
    switch (result.status) {
      case io::IoStatus::blocked:
        return;
      case io::IoStatus::end:
        return tunnel_heard_ ? void() : peer_finished();
      case io::IoStatus::failed:
        return over(Ending::reset);
      case io::IoStatus::done:
        break;
    }
    reader_.feed(std::string_view(bytes.data(), result.bytes));
    for (const UnderWay& request : under_way_) auditor_.on_client_read(request.request->token);
    note_received(result.bytes);
    if (!socket_ || deaf_ || !read_messages()) return;
    if (script_.read_piece > 0 && script_.read_pause > 0s) {
      read_timer_.set(loop_.now() + script_.read_pause);
      return;
    }
  }
}

// Acts that happen while receiving.
void SimClient::note_received(size_t bytes) {
  if (under_way_.empty()) return;
  UnderWay& first = under_way_.front();
  first.response_bytes += bytes;
  const RequestScript& request = *first.request;
  if (first.response_bytes < request.act_at) return;
  if (request.act == ClientAct::stop_receiving) {
    deaf_ = true;
    read_timer_.set(loop_.now() + deaf_time);
    return;
  }
  if (request.act == ClientAct::reset_while_receiving) {
    socket_->abort_on_close();
    over(Ending::left);
  } else if (request.act == ClientAct::close_while_receiving) {
    over(Ending::left);
  }
}

// False once the connection is gone.
bool SimClient::read_messages() {
  for (;;) {
    if (under_way_.empty() && reader_.in_message()) {
      auditor_.violation("bytes came to a client that had asked nothing");
      return false;
    }
    switch (reader_.next()) {
      case MessageReader::Status::more:
        return true;
      case MessageReader::Status::head:
        if (!on_head()) return false;
        break;
      case MessageReader::Status::body:
        if (reader_.head().status() >= 200 || tunnel_)
          auditor_.on_response_body(under_way_.front().request->token, reader_.body());
        break;
      case MessageReader::Status::finished:
        if (!on_finished()) return false;
        break;
      case MessageReader::Status::broken:
        auditor_.violation(under_way_.front().request->token,
                           "the response is malformed: " + reader_.problem());
        return false;
    }
  }
}

bool SimClient::on_head() {
  UnderWay& first = under_way_.front();
  const SimHead& head = reader_.head();
  if (head.status() == 101) {
    begin_tunnel();
    return socket_ != nullptr;
  }
  if (head.status() < 200) {
    auditor_.on_interim(first.request->token, head);
    if (head.status() == 100 && awaits_continue_) {
      awaits_continue_ = false;
      continue_timer_.clear();
      pump();
    }
    return socket_ != nullptr;
  }
  first.answered_head = true;
  auditor_.on_response_head(first.request->token, reader_.head(), reader_.framing());
  if (script_.keeps_cookies) keep_cookies(reader_.head());
  if (says_close(head)) close_announced_ = true;
  return true;
}

void SimClient::keep_cookies(const SimHead& head) {
  for (const auto& [name, value] : head.fields) {
    if (name != "Set-Cookie") continue;
    const std::string pair = value.substr(0, value.find(';'));
    const size_t equals = pair.find('=');
    cookies_[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

bool SimClient::on_finished() {
  if (reader_.head().status() < 200) return true;
  const UnderWay answered = under_way_.front();
  auditor_.on_response_complete(answered.request->token, reader_.trailers());
  under_way_.pop_front();
  if (sending_ == answered.request) stop_body();
  if (!under_way_.empty()) reader_.expect_no_body(under_way_.front().request->method == "HEAD");
  const bool last = next_ == script_.requests.size() ||
                    connection_requests_ >= script_.requests_per_connection_max;
  const bool finished = under_way_.empty() && !sending_;
  if (finished &&
      (close_announced_ || stopped_sending_ || (last && (retired_ || !script_.linger)))) {
    over(Ending::left);
    return false;
  }
  pump();
  return socket_ != nullptr;
}

// The answer came before the body was sent.
void SimClient::stop_body() {
  if (!sending_->stop_on_early_response && !awaits_continue_ && !close_announced_) return;
  continue_timer_.clear();
  awaits_continue_ = false;
  sending_ = nullptr;
  stopped_sending_ = true;  // the next request would be taken for the body's rest
}

void SimClient::begin_tunnel() {
  UnderWay& first = under_way_.front();
  if (!first.request->upgrade || under_way_.size() > 1)
    return auditor_.violation(first.request->token, "a 101 that nobody asked for");
  first.answered_head = stopped_sending_ = true;
  auditor_.on_response_head(first.request->token, reader_.head(), reader_.framing());
  if (script_.keeps_cookies) keep_cookies(reader_.head());
  tunnel_ = first.request;
  tunnel_says_ = body_bytes(tunnel_->token, BodyOf::request, 0, tunnel_->tunnel_size);
  say_in_tunnel();
}

void SimClient::say_in_tunnel() {
  while (!tunnel_says_.empty()) {
    const io::IoResult result = socket_->write(tunnel_says_);
    if (result.status != io::IoStatus::done) {
      // Where it failed and there is nothing more to read, nothing else tells.
      if (result.status == io::IoStatus::failed && tunnel_heard_) over(Ending::reset);
      return;
    }
    tunnel_says_.erase(0, result.bytes);
    auditor_.on_request_bytes(tunnel_->token, true, true);
  }
  if (!tunnel_said_) socket_->finish_writing();
  tunnel_said_ = true;
  if (tunnel_heard_) over(Ending::left);
}

void SimClient::tunnel_ended() {
  if (!auditor_.tunnel_is_complete(tunnel_->token)) return over(Ending::closed);
  reader_.finish_at_close();
  auditor_.on_response_complete(tunnel_->token, reader_.trailers());
  under_way_.pop_front();
  tunnel_heard_ = true;
  if (tunnel_said_) over(Ending::left);
}

void SimClient::peer_finished() {
  if (tunnel_) return tunnel_ended();
  // HTTP/1.0: the end of the connection is the end of the body.
  if (!under_way_.empty() && under_way_.front().answered_head && reader_.finish_at_close()) {
    auditor_.on_response_complete(under_way_.front().request->token, reader_.trailers());
    under_way_.pop_front();
    close_announced_ = true;
  }
  over(Ending::closed);
}

void SimClient::over(Ending ending) {
  // What was pipelined behind an answer that broke off was not answered either.
  bool excused = close_announced_;
  for (const UnderWay& request : under_way_) {
    auditor_.on_client_end(request.request->token, ending, excused);
    excused = true;
  }
  under_way_.clear();
  sending_ = nullptr;
  tunnel_ = nullptr;
  send_timer_.clear();
  read_timer_.clear();
  continue_timer_.clear();
  socket_ = nullptr;
  plan_next_connection(reconnect_pause_least);
}

}  // namespace daruma::sim
