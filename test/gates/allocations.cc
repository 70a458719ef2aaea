// SPDX-License-Identifier: Apache-2.0
//
// Gate: a kept-alive plain request in steady state allocates nothing on the heap. One worker on its
// own thread; an origin and the load generator on the main thread; operator new counts on the
// worker's thread only.
#include <cstdio>
#include <list>
#include <thread>

#include "counting_new.h"
#include "io/epoll_loop.h"
#include "load.h"
#include "model/limits.h"
#include "proxy/worker.h"
#include "routing/rule_table.h"

namespace daruma {
namespace {

constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

// Answers every read with the response: enough for a client that sends one request at a time.
class Origin final : private io::AcceptHandler {
 public:
  explicit Origin(io::Loop& loop)
      : acceptor_(std::move(loop.listen(*Address::parse("127.0.0.1", 0), *this, {}).value())) {}
  Address address() const { return acceptor_->local(); }

 private:
  struct Connection final : io::SocketHandler {
    void on_readable() override {
      char waste[4096];
      while (socket->readable()) {
        if (socket->read(waste).status != io::IoStatus::done) return;
        socket->write(response);
      }
    }
    void on_writable() override {}
    std::unique_ptr<io::Socket> socket;
  };
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.socket->set_handler(connection);
  }
  std::list<Connection> connections_;
  std::unique_ptr<io::Acceptor> acceptor_;
};

model::SnapshotRef snapshot_for(const Address& origin, uint16_t port, bool access_log) {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->revision = 1;
  snapshot->node.addresses = {"127.0.0.1"};
  model::TargetGroup group;
  group.name = group.arn = group.resource_id = "origin";
  group.targets.push_back(
      {.key = {"origin", "127.0.0.1", origin.port()}, .zone = "", .addresses = {origin}});
  snapshot->target_groups.push_back(group);
  model::LoadBalancer load_balancer;
  load_balancer.name = load_balancer.arn = load_balancer.resource_id = "web";
  load_balancer.access_log = access_log;
  model::Listener listener;
  listener.port = port;
  listener.rules.push_back(
      {.priority = 0, .conditions = {}, .action = model::ForwardAction{{{.group = 0}}, 1}});
  listener.table = routing::RuleTable::compile(listener.rules);
  load_balancer.listeners.push_back(listener);
  snapshot->load_balancers.push_back(load_balancer);
  return snapshot;
}

// A port that was free a moment ago.
uint16_t free_port(io::Loop& loop) {
  struct Nobody final : io::AcceptHandler {
    void on_accept(std::unique_ptr<io::Socket>) override {}
  };
  Nobody nobody;
  return loop.listen(*Address::parse("127.0.0.1", 0), nobody, {}).value()->local().port();
}

struct Control final : io::Mailbox<model::ControlLetter>::Reader {
  void on_letter(model::ControlLetter letter) override {
    if (const auto* adopted = std::get_if<model::AdoptedLetter>(&letter)) {
      for (const auto& problem : adopted->problems)
        std::fprintf(stderr, "%s\n", problem.to_text().c_str());
      ready = true;
    }
    if (std::get_if<model::StoppedLetter>(&letter)) stopped = true;
  }
  bool ready = false;
  bool stopped = false;
};

int run(bool access_log) {
  io::EpollLoop loop(1);
  io::EpollLoop worker_loop(2);
  Origin origin(loop);
  const uint16_t port = free_port(loop);
  Control control;
  io::Mailbox<model::ControlLetter> control_mailbox(loop, control);
  telemetry::Registry registry;
  telemetry::LogRing ring;
  const Log log = Log::silent();
  auto worker = std::make_unique<proxy::Worker>(
      proxy::WorkerContext{worker_loop, control_mailbox, registry, ring, log},
      proxy::WorkerOptions{});
  worker->mailbox().post(model::SnapshotLetter{snapshot_for(origin.address(), port, access_log)});
  std::thread thread([&worker_loop] {
    gates::count_allocations_of_this_thread();
    worker_loop.run();
  });
  while (!control.ready) loop.turn();

  constexpr uint64_t measured = 5'000;
  load::Load load(
      loop,
      {.address = *Address::parse("127.0.0.1", port), .connections = 10, .requests = 2 * measured});
  while (load.report().answered() < measured && !load.done()) loop.turn();
  const uint64_t before = gates::allocations();
  while (!load.done()) loop.turn();
  const uint64_t during = gates::allocations() - before;

  worker->mailbox().post(model::DrainLetter{1s});
  while (!control.stopped) loop.turn();
  worker_loop.stop();
  thread.join();
  worker.reset();
  const bool all_answered =
      load.report().statuses.size() == 1 && load.report().answered() == 2 * measured;
  std::printf("%llu allocations in about %llu requests, %s\n",
              static_cast<unsigned long long>(during), static_cast<unsigned long long>(measured),
              all_answered ? "all answered" : "NOT ALL ANSWERED");
  for (const auto& [status, count] : load.report().statuses) {
    std::printf("status %d: %llu\n", status, static_cast<unsigned long long>(count));
  }
  for (const auto& [error, count] : load.report().errors) {
    std::printf("%s: %llu\n", error.c_str(), static_cast<unsigned long long>(count));
  }
  // A connection may open or close while we count; a request must not allocate.
  return all_answered && during < measured / 100 ? 0 : 1;
}

}  // namespace
}  // namespace daruma

// Without the access log where so asked, as bench/build_flags.py does.
int main(int argc, char** argv) {
  return daruma::run(argc < 2 || std::string_view(argv[1]) != "--no-access-log");
}
