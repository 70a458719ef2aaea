// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_network.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "sim/sim_loop.h"

namespace daruma::sim {
namespace {

// 2026-01-02 03:04:05 UTC, in microseconds: any fixed moment does.
constexpr std::chrono::microseconds wall_start{1'767'323'045'000'000};
// Not zero, so that a time compared with a default Instant shows.
constexpr Duration clock_start = 1000s;

constexpr uint64_t hash_multiplier = 0x9e3779b97f4a7c15;

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::turn:
      return "turn";
    case EventKind::syn:
      return "syn";
    case EventKind::connect_result:
      return "connect_result";
    case EventKind::segment:
      return "segment";
    case EventKind::window:
      return "window";
    case EventKind::wake:
      return "wake";
  }
  return "";
}

}  // namespace

SimNetwork::SimNetwork(uint64_t seed)
    : now_(clock_start), random_(seed), trace_hash_(seed * hash_multiplier) {}

SimNetwork::~SimNetwork() = default;

WallTime SimNetwork::wall_now() const {
  const Duration since = now_.time_since_epoch() - clock_start + wall_offset_;
  return WallTime(wall_start + std::chrono::duration_cast<std::chrono::microseconds>(since));
}

void SimNetwork::run_until(Instant end) {
  while (!stopped_ && !queue_.empty() && queue_.top().at <= end) {
    const Event event = queue_.top();
    queue_.pop();
    now_ = event.at;
    run(event);
  }
  if (!stopped_) now_ = end;
}

void SimNetwork::run(const Event& event) {
  ++sequence_run_;
  if (verbose_) trace(event);
  SimLoop* turned = nullptr;
  switch (event.kind) {
    case EventKind::turn:
      turned = turn(event.object, event.argument);
      // A turn that something else had made superfluous leaves no trace.
      if (!turned) return;
      break;
    case EventKind::syn:
      if (Connection* c = find(event.object)) c->on_syn();
      break;
    case EventKind::connect_result:
      if (Connection* c = find(event.object)) c->on_connect_result();
      break;
    case EventKind::segment:
      if (Connection* c = find(event.object)) c->on_segment(static_cast<int>(event.argument));
      break;
    case EventKind::window:
      if (Connection* c = find(event.object)) c->on_window(static_cast<int>(event.argument));
      break;
    case EventKind::wake:
      if (SimWaker* waker = find_waker(event.object)) waker->arrive();
      break;
  }
  mix(static_cast<uint64_t>(event.at.time_since_epoch().count()));
  mix(static_cast<uint64_t>(event.kind) << 56 | static_cast<uint64_t>(event.object) << 8 |
      event.argument);
  if (watcher_) watcher_->after_event(turned);
}

SimLoop* SimNetwork::turn(uint32_t id, uint32_t generation) {
  SimLoop* loop = loops_[id];
  if (!loop || !loop->is_planned(generation)) return nullptr;
  current_ = loop;
  loop->turn();
  current_ = nullptr;
  return loop;
}

void SimNetwork::schedule(Instant at, EventKind kind, uint32_t object, uint32_t argument) {
  DARUMA_ASSERT(at >= now_);
  queue_.push({at, ++sequence_, kind, object, argument});
}

void SimNetwork::mix(uint64_t value) {
  trace_hash_ = std::rotl((trace_hash_ ^ value) * hash_multiplier, 29);
}

void SimNetwork::mix(std::string_view bytes) {
  mix(bytes.size());
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t n = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), n);
    mix(word);
    bytes.remove_prefix(n);
  }
}

void SimNetwork::trace(const Event& event) const {
  char line[128];
  const std::string_view kind = name_of(event.kind);
  std::snprintf(line, sizeof line, "%.*s %u %u", static_cast<int>(kind.size()), kind.data(),
                event.object, event.argument);
  note(line);
}

void SimNetwork::note(std::string_view text) const {
  if (!verbose_) return;
  std::printf("%12.6f %s%s%.*s\n", seconds_of(now_.time_since_epoch() - clock_start),
              current_ ? current_->name().c_str() : "", current_ ? ": " : "",
              static_cast<int>(text.size()), text.data());
}

void SimNetwork::record(FaultRecord fault) {
  fault.at = now_;
  if (fault.until < now_) fault.until = now_;
  if (verbose_) note("fault " + std::string(daruma::sim::name_of(fault.kind)));
  fault_log_.push_back(fault);
}

uint32_t SimNetwork::add_loop(SimLoop& loop) {
  loops_.push_back(&loop);
  return static_cast<uint32_t>(loops_.size() - 1);
}

Connection& SimNetwork::open(SimLoop& from, const Address& source, const Address& to) {
  const uint32_t id = newest_connection_ = next_id();
  auto connection = std::make_unique<Connection>(*this, id, from, source, to);
  Connection& opened = *connection;
  connections_.emplace(id, std::move(connection));
  opened.begin();
  return opened;
}

Connection* SimNetwork::find(uint32_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

const Connection* SimNetwork::connection(uint32_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void SimNetwork::forget(uint32_t connection) {
  connections_.erase(connection);
}

size_t SimNetwork::open_connections(uint32_t from_loop, const Address& to) const {
  size_t count = 0;
  for (const auto& [id, c] : connections_) {  // only counts: order plays no part
    if (c->from_loop() == from_loop && c->to() == to && !c->end(Connection::initiator).closed)
      ++count;
  }
  return count;
}

size_t SimNetwork::open_connections() const {
  size_t count = 0;
  for (const auto& [id, c] : connections_) {
    if (!c->end(Connection::initiator).closed || c->end(Connection::acceptor).socket) ++count;
  }
  return count;
}

bool SimNetwork::add_acceptor(SimAcceptor& acceptor, bool share_port) {
  std::vector<Bound>& bound = acceptors_[acceptor.local()];
  const bool taken = std::any_of(bound.begin(), bound.end(),
                                 [&](const Bound& b) { return !b.share_port || !share_port; });
  if (taken) return false;
  bound.push_back({&acceptor, share_port});
  acceptors_by_id_.emplace(acceptor.id(), &acceptor);
  return true;
}

void SimNetwork::remove_acceptor(SimAcceptor& acceptor) {
  acceptors_by_id_.erase(acceptor.id());
  const auto at = acceptors_.find(acceptor.local());
  if (at == acceptors_.end()) return;
  std::erase_if(at->second, [&](const Bound& b) { return b.acceptor == &acceptor; });
  if (at->second.empty()) acceptors_.erase(at);
}

SimAcceptor* SimNetwork::choose_acceptor(const Address& to) {
  auto at = acceptors_.find(to);
  if (at == acceptors_.end()) {
    const auto any = to.family() == Address::Family::v4 ? Address::v4({}, to.port())
                                                        : Address::v6({}, to.port());
    at = acceptors_.find(any);
  }
  if (at == acceptors_.end()) return nullptr;
  // The kernel hashes the connection's addresses; to a listener that is chance.
  return at->second[random_.below(at->second.size())].acceptor;
}

bool SimNetwork::listening(const Address& at) const {
  return acceptors_.contains(at);
}

SimAcceptor* SimNetwork::find_acceptor(uint32_t id) {
  const auto found = acceptors_by_id_.find(id);
  return found == acceptors_by_id_.end() ? nullptr : found->second;
}

uint16_t SimNetwork::next_port() {
  last_port_ = last_port_ == 65'535 ? 20'000 : static_cast<uint16_t>(last_port_ + 1);
  return last_port_;
}

void SimNetwork::add_waker(SimWaker& waker) {
  wakers_.emplace(waker.id(), &waker);
}

void SimNetwork::remove_waker(SimWaker& waker) {
  wakers_.erase(waker.id());
}

SimWaker* SimNetwork::find_waker(uint32_t id) {
  const auto found = wakers_.find(id);
  return found == wakers_.end() ? nullptr : found->second;
}

}  // namespace daruma::sim
