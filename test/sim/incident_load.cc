// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_load.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "sim/message_reader.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace daruma::sim::incident {

// One client connection, idle or with one request under way.
class Load::Client final : private io::SocketHandler, private io::TimerHandler {
 public:
  explicit Client(Load& load) : load_(load), patience_(load.loop_.timers(), *this) {}

  void begin(size_t attempt);
  size_t attempt() const { return attempt_; }
  bool connected() const { return socket_ != nullptr; }

 private:
  void on_connected() override {
    connected_ = true;
    send();
  }
  void on_connect_failed() override { over(Outcome::broken); }
  void on_readable() override;
  void on_writable() override {}
  void on_timer(io::Timer&) override { over(Outcome::timed_out); }
  void send();
  void answered();
  void over(Outcome outcome);

  Load& load_;
  std::unique_ptr<io::Socket> socket_;
  bool connected_ = false;
  bool busy_ = false;
  size_t attempt_ = 0;
  MessageReader reader_{MessageReader::Kind::response};
  io::Timer patience_;
};

void Load::Client::begin(size_t attempt) {
  attempt_ = attempt;
  busy_ = true;
  patience_.set(load_.loop_.now() + load_.plan_.patience);
  if (socket_) return send();
  connected_ = false;
  reader_ = MessageReader(MessageReader::Kind::response);
  socket_ = load_.loop_.connect(load_.node_, *this);
}

void Load::Client::send() {
  const bool post = load_.attempts_[attempt_].post;
  std::string request = (post ? "POST /page/" : "GET /page/") + std::to_string(attempt_);
  request += " HTTP/1.1\r\nHost: web.sim.example\r\n";
  request += post ? "Content-Length: 4\r\n\r\nbody" : "\r\n";
  // A few hundred bytes always find room; where it failed, reading tells.
  [[maybe_unused]] const io::IoResult sent = socket_->write(request);
}

void Load::Client::on_readable() {
  std::array<char, 4096> bytes;
  while (socket_ && socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) return;
    if (result.status != io::IoStatus::done) return over(Outcome::broken);
    reader_.feed({bytes.data(), result.bytes});
    for (auto status = reader_.next(); status != MessageReader::Status::more;
         status = reader_.next()) {
      if (status == MessageReader::Status::broken) return over(Outcome::broken);
      if (status != MessageReader::Status::finished) continue;
      answered();
      break;
    }
  }
}

void Load::Client::answered() {
  const int status = reader_.head().status();
  const std::string* connection = reader_.head().find("Connection");
  const bool closes = connection && ascii_iequals(*connection, "close");
  busy_ = false;
  patience_.clear();
  if (closes) socket_ = nullptr;
  load_.finish(*this, status / 100 == 2 ? Outcome::ok : Outcome::error, status);
}

// The connection is of no more use.
void Load::Client::over(Outcome outcome) {
  patience_.clear();
  socket_ = nullptr;
  if (std::exchange(busy_, false)) return load_.finish(*this, outcome, 0);
  std::erase(load_.idle_, this);
  load_.unused_.push_back(this);
}

// --- Load ---

Load::Load(SimLoop& loop, const Address& node, const LoadPlan& plan, uint64_t seed)
    : loop_(loop), node_(node), plan_(plan), random_(seed ^ 0x10ad), timer_(loop.timers(), *this) {}

Load::~Load() = default;

void Load::start() {
  begun_ = next_ = loop_.network().now();
  plan_next();
  loop_.kick();
}

double Load::rate_at(Duration since_start) const {
  const auto& points = plan_.points;
  for (size_t i = 1; i < points.size(); ++i) {
    if (since_start > points[i].at) continue;
    const LoadPoint& a = points[i - 1];
    const LoadPoint& b = points[i];
    return a.rate + (b.rate - a.rate) * (seconds_of(since_start - a.at) / seconds_of(b.at - a.at));
  }
  return 0;
}

void Load::plan_next() {
  const Instant retry = retries_.empty() ? never : retries_.begin()->first;
  timer_.set(std::min(next_, retry));
}

void Load::on_timer(io::Timer&) {
  const Instant now = loop_.now();
  while (next_ <= now) {
    begin(random_.below(100) < static_cast<uint64_t>(plan_.posts_percent), plan_.retries_max);
    const double rate = rate_at(next_ - begun_);
    // Half an interval to one and a half: paced, but not in step with anything.
    const double part = 0.5 + static_cast<double>(random_.below(1000)) / 1000;
    next_ += Duration(static_cast<int64_t>(1e9 * part / std::max(rate, 0.1)));
    if (next_ - begun_ >= plan_.length()) next_ = never;
  }
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const int left = retries_.begin()->second;
    retries_.erase(retries_.begin());
    begin(false, left);
  }
  plan_next();
}

void Load::begin(bool post, int retries_left) {
  const Instant now = loop_.now();
  attempts_.push_back({.at = now, .post = post, .retries_left = retries_left});
  ++pending_;
  std::vector<Client*>& source = idle_.empty() ? unused_ : idle_;
  if (source.empty()) {
    clients_.push_back(std::make_unique<Client>(*this));
    source.push_back(clients_.back().get());
  }
  Client& client = *source.back();
  source.pop_back();
  client.begin(attempts_.size() - 1);
}

void Load::finish(Client& client, Outcome outcome, int status) {
  Attempt& attempt = attempts_[client.attempt()];
  attempt.done = loop_.now();
  attempt.outcome = outcome;
  attempt.status = status;
  --pending_;
  (client.connected() ? idle_ : unused_).push_back(&client);
  if (outcome == Outcome::ok || attempt.retries_left == 0) return;
  const auto most = static_cast<uint64_t>(plan_.retry_pause_most.count());
  const auto pause = Duration(static_cast<int64_t>(random_.below(most) + 1));
  retries_.emplace(loop_.now() + pause, attempt.retries_left - 1);
  plan_next();
}

}  // namespace daruma::sim::incident
