// SPDX-License-Identifier: Apache-2.0
//
// A closed-loop HTTP/1.1 client for tests and gates: N kept-alive connections, each with one
// request under way, and every response checked. Runs on io::Loop, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/buffer.h"
#include "io/loop.h"
#include "telemetry/histogram.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::load {

struct LoadOptions {
  Address address;
  bool tls = false;
  std::string host = "localhost";
  std::string path = "/";
  size_t connections = 10;
  uint64_t requests = 1000;  // in all
  bool expect_body = false;
  std::string body{};      // what every 2xx response must carry, byte for byte
  bool hold = false;       // after its share of the requests a connection stays open and idle
  Duration timeout = 10s;  // per request
};

struct LoadReport {
  std::map<int, uint64_t> statuses;
  std::map<std::string, uint64_t> errors;  // what, how often
  uint64_t bodies_wrong = 0;
  uint64_t connections_opened = 0;
  uint64_t handshakes_resumed = 0;
  telemetry::Histogram latency;
  uint64_t answered() const;
  uint64_t failed() const;
};

class LoadConnection;

// Begins on construction; done() turns true when all requests have been answered or failed.
class Load {
 public:
  Load(io::Loop& loop, LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  bool done() const { return finished_ >= options_.requests; }
  const LoadReport& report() const { return report_; }

 private:
  friend class LoadConnection;
  bool take_ticket();
  void begin_next_connection();

  io::Loop& loop_;
  const LoadOptions options_;
  std::string request_;
  SlabPool slabs_{1024};
  transport::SecureTransport secure_{slabs_};
  std::unique_ptr<tls::ClientContext> tls_;
  tls::SessionCache sessions_;
  LoadReport report_;
  uint64_t begun_ = 0;
  uint64_t finished_ = 0;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
};

}  // namespace daruma::load
