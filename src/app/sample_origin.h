// SPDX-License-Identifier: Apache-2.0
//
// The sample origin behind `daruma target`: a small server of HTTP/1.1 and HTTP/2 to put behind a
// load balancer, for trying things out and for tests. What it answers: app/origin_answer.h.
//
// With options.workers it takes a prefork server's part: each connection occupies one worker from
// accept to close, and while all are occupied, further connections wait in the kernel's listen
// queue, before their TLS handshake.
//
// One thread: its loop's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/origin_answer.h"
#include "base/buffer.h"
#include "base/result.h"
#include "io/loop.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::app {

class OriginConnection;

class SampleOrigin final : private io::AcceptHandler, private io::Task {
 public:
  class DrainObserver {
   public:
    // The last connection ended; the origin may be destroyed.
    virtual void on_drained() = 0;

   protected:
    ~DrainObserver() = default;
  };

  static Result<std::unique_ptr<SampleOrigin>> create(io::Loop& loop, OriginOptions options);
  ~SampleOrigin();
  SampleOrigin(const SampleOrigin&) = delete;
  SampleOrigin& operator=(const SampleOrigin&) = delete;

  Address address() const { return address_; }
  size_t connections() const { return connections_.size(); }
  uint64_t requests_total() const { return requests_total_; }

  // Accepts nothing more, closes idle connections, lets the others finish their answer. The
  // observer hears once, never from inside this call.
  void drain(DrainObserver& observer);
  bool draining() const { return drain_observer_ != nullptr; }

 private:
  friend class OriginConnection;
  friend class OriginHttp2;
  friend class OriginHttp2Stream;

  SampleOrigin(io::Loop& loop, OriginOptions options);
  Result<void> start();
  bool full() const { return options_.workers > 0 && connections_.size() >= options_.workers; }
  // The connection has ended: destroyed once the stack has unwound.
  void bury(OriginConnection& connection);
  uint32_t take_worker();
  std::string_view letters(uint64_t offset, size_t most) const;
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void run() override;

  io::Loop& loop_;
  const OriginOptions options_;
  Address address_;
  std::string name_;     // X-Target
  std::string letters_;  // what letters bodies are cut from
  SlabPool pool_;
  transport::SecureTransport transport_;
  std::unique_ptr<tls::ServerContext> tls_;                            // null without TLS
  std::unique_ptr<io::Acceptor> acceptor_;                             // null once draining
  std::map<uint64_t, std::unique_ptr<OriginConnection>> connections_;  // by number
  std::vector<std::unique_ptr<OriginConnection>> buried_;
  std::vector<bool> workers_busy_;
  uint64_t connections_total_ = 0;
  uint64_t requests_total_ = 0;
  DrainObserver* drain_observer_ = nullptr;
  bool drained_ = false;
};

}  // namespace daruma::app
