// SPDX-License-Identifier: Apache-2.0
//
// A worker or the prober, together with the loop, the log ring and the thread that are its own.
// Built and destroyed by the supervisor while the thread does not run.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "health/prober.h"
#include "io/epoll_loop.h"
#include "io/mailbox.h"
#include "model/letter.h"
#include "proxy/worker.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::app {

// A thread that turns a loop until it is stopped.
class LoopThread {
 public:
  LoopThread() : loop_(io::EpollLoop::system_seed()) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  io::EpollLoop& loop() { return loop_; }
  // `name` is what tools such as top show; `core` below 0 stands for any. REQUIRES: called once.
  void start(const std::string& name, int core);
  // Ends the loop after its current turn and joins the thread; harmless if none runs.
  void stop();

 private:
  io::EpollLoop loop_;
  std::thread thread_;
};

// What both kinds are built with; all of it outlives them.
struct ThreadContext {
  io::Mailbox<model::ControlLetter>& control;
  telemetry::Registry& registry;
  const Log& log;
};

class WorkerThread {
 public:
  WorkerThread(const ThreadContext& context, proxy::WorkerOptions options)
      : index_(options.index),
        worker_({thread_.loop(), context.control, context.registry, ring_, context.log},
                std::move(options)) {}

  void start(int core) { thread_.start("worker-" + std::to_string(index_), core); }
  void stop() { thread_.stop(); }
  io::Mailbox<model::WorkerLetter>& mailbox() { return worker_.mailbox(); }
  void connect(io::Mailbox<model::HealthThreadLetter>& health) { worker_.connect(health); }
  telemetry::LogRing& ring() { return ring_; }

 private:
  const uint32_t index_;
  LoopThread thread_;
  telemetry::LogRing ring_;
  proxy::Worker worker_;
};

class HealthThread {
 public:
  HealthThread(const ThreadContext& context, std::vector<io::Mailbox<model::WorkerLetter>*> workers)
      : prober_({thread_.loop(), context.control, std::move(workers), context.registry, ring_,
                 context.log}) {}

  void start() { thread_.start("health", -1); }
  void stop() { thread_.stop(); }
  io::Mailbox<model::HealthThreadLetter>& mailbox() { return prober_.mailbox(); }
  telemetry::LogRing& ring() { return ring_; }

 private:
  LoopThread thread_;
  telemetry::LogRing ring_;
  health::Prober prober_;
};

}  // namespace daruma::app
