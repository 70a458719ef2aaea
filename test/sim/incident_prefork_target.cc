// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_prefork_target.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "sim/sim_loop.h"

namespace daruma::sim::incident {
namespace {

// Apache's own: TimeOut for the first request, MAX_SECS_TO_LINGER's short form after the last.
constexpr Duration first_request_timeout = 60s;
constexpr Duration linger_timeout = 2s;

}  // namespace

class PreforkTarget::Worker final : private io::SocketHandler, private io::TimerHandler {
 public:
  explicit Worker(PreforkTarget& target) : target_(target), timer_(target.loop_.timers(), *this) {}

  void begin(std::unique_ptr<io::Socket> socket);
  void drop(bool reset);
  void thaw();

 private:
  enum class State : uint8_t { free, shaking_hands, waiting, serving, lingering };
  void on_connected() override { shook_hands(); }
  void on_connect_failed() override { release(); }
  void on_readable() override;
  void on_writable() override {}
  void on_timer(io::Timer& timer) override;
  void shook_hands();
  void read();
  void serve();
  void answer();
  void linger();
  void release();

  PreforkTarget& target_;
  State state_ = State::free;
  std::unique_ptr<io::Socket> socket_;
  io::Timer timer_;
  bool due_ = false;  // the timer fired while the process stood still
  PageReader reader_;
  PageRequest request_;
  bool paid_ = false;  // the handshake's cost
  int keep_alives_ = 0;
};

void PreforkTarget::Worker::begin(std::unique_ptr<io::Socket> socket) {
  DARUMA_ASSERT(state_ == State::free);
  socket_ = std::move(socket);
  socket_->set_handler(*this);
  reader_ = {};
  keep_alives_ = 0;
  paid_ = false;
  if (!target_.plan_.https) return shook_hands();
  state_ = State::shaking_hands;
  timer_.set(target_.loop_.now() + target_.handshake_time());
}

void PreforkTarget::Worker::shook_hands() {
  state_ = State::waiting;
  timer_.set(target_.loop_.now() + first_request_timeout);
  read();
}

void PreforkTarget::Worker::on_readable() {
  if (target_.frozen_) return;
  if (state_ == State::waiting || state_ == State::lingering) read();
}

void PreforkTarget::Worker::on_timer(io::Timer&) {
  if (target_.frozen_) {
    due_ = true;
    return;
  }
  switch (state_) {
    case State::free:
      return;
    case State::shaking_hands:
      // A peer that never finishes its handshake holds its worker.
      if (paid_) return release();
      paid_ = true;
      timer_.set(target_.loop_.now() + first_request_timeout);
      socket_ = target_.secure(std::move(socket_), *this);
      return;
    case State::waiting:
      return linger();
    case State::serving:
      return answer();
    case State::lingering:
      return release();
  }
}

void PreforkTarget::Worker::thaw() {
  if (std::exchange(due_, false)) timer_.set(target_.loop_.now());
  on_readable();
}

void PreforkTarget::Worker::read() {
  std::array<char, 4096> bytes;
  while (socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) return;
    if (result.status != io::IoStatus::done) return release();
    if (state_ == State::lingering) continue;
    reader_.feed({bytes.data(), result.bytes});
    switch (reader_.next(request_)) {
      case PageReader::Status::more:
        break;
      case PageReader::Status::broken:
        return linger();
      case PageReader::Status::request:
        return serve();
    }
  }
}

void PreforkTarget::Worker::serve() {
  state_ = State::serving;
  ++target_.serving_;
  timer_.set(target_.loop_.now() + target_.begin_page(request_));
}

void PreforkTarget::Worker::answer() {
  --target_.serving_;
  const int left = target_.plan_.keep_alive_max - keep_alives_++;
  state_ = State::waiting;
  const io::IoResult written = socket_->write(target_.answer_to(request_, left));
  if (written.status != io::IoStatus::done) return release();
  if (left <= 0 || request_.close) return linger();
  timer_.set(target_.loop_.now() + target_.plan_.keep_alive_timeout);
  read();
}

void PreforkTarget::Worker::linger() {
  state_ = State::lingering;
  socket_->finish_writing();
  timer_.set(target_.loop_.now() + linger_timeout);
  read();
}

void PreforkTarget::Worker::drop(bool reset) {
  if (state_ == State::free) return;
  if (state_ == State::serving) --target_.serving_;
  if (reset) socket_->abort_on_close();
  release();
}

void PreforkTarget::Worker::release() {
  state_ = State::free;
  due_ = false;
  timer_.clear();
  socket_ = nullptr;
  target_.on_free(*this);
}

// --- PreforkTarget ---

PreforkTarget::PreforkTarget(SimLoop& loop, size_t index, const Address& address,
                             const TargetPlan& plan, TargetWatcher& watcher)
    : Target(loop, index, address, plan, watcher), allowed_(static_cast<size_t>(plan.workers)) {}

PreforkTarget::~PreforkTarget() = default;

void PreforkTarget::on_accept(std::unique_ptr<io::Socket> socket) {
  if (free_.empty()) {
    workers_.push_back(std::make_unique<Worker>(*this));
    free_.push_back(workers_.back().get());
  }
  Worker& worker = *free_.back();
  free_.pop_back();
  if (++busy_ >= allowed_) acceptor_->pause();
  worker.begin(std::move(socket));
}

void PreforkTarget::on_free(Worker& worker) {
  --busy_;
  free_.push_back(&worker);
  open_door();
}

void PreforkTarget::open_door() {
  if (acceptor_ && !frozen_ && busy_ < allowed_) acceptor_->resume();
}

void PreforkTarget::drop_all(bool reset) {
  acceptor_ = nullptr;
  for (const auto& worker : workers_) worker->drop(reset);
}

void PreforkTarget::thaw() {
  for (const auto& worker : workers_) worker->thaw();
}

void PreforkTarget::set_workers(int workers) {
  allowed_ = static_cast<size_t>(workers);
  if (!acceptor_) return;
  if (busy_ >= allowed_) acceptor_->pause();
  open_door();
}

}  // namespace daruma::sim::incident
