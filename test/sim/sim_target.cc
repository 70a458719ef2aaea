// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_target.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "sim/h2_channel.h"
#include "sim/message_reader.h"
#include "sim/sim_answer.h"
#include "sim/sim_loop.h"

namespace daruma::sim {
namespace {

constexpr std::string_view health_checker = "ELB-HealthChecker/2.0";

Answer health_answer(HealthMode mode) {
  Answer answer;
  answer.wire = mode == HealthMode::good
                    ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
                    : "HTTP/1.1 500 Sick\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  answer.close = answer.close_announced = true;
  if (mode == HealthMode::silent) answer.cut = Cut::hang;
  if (mode == HealthMode::closes) answer.cut = Cut::close;
  return answer;
}

}  // namespace

// One connection of a target.
class SimTarget::Channel final : private io::SocketHandler,
                                 private io::TimerHandler,
                                 private io::Task {
 public:
  Channel(SimTarget& target, uint32_t id, std::unique_ptr<io::Socket> socket)
      : target_(target),
        id_(id),
        socket_(std::move(socket)),
        timer_(target.loop_.timers(), *this),
        idle_timer_(target.loop_.timers(), *this) {
    socket_->set_handler(*this);
    set_idle_timer();
  }

  void kill(bool reset) {
    if (!socket_) return;
    announce(false);
    if (reset) return socket_->abort_on_close();
    end_until_close();
  }

 private:
  void on_readable() override { read(); }
  void on_writable() override { write(); }
  void on_timer(io::Timer& timer) override;
  void run() override { target_.remove(id_); }  // Task: destroys this

  void read();
  bool heard_http2(std::string_view came);
  bool read_messages();
  bool on_head();
  void on_body_complete();
  void begin_answer();
  void write();
  void answer_sent();
  void said_all();
  void heard_all();
  void end_until_close();
  void set_idle_timer();
  // Daruma may just be using this connection: the auditor shall know whose fault that is.
  void announce(bool announced) { target_.auditor_.on_target_event(wire_id(), announced); }
  void close(bool reset);
  uint32_t wire_id() const { return connection_id(*socket_); }

  SimTarget& target_;
  const uint32_t id_;
  std::unique_ptr<io::Socket> socket_;
  io::Timer timer_;       // delays and pauses of the answer
  io::Timer idle_timer_;  // the keep-alive timeout
  MessageReader reader_{MessageReader::Kind::request};
  bool closing_ = false;
  bool may_be_http2_ = true;
  std::string heard_;  // while that is not known

  int requests_ = 0;
  bool answering_ = false;  // a request's head has come, its answer is not sent
  bool reading_body_ = false;
  bool health_check_ = false;
  bool switched_ = false;  // to another protocol
  bool said_all_ = false;  // in that
  bool heard_all_ = false;
  Asked asked_;
  Answer answer_;
  bool begun_ = false;  // the answer was composed
  std::string out_;
  size_t sent_ = 0;
  size_t out_limit_ = 0;  // where the answer is cut
};

void SimTarget::Channel::set_idle_timer() {
  const Duration timeout = target_.behaviour_.idle_timeout;
  if (timeout > 0s) idle_timer_.set(target_.loop_.now() + timeout);
}

void SimTarget::Channel::close(bool reset) {
  if (closing_) return;
  closing_ = true;
  timer_.clear();
  idle_timer_.clear();
  if (reset) socket_->abort_on_close();
  target_.loop_.call_after_event(*this);
}

void SimTarget::Channel::on_timer(io::Timer& timer) {
  if (closing_) return;
  if (&timer == &idle_timer_) {
    announce(target_.behaviour_.announce_timeout && requests_ > 0);
    return close(false);
  }
  if (!begun_) return begin_answer();
  write();
}

void SimTarget::Channel::read() {
  std::array<char, 16 * 1024> bytes;
  while (!closing_ && socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) return;
    if (result.status == io::IoStatus::end && heard_all_) return;
    if (result.status == io::IoStatus::end && switched_) return heard_all();
    if (result.status != io::IoStatus::done) return close(false);
    idle_timer_.clear();
    const std::string_view came(bytes.data(), result.bytes);
    if (may_be_http2_ && heard_http2(came)) {
      if (closing_) return;
      continue;
    }
    reader_.feed(came);
    if (!read_messages()) return;
  }
}

// Whether it is HTTP/2, or still may be: then nothing else is to be done with it.
bool SimTarget::Channel::heard_http2(std::string_view came) {
  static constexpr std::string_view beginning = "PRI ";
  heard_ += came;
  const size_t known = std::min(heard_.size(), beginning.size());
  may_be_http2_ = heard_.compare(0, known, beginning, 0, known) == 0;
  if (!may_be_http2_) {
    heard_.resize(heard_.size() - came.size());
    reader_.feed(std::exchange(heard_, {}));
    return false;
  }
  if (known < beginning.size()) return true;
  target_.speak_http2(std::move(socket_), heard_);
  closing_ = true;
  target_.loop_.call_after_event(*this);
  return true;
}

bool SimTarget::Channel::read_messages() {
  Auditor& auditor = target_.auditor_;
  for (;;) {
    if (answering_ && !reading_body_ && !switched_ && reader_.leftover() > 0) {
      auditor.violation(asked_.token, "a second request before the first was answered");
      return false;
    }
    switch (reader_.next()) {
      case MessageReader::Status::more:
        return true;
      case MessageReader::Status::head:
        if (!on_head()) return false;
        break;
      case MessageReader::Status::body:
        auditor.on_target_body(asked_.token, wire_id(), reader_.body());
        break;
      case MessageReader::Status::finished:
        on_body_complete();
        break;
      case MessageReader::Status::broken:
        auditor.violation("a target got a malformed request: " + reader_.problem());
        return false;
    }
  }
}

bool SimTarget::Channel::on_head() {
  const SimHead& head = reader_.head();
  answering_ = reading_body_ = true;
  begun_ = false;
  ++requests_;
  const std::string* agent = head.find("User-Agent");
  const bool besides = head.find(h2_abuse_field) != nullptr;
  health_check_ = besides || (agent && *agent == health_checker);
  if (health_check_) {
    answer_ = health_answer(besides ? HealthMode::good : target_.health_);
    return true;
  }
  const TargetBehaviour& b = target_.behaviour_;
  if (b.requests_max > 0 && requests_ > b.requests_max && b.announce_max) {
    target_.auditor_.violation("a request after a target had said Keep-Alive: max=0");
    return false;
  }
  const ExchangeRecord* record = target_.auditor_.on_target_head(head, target_.address_, wire_id());
  if (!record) return false;
  ++target_.requests_;
  asked_ = {.token = record->client.script.token,
            .method = head.method(),
            .has_body = reader_.framing() != MessageReader::Framing::none,
            .upgrade = record->client.script.upgrade,
            .body_checksum = 0,
            .requests_left = b.requests_max > 0 ? std::max(0, b.requests_max - requests_) : -1};
  answer_ = draw_answer(target_.loop_.random(), b, asked_);
  if (answer_.plan.early) timer_.set(target_.loop_.now() + answer_.delay);
  return true;
}

void SimTarget::Channel::on_body_complete() {
  reading_body_ = false;
  if (!health_check_) {
    target_.auditor_.on_target_body_complete(asked_.token, wire_id(), reader_.trailers());
    if (target_.auditor_.violated()) return;
    if (answer_.plan.early) {
      if (begun_ && sent_ == out_limit_) answer_sent();
      return;
    }
    asked_.body_checksum = target_.auditor_.exchanges().at(asked_.token).target.body_checksum;
  }
  timer_.set(target_.loop_.now() + answer_.delay);
}

void SimTarget::Channel::begin_answer() {
  begun_ = true;
  if (!health_check_) {
    Asked asked = asked_;
    if (target_.confused_ && target_.last_token_ != Token{}) asked.token = target_.last_token_;
    target_.last_token_ = asked_.token;
    compose(answer_, target_.loop_.random(), target_.behaviour_, asked,
            target_.address_.to_string());
    target_.auditor_.on_target_plan(asked_.token, wire_id(), answer_.plan);
  }
  if (!health_check_ && answer_.upgrade && answer_.plan.well_formed) {
    switched_ = true;
    reader_.switch_protocols();
  }
  out_ = answer_.interim + answer_.wire;
  sent_ = 0;
  out_limit_ = answer_.cut == Cut::none ? out_.size() : answer_.interim.size() + answer_.cut_at;
  write();
}

void SimTarget::Channel::write() {
  if (closing_ || !begun_ || !answering_ || timer_.is_set()) return;
  if (sent_ < out_limit_) {
    size_t n = out_limit_ - sent_;
    if (answer_.piece > 0) n = std::min(n, answer_.piece);
    const io::IoResult result = socket_->write(std::string_view(out_).substr(sent_, n));
    if (result.status != io::IoStatus::done) return;  // where it failed, reading tells
    sent_ += result.bytes;
    if (!health_check_) target_.auditor_.on_target_activity(asked_.token, wire_id());
    if (sent_ < out_limit_) {
      if (result.bytes == n) timer_.set(target_.loop_.now() + answer_.pause);
      return;
    }
  }
  switch (answer_.cut) {
    case Cut::hang:
      return;
    case Cut::reset:
      announce(false);
      return close(true);
    case Cut::close:
      announce(false);
      return close(false);
    case Cut::none:
      break;
  }
  if (switched_) return said_all();
  if (!reading_body_ || answer_.close) answer_sent();
}

// After a switch each side ends when it has said all, and is gone when the other has too.
void SimTarget::Channel::said_all() {
  if (said_all_) return;
  said_all_ = true;
  target_.auditor_.on_target_response_sent(asked_.token, wire_id());
  socket_->finish_writing();
  if (heard_all_) close(false);
}

void SimTarget::Channel::heard_all() {
  heard_all_ = true;
  target_.auditor_.on_tunnel_ended(asked_.token, wire_id());
  if (said_all_) return close(false);
  if (answer_.cut != Cut::hang) return;
  // Nobody is left to wait in silence for.
  announce(false);
  end_until_close();
  close(false);
}

void SimTarget::Channel::answer_sent() {
  if (answer_.cut == Cut::hang) return;
  answering_ = false;
  if (!health_check_) target_.auditor_.on_target_response_sent(asked_.token, wire_id());
  if (answer_.close) {
    // Closing on an unread body resets, and may take the answer away.
    announce(answer_.close_announced && !reading_body_);
    return close(false);
  }
  set_idle_timer();
}

// A FIN ends a body without length, wherever it stands: nobody can tell that there should have been
// more (RFC 9112 6.3).
void SimTarget::Channel::end_until_close() {
  if (!answering_ || !begun_ || health_check_ || answer_.until_close_at == 0) return;
  const size_t body_from = answer_.interim.size() + answer_.until_close_at;
  if (sent_ < body_from) return;
  answer_.plan.body_size = sent_ - body_from;
  answer_.plan.whole = true;
  target_.auditor_.on_target_plan(asked_.token, wire_id(), answer_.plan);
}

// --- SimTarget ---

SimTarget::SimTarget(SimLoop& loop, Auditor& auditor, const Address& address,
                     const TargetBehaviour& behaviour)
    : loop_(loop), auditor_(auditor), address_(address), behaviour_(behaviour) {}

SimTarget::~SimTarget() = default;

void SimTarget::start() {
  if (acceptor_) return;
  auto acceptor = loop_.listen(address_, *this, {.backlog = 16});
  DARUMA_ASSERT(acceptor.has_value());
  acceptor_ = std::move(*acceptor);
}

void SimTarget::stop(Stop how) {
  auditor_.on_disturbance(address_);
  for (auto& [id, channel] : connections_) channel->kill(how == Stop::reset_connections);
  for (auto& [id, channel] : h2_connections_) channel->kill(how == Stop::reset_connections);
  connections_.clear();
  h2_connections_.clear();
  acceptor_ = nullptr;
}

void SimTarget::on_accept(std::unique_ptr<io::Socket> socket) {
  const uint32_t id = ++last_channel_;
  connections_.emplace(id, std::make_unique<Channel>(*this, id, std::move(socket)));
}

void SimTarget::speak_http2(std::unique_ptr<io::Socket> socket, std::string_view bytes) {
  const uint32_t id = ++last_channel_;
  auto channel = std::make_unique<H2Channel>(*this, id, std::move(socket));
  H2Channel& made = *channel;
  h2_connections_.emplace(id, std::move(channel));
  made.begin(bytes);
}

void SimTarget::remove(uint32_t channel) {
  connections_.erase(channel);
  h2_connections_.erase(channel);
}

}  // namespace daruma::sim
