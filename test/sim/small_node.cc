// SPDX-License-Identifier: Apache-2.0
#include "sim/small_node.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "routing/rule_table.h"

namespace daruma::sim {
namespace {

const Address node_address = *Address::parse("10.1.0.1", 80);

Address target_address(size_t i) {
  return Address::v4({10, 2, 0, static_cast<uint8_t>(i + 1)}, 80);
}

// Takes a message without a body off the front; "" if it is not whole.
std::string take_head(std::string& heard) {
  const size_t end = heard.find("\r\n\r\n");
  if (end == std::string::npos) return "";
  std::string head = heard.substr(0, end + 4);
  heard.erase(0, end + 4);
  return head;
}

model::Snapshot snapshot_of(std::vector<model::Target> targets) {
  model::Snapshot snapshot;
  snapshot.node = {.addresses = {node_address.ip()}, .zone = "zone-a"};
  model::TargetGroup group;
  group.name = group.arn = group.resource_id = "group";
  group.health_check.path = "/health";
  group.health_check.interval = 5s;
  group.health_check.timeout = 2s;
  group.health_check.healthy_threshold = 2;
  group.in_use = true;
  group.targets = std::move(targets);
  snapshot.target_groups.push_back(std::move(group));
  model::LoadBalancer balancer;
  balancer.name = balancer.arn = balancer.resource_id = "web";
  model::Listener listener;
  listener.port = node_address.port();
  listener.rules.push_back(
      {.priority = 0, .conditions = {}, .action = model::ForwardAction{{{.group = 0}}, 1}});
  balancer.listeners.push_back(std::move(listener));
  snapshot.load_balancers.push_back(std::move(balancer));
  return snapshot;
}

}  // namespace

// --- Targets ---

CrowdTarget::CrowdTarget(SimLoop& loop, const Address& address, uint64_t seed)
    : loop_(loop), address_(address), random_(seed), timer_(loop.timers(), *this) {
  acceptor_ = std::move(*loop.listen(address, *this, {}));
}

void CrowdTarget::on_accept(std::unique_ptr<io::Socket> socket) {
  std::erase_if(peers_, [this](const auto& peer) {
    const bool gone = peer->ended || peer->reset;
    if (gone) inside_.erase(peer.get());
    return gone;
  });
  auto peer = std::make_shared<Peer>(std::move(socket));
  peer->on_heard = peer->on_over = [this, weak = std::weak_ptr<Peer>(peer)](Peer&) {
    if (const auto self = weak.lock()) hear(self);
  };
  peers_.push_back(std::move(peer));
}

// In order of arrival.
void CrowdTarget::let_in() {
  for (const auto& peer : std::vector(peers_)) {
    if (inside_.size() >= places) return;
    if (!peer->heard.empty() && !inside_.contains(peer.get())) hear(peer);
  }
}

bool CrowdTarget::has_place(Peer& peer) {
  if (inside_.contains(&peer)) return true;
  if (inside_.size() >= places) return false;
  inside_.insert(&peer);
  return true;
}

void CrowdTarget::hear(const std::shared_ptr<Peer>& peer) {
  if (peer->ended || peer->reset) {
    if (inside_.erase(peer.get()) > 0) let_in();
    return;
  }
  if (!peer->heard.starts_with("GET /health") && !has_place(*peer)) return;
  for (std::string head = take_head(peer->heard); !head.empty(); head = take_head(peer->heard))
    answer(peer, head);
}

void CrowdTarget::answer(const std::shared_ptr<Peer>& peer, const std::string& head) {
  const bool probe = head.starts_with("GET /health");
  const int code = probe ? (healthy ? 200 : 503) : status(random_);
  const Duration after = probe ? Duration(1ms) : takes(random_);
  if (!probe) {
    ++requests;
    const size_t asked = head.find("asked-at: ");
    const auto at = parse_decimal(head.substr(asked + 10, head.find("\r\n", asked) - asked - 10));
    requests_after += Instant(Duration(static_cast<int64_t>(at.value_or(0)))) > watched_from_;
  }
  const std::optional<std::string> instead = probe ? std::nullopt : nonsense(random_);
  Due due{.peer = peer, .answer = instead.value_or(""), .last = instead.has_value()};
  if (!instead)
    due.answer = "HTTP/1.1 " + std::to_string(code) +
                 " Answer\r\nDate: Sat, 03 Oct 2026 12:02:00 GMT\r\nContent-Length: 0\r\n\r\n";
  due_.emplace(loop_.now() + after, std::move(due));
  timer_.set(due_.begin()->first);
}

void CrowdTarget::on_timer(io::Timer&) {
  while (!due_.empty() && due_.begin()->first <= loop_.now()) {
    const Due due = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    const auto peer = due.peer.lock();
    if (peer == nullptr) continue;
    peer->say(due.answer);
    if (due.last) peer->say_no_more();
  }
  if (!due_.empty()) timer_.set(due_.begin()->first);
}

// --- Clients ---

class SmallNode::Client final : private io::TimerHandler {
 public:
  Client(SmallNode& node, Duration pause)
      : node_(node), pause_(pause), timer_(node.outside_loop_.timers(), *this) {
    ask();
  }

 private:
  void connect() {
    peer_ = std::make_unique<Peer>(node_.outside_loop_, node_address);
    peer_->on_heard = [this](Peer&) { hear(); };
    peer_->on_over = [this](Peer&) { timer_.set(node_.outside_loop_.now() + pause_); };
  }
  void ask() {
    if (peer_ == nullptr || peer_->ended || peer_->reset) connect();
    const auto now = node_.network.now().time_since_epoch().count();
    peer_->say("GET / HTTP/1.1\r\nHost: a\r\nasked-at: " + std::to_string(now) + "\r\n\r\n");
  }
  void hear() {
    const std::string head = take_head(peer_->heard);
    if (head.empty()) return;
    ++node_.answers[static_cast<int>(parse_decimal(head.substr(9, 3)).value_or(0))];
    const size_t length = head.find("Content-Length: ");
    if (length != std::string::npos) peer_->heard.clear();  // nothing is pipelined
    if (!node_.asking_) return;
    if (pause_ == Duration(0)) return ask();
    timer_.set(node_.outside_loop_.now() + pause_);
  }
  void on_timer(io::Timer&) override { ask(); }

  SmallNode& node_;
  const Duration pause_;
  std::unique_ptr<Peer> peer_;
  io::Timer timer_;
};

// --- The node ---

SmallNode::Node::Node(SimNetwork& network, const std::string& name)
    : loop(network, name, node_address), log(1024 * 1024) {}

SmallNode::SmallNode(SmallNodeOptions options)
    : network(options.seed),
      control_loop_(network, "control", node_address),
      outside_loop_(network, "outside", *Address::parse("192.0.2.1", 0)),
      health_loop_(network, "health", node_address),
      health_log_(1024 * 1024),
      control_(control_loop_, *this) {
  network.set_faults(calm_network());
  network.set_watcher(this);
  std::vector<io::Mailbox<model::WorkerLetter>*> mailboxes;
  for (size_t i = 0; i < options.workers; ++i) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>(network, "w" + std::to_string(i)));
    proxy::WorkerOptions worker_options;
    worker_options.index = static_cast<uint32_t>(i);
    worker_options.ticket_keys = tls::make_ticket_keys();
    node.worker = std::make_unique<proxy::Worker>(
        proxy::WorkerContext{node.loop, control_, registry, node.log, log_},
        std::move(worker_options));
    mailboxes.push_back(&node.worker->mailbox());
  }
  prober_ = std::make_unique<health::Prober>(health::ProberContext{
      health_loop_, control_, std::move(mailboxes), registry, health_log_, log_});
  for (auto& node : nodes_) node->worker->connect(prober_->mailbox());
  std::vector<model::Target> members;
  for (size_t i = 0; i < options.targets; ++i) {
    targets.push_back(
        std::make_unique<CrowdTarget>(outside_loop_, target_address(i), options.seed * 100 + i));
    members.push_back(member(i));
  }
  counted_.resize(options.targets);
  draft = snapshot_of(std::move(members));
}

SmallNode::~SmallNode() {
  for (auto& node : nodes_) node->worker = nullptr;  // their last words are to the prober
  clients_.clear();
  targets.clear();
  network.set_watcher(nullptr);
}

model::Target SmallNode::member(size_t i) const {
  const Address address = target_address(i);
  return {.key = {"group", address.ip(), address.port()}, .zone = "", .addresses = {address}};
}

void SmallNode::publish() {
  ++draft.revision;
  for (model::LoadBalancer& each : draft.load_balancers) {
    for (model::Listener& listener : each.listeners)
      listener.table = routing::RuleTable::compile(listener.rules);
  }
  const auto snapshot = std::make_shared<const model::Snapshot>(draft);
  for (auto& node : nodes_) node->worker->mailbox().post(model::SnapshotLetter{snapshot});
  prober_->mailbox().post(model::SnapshotLetter{snapshot});
}

bool SmallNode::adopted_by_all() const {
  return std::ranges::all_of(nodes_,
                             [this](const auto& node) { return node->adopted == draft.revision; });
}

void SmallNode::on_letter(model::ControlLetter letter) {
  if (const auto* adopted = std::get_if<model::AdoptedLetter>(&letter))
    nodes_[adopted->worker]->adopted = adopted->revision;
  if (const auto* told = std::get_if<model::HealthLetter>(&letter))
    health[told->target] = told->health;
  on_letter_(letter);
}

void SmallNode::ask(size_t clients, Duration pause) {
  for (size_t i = 0; i < clients; ++i) clients_.push_back(std::make_unique<Client>(*this, pause));
}

void SmallNode::run_for(Duration d) {
  outside_loop_.kick();
  network.run_until(network.now() + d);
}

bool SmallNode::run_until(const std::function<bool()>& condition, Duration at_most) {
  const Instant end = network.now() + at_most;
  while (!condition() && network.now() < end) run_for(1ms);
  return condition();
}

std::vector<size_t> SmallNode::requests() {
  std::vector<size_t> since;
  for (size_t i = 0; i < targets.size(); ++i) {
    since.push_back(targets[i]->requests - counted_[i]);
    counted_[i] = targets[i]->requests;
  }
  return since;
}

void SmallNode::after_event(SimLoop* turned) {
  for (auto& node : nodes_) {
    if (turned == &node->loop) node->log.drain([](uint32_t, std::string_view) {});
  }
  if (turned == &health_loop_) health_log_.drain([](uint32_t, std::string_view) {});
}

}  // namespace daruma::sim
