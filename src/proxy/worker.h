// SPDX-License-Identifier: Apache-2.0
//
// One core of the data plane: its loop, its listening sockets, its connections, pools and counters.
// Shares nothing with other workers; hears of the world only by letter. Everything but
// mailbox().post() belongs to its own thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"
#include "tls/context.h"
#include "tls/cookie_sealer.h"

namespace daruma::proxy {

struct WorkerOptions {
  uint32_t index = 0;
  bool share_port = true;       // SO_REUSEPORT
  bool ipv6 = true;             // this machine has it, so it belongs to "every address"
  tls::TicketKeys ticket_keys;  // until a letter brings others
  tls::CookieKeys cookie_keys;  // until a letter does, or the snapshot has some; none: its own
  size_t client_connections_max = 0;  // 0: limits::client_connections_max
  bool tells_traces = false;          // lines of the access log bring the request's traceparent
};

// What a worker talks to; all of it outlives the worker.
struct WorkerContext {
  io::Loop& loop;
  io::Mailbox<model::ControlLetter>& control;
  telemetry::Registry& registry;
  telemetry::LogRing&
      access_log;  // this worker's own ring; file numbers come from registry.log_file()
  const Log& log;
};

class Worker {
 public:
  Worker(const WorkerContext& context, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  io::Mailbox<model::WorkerLetter>& mailbox();
  // Whom this worker tells what it finds at targets' doors. REQUIRES: before its thread runs; it
  // outlives this.
  void connect(io::Mailbox<model::HealthThreadLetter>& health);

  // For the auditor: what must be zero once all exchanges have ended.
  struct Census {
    size_t client_connections = 0;
    size_t exchanges = 0;
    size_t target_connections = 0;
    size_t target_connections_idle = 0;
    size_t requests_in_flight = 0;
    size_t tunnels = 0;
    size_t slabs = 0;
    size_t snapshots_pinned = 0;  // the current one included
    // HTTP/2 (http2_memory.h): the most that one connection holds, and one stream.
    size_t http2_streams = 0;
    size_t http2_connection_bytes = 0;
    size_t http2_stream_bytes = 0;
  };
  Census census() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace daruma::proxy
