// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_target.h"

#include "base/bytes.h"
#include "base/check.h"
#include "sim/incident_event_target.h"
#include "sim/incident_prefork_target.h"
#include "sim/sim_loop.h"

namespace daruma::sim::incident {

Duration page_time(const TargetPlan& plan, uint64_t n) {
  // Multiples of the golden ratio, modulo 1.
  const uint64_t fraction = n * 0x9e3779b97f4a7c15;
  const auto range = static_cast<uint64_t>((plan.service_most - plan.service_least).count());
  const auto part = static_cast<uint64_t>((static_cast<unsigned __int128>(fraction) * range) >> 64);
  return plan.service_least + Duration(static_cast<int64_t>(part));
}

PageReader::Status PageReader::next(PageRequest& request) {
  for (;;) {
    switch (reader_.next()) {
      case MessageReader::Status::more:
        return Status::more;
      case MessageReader::Status::body:
        break;
      case MessageReader::Status::broken:
        return Status::broken;
      case MessageReader::Status::head: {
        const SimHead& head = reader_.head();
        const std::string path = head.target();
        begun_ = {.health = path == "/health", .post = head.method() == "POST"};
        const std::string* connection = head.find("Connection");
        begun_.close = connection && ascii_iequals(*connection, "close");
        if (!begun_.health)
          begun_.attempt = parse_decimal(path.substr(path.rfind('/') + 1)).value_or(0);
        break;
      }
      case MessageReader::Status::finished:
        request = begun_;
        return Status::request;
    }
  }
}

Target::Target(SimLoop& loop, size_t index, const Address& address, const TargetPlan& plan,
               TargetWatcher& watcher)
    : loop_(loop),
      index_(index),
      address_(address),
      plan_(plan),
      watcher_(watcher),
      transport_(slabs_),
      tls_(std::move(*tls::ServerContext::create({}, "", {}))),
      handshake_(plan.handshake) {}

Target::~Target() = default;

void Target::apply(const TargetTurn& turn) {
  switch (turn.turn) {
    case Turn::stop_closing:
    case Turn::stop_resetting:
      drop_all(turn.turn == Turn::stop_resetting);
      acceptor_ = nullptr;
      break;
    case Turn::vanish:
      freeze();
      sim_acceptor(*acceptor_).stop_answering();
      break;
    case Turn::freeze:
      freeze();
      break;
    case Turn::start:
      start();
      break;
    case Turn::workers:
      set_workers(turn.value);
      break;
    case Turn::pace:
      pace_ = turn.value;
      break;
    case Turn::handshakes:
      handshake_ = Duration(1ms) * turn.value;
      break;
  }
  loop_.kick();
}

void Target::start() {
  if (!acceptor_) {
    auto made = loop_.listen(address_, *this, {.backlog = static_cast<int>(plan_.backlog)});
    DARUMA_ASSERT(made.has_value());
    acceptor_ = std::move(*made);
  }
  frozen_ = false;
  thaw();
  open_door();
}

// The kernel goes on accepting, nobody takes.
void Target::freeze() {
  frozen_ = true;
  acceptor_->pause();
}

Target::Facts Target::facts() const {
  Facts facts;
  facts.alive = acceptor_ && !frozen_;
  if (acceptor_) facts.door = sim_acceptor(*acceptor_).waiting();
  facts.connections = connections();
  facts.serving = serving();
  return facts;
}

std::unique_ptr<io::Socket> Target::secure(std::unique_ptr<io::Socket> socket,
                                           io::SocketHandler& handler) {
  return transport::SecureSocket::accept(loop_, transport_, *tls_, std::move(socket), handler);
}

Duration Target::begin_page(const PageRequest& request) {
  if (request.health) return paced(plan_.health_service);
  return paced(page_time(plan_, watcher_.on_page_begun(index_, request)));
}

std::string Target::answer_to(const PageRequest& request, int requests_left) const {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
  if (requests_left > 0 && !request.close) {
    const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(plan_.keep_alive_timeout);
    answer += "Keep-Alive: timeout=" + std::to_string(timeout.count()) +
              ", max=" + std::to_string(requests_left) + "\r\nConnection: Keep-Alive\r\n";
  } else {
    answer += "Connection: close\r\n";
  }
  return answer + "\r\nok";
}

std::unique_ptr<Target> make_target(SimLoop& loop, size_t index, const Address& address,
                                    const TargetPlan& plan, TargetWatcher& watcher) {
  if (plan.architecture == Architecture::event)
    return std::make_unique<EventTarget>(loop, index, address, plan, watcher);
  return std::make_unique<PreforkTarget>(loop, index, address, plan, watcher);
}

}  // namespace daruma::sim::incident
