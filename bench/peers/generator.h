// SPDX-License-Identifier: Apache-2.0
//
// Asks a proxy for one path over and over and checks every answer: as fast as it answers (closed
// loop), or at a given rate whether or not it answers (open loop). In the open loop a request's
// latency counts from the moment at which it should have been sent, so that a proxy that stalls is
// charged for everybody who had to wait (no coordinated omission).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "poller.h"
#include "stream.h"
#include "telemetry/histogram.h"

namespace daruma::peers {

struct GeneratorOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::string host = "localhost";
  std::string path = "/bytes/1024";
  size_t connections = 100;
  bool tls = false;
  bool resume = false;          // offer the session of the connection before
  bool new_connection = false;  // one for each request
  double rate = 0;              // requests a second; 0: closed loop
  int status = 200;             // what every answer must be, in status and length
  size_t body_bytes = 1024;
};

struct GeneratorReport {
  uint64_t requests = 0;  // answered as expected
  double seconds = 0;     // from the first request to the last answer
  uint64_t handshakes_full = 0;
  uint64_t handshakes_resumed = 0;
  std::map<std::string, uint64_t> failures;  // what went wrong → how often
  telemetry::Histogram latency;
};

struct Phase {
  std::chrono::nanoseconds length{};  // no request begins after it
  uint64_t requests_max = UINT64_MAX;
};

class Generator {
 public:
  explicit Generator(const GeneratorOptions& options);
  ~Generator();

  // Sends until the phase ends, and waits for the answers to what was sent. Connections stay open
  // for the next phase. `rate` 0: closed loop. What does not come within ten seconds after the
  // phase's end is a failure, and ends the program's use.
  void run(const Phase& phase, double rate, GeneratorReport& report);
  // One request on each connection, so that each is open, a few at a time.
  void open_all(GeneratorReport& report);

 private:
  friend class Slot;

  void begin_what_is_due();
  void begin(class Slot& slot, Clock::time_point intended);
  void finished(class Slot& slot);
  void turn(Clock::time_point deadline);

  const GeneratorOptions options_;
  TlsContext tls_;
  std::string request_;
  Poller poller_;
  std::vector<std::unique_ptr<class Slot>> slots_;
  std::deque<class Slot*> idle_;  // the longest idle first: many clients, not one busy one

  GeneratorReport* report_ = nullptr;
  Clock::time_point began_;
  Clock::time_point ends_;
  std::chrono::nanoseconds interval_{};  // between requests; 0: closed loop
  uint64_t begun_ = 0;
  uint64_t begun_max_ = 0;
  size_t busy_ = 0;
};

}  // namespace daruma::peers
