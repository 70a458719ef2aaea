// SPDX-License-Identifier: Apache-2.0
#include "sim/h2_client.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace daruma::sim {
namespace {

constexpr Duration reconnect_pause_least = 50ms;
constexpr Duration reconnect_pause_most = 1s;
constexpr Duration connect_patience = 15s;
// What waits to be written before bodies go on: streams are to take turns on the wire too.
constexpr size_t output_most = 32 * 1024;

bool happens_while_sending(ClientAct act) {
  return act == ClientAct::reset_stream_while_sending || act == ClientAct::reset_while_sending ||
         act == ClientAct::stop_sending;
}

}  // namespace

H2Client::H2Client(SimLoop& loop, Auditor& auditor, H2ClientScript script, Destination destination)
    : loop_(loop),
      auditor_(auditor),
      script_(std::move(script)),
      destination_(std::move(destination)),
      tls_(std::move(*tls::ClientContext::create())),
      begin_timer_(loop.timers(), *this),
      send_timer_(loop.timers(), *this),
      window_timer_(loop.timers(), *this),
      change_timer_(loop.timers(), *this),
      abuse_timer_(loop.timers(), *this),
      random_(requests().front().token.value) {}

H2Client::~H2Client() = default;

void H2Client::start(Duration after) {
  begin_timer_.set(loop_.network().now() + after);
  loop_.kick();
}

void H2Client::retire() {
  next_ = requests().size();
  retired_ = true;
  if (socket_ && under_way_.empty()) over(Ending::left);
}

void H2Client::connect() {
  if (next_ == requests().size()) return;
  const std::optional<Address> to = destination_();
  if (!to) return begin_timer_.set(loop_.now() + reconnect_pause_most);
  connected_ = leaving_ = abused_ = false;
  connection_requests_ = 0;
  initial_window_ = script_.manners.initial_window;
  thought_at_ = never;
  H2Wire::Handler& handler = *this;
  wire_ = std::make_unique<H2Wire>(H2Wire::Role::client, handler, script_.manners);
  socket_ = transport::SecureSocket::connect(loop_, transport_, *tls_, nullptr, *to,
                                             "www.example.com", *this, tls::AlpnOffer::http2);
  connection_ = loop_.network().newest_connection();
  begin_timer_.set(loop_.now() + connect_patience);
}

void H2Client::on_connected() {
  begin_timer_.clear();
  connected_ = true;
  reconnect_pause_ = reconnect_pause_least;
  if (!static_cast<transport::SecureSocket&>(*socket_).session().http2_chosen())
    return auditor_.violation("HTTP/2 was offered and not chosen");
  if (script_.change_pause > 0s) change_timer_.set(loop_.now() + script_.change_pause);
  if (script_.abuse != H2Abuse::none) abuse_timer_.set(loop_.now() + script_.abuse_after);
  pump();
}

void H2Client::on_connect_failed() {
  socket_ = nullptr;
  wire_ = nullptr;
  reconnect_pause_ = std::min(2 * reconnect_pause_, reconnect_pause_most);
  begin_timer_.set(loop_.now() + reconnect_pause_);
}

void H2Client::on_timer(io::Timer& timer) {
  if (!socket_) return connect();
  if (!connected_) return on_connect_failed();
  if (&timer == &window_timer_) wire_->give_windows();
  if (&timer == &change_timer_) {
    static constexpr uint32_t windows[] = {0, 100, 16'384, 65'535, 1 << 20};
    const uint32_t window = windows[random_.below(std::size(windows))];
    wire_->change(window, std::nullopt);
    // It opens again behind what is on its way, and what others of the connection are sent before.
    for (const auto& [id, stream] : under_way_) {
      if (window < initial_window_) auditor_.on_client_shrinks_window(stream.request->token);
    }
    initial_window_ = window;
    change_timer_.set(loop_.now() + script_.change_pause);
  }
  if (&timer == &abuse_timer_) abuse();
  pump();
}

void H2Client::on_writable() {
  if (connected_) pump();
}

void H2Client::on_readable() {
  if (connected_) read();
}

void H2Client::read() {
  std::array<char, 16 * 1024> bytes;
  while (socket_ && !ends_ && socket_->readable()) {
    const size_t piece = script_.requests.read_piece;
    const size_t most = piece > 0 ? std::min(10 * piece, bytes.size()) : bytes.size();
    const io::IoResult result = socket_->read(std::span(bytes.data(), most));
    if (result.status == io::IoStatus::blocked) break;
    if (result.status != io::IoStatus::done) {
      ends_ = result.status == io::IoStatus::end ? Ending::closed : Ending::reset;
      break;
    }
    for (const auto& [id, stream] : under_way_) {
      if (!stream.answered) auditor_.on_client_read(stream.request->token);
    }
    wire_->receive({bytes.data(), result.bytes});
  }
  pump();
}

// --- Sending ---

bool H2Client::may_begin() const {
  if (leaving_ || ends_ || next_ == requests().size()) return false;
  if (connection_requests_ >= script_.requests.requests_per_connection_max) return false;
  const size_t most = std::min(script_.streams_most, wire_->peer_streams_max());
  return wire_->open_streams() < most && under_way_.size() < most;
}

// All that can be done now.
void H2Client::pump() {
  if (!socket_ || !connected_) return;
  while (may_begin()) {
    const Duration think = requests()[next_].think;
    if (thought_at_ == never) thought_at_ = loop_.now() + think;
    if (thought_at_ > loop_.now()) {
      begin_timer_.set(thought_at_);
      break;
    }
    thought_at_ = never;
    begin();
  }
  do {
    send_bodies();
  } while (write());
  if (wire_->owes_window() && !window_timer_.is_set()) {
    if (script_.window_pause == 0s) wire_->give_windows();
    if (script_.window_pause > 0s) window_timer_.set(loop_.now() + script_.window_pause);
  }
  write();
  after_events();
}

void H2Client::begin() {
  const RequestScript& request = requests()[next_++];
  ++connection_requests_;
  std::string cookies;
  for (const auto& [name, value] : cookies_)
    cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  const uint32_t id = wire_->open_stream();
  UnderWay& stream = under_way_[id];
  stream.request = &request;
  if (request.body != RequestBody::none)
    stream.body = body_bytes(request.token, BodyOf::request, 0, request.body_size);
  stream.said_all = stream.body.empty() && request.trailers.empty();
  auditor_.on_request_begun(request, connection_, false);
  auditor_.on_cookies(request.token, cookies_);
  if (abused_) auditor_.on_client_abuse(request.token);
  wire_->send_head(id, h2_head_of(request, cookies), stream.said_all);
  auditor_.on_request_bytes(request.token, true, stream.said_all);
  if (request.act == ClientAct::stop_receiving) wire_->withhold(id);
}

// A piece of each in turn, until nobody can go on.
void H2Client::send_bodies() {
  for (bool more = true; more && !ends_;) {
    more = false;
    for (auto& [id, stream] : under_way_) {
      if (wire_->output().size() < output_most && !stream.said_all && !stream.stopped)
        more |= send_piece(id, stream);
    }
  }
  const Instant now = loop_.now();
  Instant next = never;
  for (const auto& [id, stream] : under_way_) {
    if (!stream.said_all && !stream.stopped && stream.next_piece > now)
      next = std::min(next, stream.next_piece);
  }
  if (next != never) send_timer_.set(next);
}

// True if something was sent and more may be.
bool H2Client::send_piece(uint32_t id, UnderWay& stream) {
  const RequestScript& request = *stream.request;
  if (act_while_sending(id, stream)) return false;
  if (stream.next_piece > loop_.now()) return false;
  size_t most =
      std::min({request.chunk_size, stream.body.size() - stream.sent, wire_->sendable(id)});
  if (request.send_piece > 0) most = std::min(most, request.send_piece);
  if (happens_while_sending(request.act)) most = std::min(most, request.act_at - stream.sent);
  const bool last = stream.sent + most == stream.body.size();
  if (most == 0 && !last) return false;
  const bool ended = last && request.trailers.empty();
  if (most > 0 || ended)
    wire_->send_data(id, std::string_view(stream.body).substr(stream.sent, most), ended);
  stream.sent += most;
  auditor_.on_request_bytes(request.token, true, last);
  if (request.send_piece > 0) stream.next_piece = loop_.now() + request.send_pause;
  if (last) end_body(id, stream);
  return !last;
}

void H2Client::end_body(uint32_t id, UnderWay& stream) {
  stream.said_all = true;
  if (stream.request->trailers.empty()) return;
  H2Fields trailers = h2_fields_of(stream.request->trailers);
  if (stream.request->malformation == Malformation::h2_pseudo_in_trailers)
    trailers.insert(trailers.begin(), {":path", "/other"});
  wire_->send_head(id, trailers, true);
}

bool H2Client::act_while_sending(uint32_t id, UnderWay& stream) {
  const RequestScript& request = *stream.request;
  if (!happens_while_sending(request.act) || stream.sent < request.act_at) return false;
  stream.stopped = true;
  if (request.act == ClientAct::stop_sending) return true;
  if (request.act == ClientAct::reset_stream_while_sending) {
    wire_->reset(id, h2_code::cancel);
    auditor_.on_client_end(request.token, Ending::left, false);
    stream.answered = true;
    return true;
  }
  socket_->abort_on_close();
  ends_ = Ending::left;
  return true;
}

// True if all has left, and there was something.
bool H2Client::write() {
  std::string& output = wire_->output();
  const bool something = !output.empty();
  while (socket_ && !output.empty()) {
    const io::IoResult result = socket_->write(output);
    if (result.status != io::IoStatus::done) return false;  // where it failed, reading tells how
    output.erase(0, result.bytes);
  }
  return something;
}

void H2Client::abuse() {
  const auto open =
      std::ranges::find_if(under_way_, [](const auto& entry) { return !entry.second.said_all; });
  wire_->say(frames_of(script_.abuse, open == under_way_.end() ? 0 : open->first));
  abused_ = leaving_ = true;
  excuse_all();
}

void H2Client::excuse_all() {
  for (const auto& [id, stream] : under_way_) auditor_.on_client_abuse(stream.request->token);
}

// --- Receiving ---

// Nullptr for one that is over for the client, though the other side may not know yet.
H2Client::UnderWay* H2Client::find(uint32_t id) {
  const auto found = under_way_.find(id);
  return found == under_way_.end() ? nullptr : &found->second;
}

void H2Client::on_h2_head(uint32_t id, const SimHead& head, bool ended) {
  UnderWay* const found = find(id);
  if (!found || found->answered) return;
  UnderWay& stream = *found;
  const RequestScript& request = *stream.request;
  if (head.status() == 101) return auditor_.violation(request.token, "a 101 over HTTP/2");
  if (head.status() < 200) return auditor_.on_interim(request.token, head);
  stream.status = head.status();
  const bool none = request.method == "HEAD" || stream.status == 204 || stream.status == 304;
  if (none && !ended) return auditor_.violation(request.token, "a body where none may be");
  auditor_.on_response_head(request.token, head,
                            none ? MessageReader::Framing::none : MessageReader::Framing::chunked);
  if (script_.requests.keeps_cookies) keep_cookies(head);
  note_received(id, stream);
}

void H2Client::keep_cookies(const SimHead& head) {
  for (const auto& [name, value] : head.fields) {
    if (name != "set-cookie") continue;
    const std::string pair = value.substr(0, value.find(';'));
    const size_t equals = pair.find('=');
    cookies_[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

void H2Client::on_h2_data(uint32_t id, std::string_view bytes) {
  UnderWay* const found = find(id);
  if (!found || found->answered) return;
  UnderWay& stream = *found;
  stream.received += bytes.size();
  auditor_.on_response_body(stream.request->token, bytes);
  note_received(id, stream);
}

// Acts that happen while receiving.
void H2Client::note_received(uint32_t id, UnderWay& stream) {
  const RequestScript& request = *stream.request;
  if (stream.received < request.act_at) return;
  if (request.act == ClientAct::close_while_receiving) ends_ = Ending::left;
  if (request.act != ClientAct::reset_stream_while_receiving) return;
  wire_->reset(id, h2_code::cancel);
  auditor_.on_client_end(request.token, Ending::left, false);
  stream.answered = stream.stopped = true;
}

void H2Client::on_h2_end(uint32_t id, const std::string& trailers) {
  UnderWay* const found = find(id);
  if (!found || found->answered) return;
  UnderWay& stream = *found;
  stream.answered = true;
  auditor_.on_response_complete(stream.request->token, trailers);
  if (stream.said_all || !stream.request->stop_on_early_response) return;
  stream.stopped = true;
  wire_->reset(id, h2_code::cancel);
}

void H2Client::on_h2_reset(uint32_t id, uint32_t code) {
  UnderWay* const found = find(id);
  if (!found) return;
  UnderWay& stream = *found;
  stream.stopped = true;
  const RequestScript& request = *stream.request;
  const bool blamed = request.malformation != Malformation::none || abused_;
  if (stream.answered) {
    const bool refused = code == h2_code::refused && stream.status == 0;  // as GOAWAY had said
    if (code != h2_code::none && !refused && !blamed && request.act == ClientAct::polite)
      auditor_.violation(request.token, "RST_STREAM " + std::to_string(code) + " after the answer");
    return;
  }
  if (code != h2_code::refused && code != h2_code::internal && !blamed)
    return auditor_.violation(request.token, "RST_STREAM " + std::to_string(code));
  end_stream(id, code == h2_code::refused ? Ending::refused : Ending::reset);
}

void H2Client::on_h2_goaway(uint32_t last, uint32_t code) {
  leaving_ = true;
  const bool blamed = abused_ || std::ranges::any_of(under_way_, [](const auto& entry) {
                        return entry.second.request->malformation != Malformation::none;
                      });
  if (code != h2_code::none && !blamed)
    auditor_.violation("GOAWAY " + std::to_string(code) + " to a client that did nothing wrong");
  for (const auto& [id, stream] : under_way_) {
    if (id > last && !stream.answered) end_stream(id, Ending::refused);
  }
}

void H2Client::on_h2_broken(const std::string& problem) {
  if (abused_) {  // what it asked besides is answered too
    ends_ = Ending::left;
    return;
  }
  auditor_.violation("what a client got is not HTTP/2: " + problem);
}

void H2Client::end_stream(uint32_t id, Ending ending) {
  UnderWay& stream = under_way_[id];
  auditor_.on_client_end(stream.request->token, ending, false);
  stream.answered = stream.stopped = true;
}

// Streams that are over are let go; and the connection, if it shall end.
void H2Client::after_events() {
  std::erase_if(under_way_, [this](const auto& entry) {
    const UnderWay& stream = entry.second;
    return stream.answered && (stream.stopped || !wire_->is_open(entry.first));
  });
  if (!ends_) {
    const bool last = next_ == requests().size() ||
                      connection_requests_ >= script_.requests.requests_per_connection_max;
    const bool leaves = leaving_ && !abused_;
    if (under_way_.empty() && connection_requests_ > 0 &&
        (leaves || (last && (retired_ || !script_.requests.linger))) && wire_->output().empty())
      ends_ = Ending::left;
  }
  if (ends_) over(*std::exchange(ends_, std::nullopt));
}

void H2Client::over(Ending ending) {
  for (const auto& [id, stream] : under_way_) {
    if (!stream.answered) auditor_.on_client_end(stream.request->token, ending, false);
  }
  under_way_.clear();
  for (io::Timer* timer :
       {&begin_timer_, &send_timer_, &window_timer_, &change_timer_, &abuse_timer_})
    timer->clear();
  socket_ = nullptr;
  wire_ = nullptr;
  ends_ = std::nullopt;
  if (next_ < requests().size()) begin_timer_.set(loop_.now() + reconnect_pause_least);
}

}  // namespace daruma::sim
