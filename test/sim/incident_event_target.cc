// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_event_target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/sim_loop.h"

namespace daruma::sim::incident {

// One connection.
class EventTarget::Peer final : private io::SocketHandler, private io::TimerHandler {
 public:
  Peer(EventTarget& target, uint64_t id, std::unique_ptr<io::Socket> socket)
      : target_(target), id_(id), socket_(std::move(socket)), idle_(target.loop_.timers(), *this) {
    socket_->set_handler(*this);
  }

  uint64_t id() const { return id_; }

  void begin() {
    if (target_.plan_.https) return target_.begin(*this, target_.handshake_time());
    wait();
  }
  void job_done();
  void thaw() {
    if (state_ == State::waiting) read();
  }
  void abort_on_close() { socket_->abort_on_close(); }
  // Nothing is heard of it any more.
  void close() {
    idle_.clear();
    socket_ = nullptr;
  }

 private:
  enum class State : uint8_t { shaking_hands, waiting, serving };
  void on_connected() override { wait(); }
  void on_connect_failed() override { target_.remove(*this); }
  void on_readable() override {
    if (state_ == State::waiting && !target_.frozen_) read();
  }
  void on_writable() override {}
  void on_timer(io::Timer&) override {
    if (state_ == State::waiting && !target_.frozen_) target_.remove(*this);
  }
  void wait();
  void read();

  EventTarget& target_;
  const uint64_t id_;
  std::unique_ptr<io::Socket> socket_;
  io::Timer idle_;
  State state_ = State::shaking_hands;
  PageReader reader_;
  PageRequest request_;
  int keep_alives_ = 0;
};

void EventTarget::Peer::read() {
  std::array<char, 4096> bytes;
  while (socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) return;
    if (result.status != io::IoStatus::done) return target_.remove(*this);
    reader_.feed({bytes.data(), result.bytes});
    const PageReader::Status status = reader_.next(request_);
    if (status == PageReader::Status::broken) return target_.remove(*this);
    if (status == PageReader::Status::more) continue;
    state_ = State::serving;
    idle_.clear();
    return target_.begin(*this, target_.begin_page(request_));
  }
}

void EventTarget::Peer::job_done() {
  if (state_ == State::shaking_hands) {
    socket_ = target_.secure(std::move(socket_), *this);
    return;
  }
  const int left = target_.plan_.keep_alive_max - keep_alives_++;
  const io::IoResult written = socket_->write(target_.answer_to(request_, left));
  if (written.status != io::IoStatus::done || left <= 0 || request_.close)
    return target_.remove(*this);
  wait();
}

void EventTarget::Peer::wait() {
  state_ = State::waiting;
  idle_.set(target_.loop_.now() + target_.plan_.keep_alive_timeout);
  read();
}

// --- EventTarget ---

EventTarget::EventTarget(SimLoop& loop, size_t index, const Address& address,
                         const TargetPlan& plan, TargetWatcher& watcher)
    : Target(loop, index, address, plan, watcher),
      processors_(plan.workers),
      timer_(loop.timers(), *this) {}

EventTarget::~EventTarget() = default;

void EventTarget::on_accept(std::unique_ptr<io::Socket> socket) {
  const uint64_t id = ++last_peer_;
  auto peer = std::make_unique<Peer>(*this, id, std::move(socket));
  peers_.emplace(id, std::move(peer)).first->second->begin();
}

void EventTarget::remove(Peer& peer) {
  peer.close();
  const auto at = peers_.find(peer.id());
  dead_.push_back(std::move(at->second));
  peers_.erase(at);
  loop_.call_soon(*this);
}

void EventTarget::run() {
  dead_.clear();
}

void EventTarget::begin(Peer& peer, Duration work) {
  progress();
  jobs_.emplace(share_ + work, &peer);
  plan_next();
}

void EventTarget::progress() {
  const Instant now = loop_.now();
  const Duration passed = std::max(now - shared_until_, 0ns);
  const auto jobs = static_cast<int64_t>(jobs_.size());
  if (jobs > 0) share_ += jobs <= processors_ ? passed : passed * processors_ / jobs;
  shared_until_ = now;
}

void EventTarget::plan_next() {
  if (jobs_.empty() || frozen_) return timer_.clear();
  const Duration left = std::max(jobs_.begin()->first - share_, 0ns);
  const auto jobs = static_cast<int64_t>(jobs_.size());
  timer_.set(loop_.now() + (jobs <= processors_ ? left : left * jobs / processors_));
}

void EventTarget::on_timer(io::Timer&) {
  if (frozen_) return;
  progress();
  while (!jobs_.empty() && jobs_.begin()->first <= share_) {
    Peer& peer = *jobs_.begin()->second;
    jobs_.erase(jobs_.begin());
    peer.job_done();
  }
  plan_next();
}

void EventTarget::open_door() {
  if (acceptor_ && !frozen_) acceptor_->resume();
}

void EventTarget::drop_all(bool reset) {
  acceptor_ = nullptr;
  jobs_.clear();
  timer_.clear();
  if (reset) {
    for (const auto& [id, peer] : peers_) peer->abort_on_close();
  }
  peers_.clear();
}

void EventTarget::thaw() {
  shared_until_ = loop_.now();
  std::vector<uint64_t> ids;
  for (const auto& [id, peer] : peers_) ids.push_back(id);
  for (const uint64_t id : ids) {
    const auto at = peers_.find(id);
    if (at != peers_.end()) at->second->thaw();
  }
  plan_next();
}

void EventTarget::set_workers(int workers) {
  progress();
  processors_ = workers;
  plan_next();
}

}  // namespace daruma::sim::incident
