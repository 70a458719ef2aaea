// SPDX-License-Identifier: Apache-2.0
//
// What TLS costs beside the network: handshakes, small exchanges, bulk, and the memory of an idle
// connection. Both ends run in this thread; `server_us` is the server's share of a handshake.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tls/security_policy.h"
#include "tls/self_signed.h"
#include "tls/session.h"

namespace daruma::tls {
namespace {

constexpr std::string_view policies[] = {"ELBSecurityPolicy-TLS13-1-2-2021-06",
                                         "ELBSecurityPolicy-FS-1-2-2019-08"};
constexpr const char* version_of[] = {"TLS 1.3", "TLS 1.2"};

// Both ends, and the wire between them.
class Pair {
 public:
  explicit Pair(int64_t version) {
    const std::vector<std::string> names = {"localhost"};
    const CertifiedKey made = *make_self_signed(names);
    const CertificateText certificate{"bench", made.chain_pem, made.key_pem};
    server_context_ = std::move(*ServerContext::create(
        std::span(&certificate, 1), policies[static_cast<size_t>(version)], make_ticket_keys()));
    client_context_ = std::move(*ClientContext::create());
  }

  void connect(SessionCache* cache) {
    server = Session::accept(*server_context_);
    client = Session::connect(*client_context_, cache, "localhost");
    client->handshake(to_server);
    while (!client->handshake_done() || !server->handshake_done()) {
      const auto begin = std::chrono::steady_clock::now();
      pass(to_server, *server, to_client);
      server_time += std::chrono::steady_clock::now() - begin;
      pass(to_client, *client, to_server);
    }
    drain(to_client, *client, to_server);
  }
  // Moves one write of `from` through to the other end.
  void send(Session& from, std::string_view plain) {
    const bool up = &from == client.get();
    Buffer& wire = up ? to_server : to_client;
    from.write(plain, wire);
    drain(wire, up ? *server : *client, up ? to_client : to_server);
  }

  SlabPool pool;
  Buffer to_client{pool};
  Buffer to_server{pool};
  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
  std::chrono::nanoseconds server_time{0};

 private:
  static void pass(Buffer& wire, Session& to, Buffer& answers) {
    if (wire.empty() || to.handshake_done()) return;
    to.feed(wire.view());
    to.handshake(answers);
    to.release_input();
    wire.clear();
  }
  void drain(Buffer& wire, Session& to, Buffer& answers) {
    to.feed(wire.view());
    while (to.read(plain_, answers).status == SessionStatus::done) continue;
    wire.clear();
  }
  std::unique_ptr<ServerContext> server_context_;
  std::unique_ptr<ClientContext> client_context_;
  std::vector<char> plain_ = std::vector<char>(64 * 1024);
};

void report_server_share(benchmark::State& state, const Pair& pair) {
  state.SetLabel(version_of[state.range(0)]);
  state.counters["server_us"] =
      std::chrono::duration<double, std::micro>(pair.server_time).count() /
      static_cast<double>(state.iterations());
}

void full_handshake(benchmark::State& state) {
  Pair pair(state.range(0));
  for (auto _ : state) pair.connect(nullptr);
  report_server_share(state, pair);
}
BENCHMARK(full_handshake)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void resumed_handshake(benchmark::State& state) {
  Pair pair(state.range(0));
  SessionCache cache;
  pair.connect(&cache);
  for (auto _ : state) pair.connect(&cache);
  if (!pair.server->resumed()) state.SkipWithError("not resumed");
  report_server_share(state, pair);
}
BENCHMARK(resumed_handshake)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// One write and one read at each end.
void exchange(benchmark::State& state) {
  Pair pair(state.range(0));
  pair.connect(nullptr);
  const std::string request(500, 'q');
  const std::string answer(static_cast<size_t>(state.range(1)), 'a');
  for (auto _ : state) {
    pair.send(*pair.client, request);
    pair.send(*pair.server, answer);
  }
  state.SetLabel(version_of[state.range(0)]);
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(request.size() + answer.size()));
}
BENCHMARK(exchange)->ArgsProduct({{0, 1}, {1024, 48 * 1024}})->Unit(benchmark::kMicrosecond);

// What stays allocated per connection after a handshake and an exchange, on each side.
void idle_memory(benchmark::State& state) {
  constexpr size_t count = 500;
  Pair pair(state.range(0));
  pair.connect(nullptr);
  const auto measure = [&](std::unique_ptr<Session>& kept, std::unique_ptr<Session>& other) {
    std::vector<std::unique_ptr<Session>> idle;
    idle.reserve(count);
    SessionCache cache;
    const size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < count; ++i) {
      pair.connect(&cache);
      pair.send(*pair.client, "question");
      pair.send(*pair.server, "answer");
      idle.push_back(std::move(kept));
      other.reset();
    }
    return static_cast<double>(mallinfo2().uordblks - before) / count;
  };
  for (auto _ : state) {
    state.counters["server_bytes"] = measure(pair.server, pair.client);
    state.counters["client_bytes"] = measure(pair.client, pair.server);
  }
  state.SetLabel(version_of[state.range(0)]);
}
BENCHMARK(idle_memory)->Arg(0)->Arg(1)->Iterations(1);

}  // namespace
}  // namespace daruma::tls

BENCHMARK_MAIN();
