// SPDX-License-Identifier: Apache-2.0
//
// The thread that pushes to Mackerel: letters in, from any thread, which never wait for it; turns
// of a MackerelClient. What has been taken in is on the disk soon, and stop() leaves nothing of it
// behind.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/log.h"
#include "notify/clocks.h"
#include "notify/curl.h"
#include "notify/mackerel_client.h"
#include "notify/outbox.h"
#include "telemetry/mackerel_sample.h"

namespace daruma::notify {

class MackerelThread final : public telemetry::MackerelSink {
 public:
  static constexpr size_t letters_max = 1'000;  // then the oldest goes

  // `file`: what waits for Mackerel is kept there; "": in memory only, as where it cannot be used.
  MackerelThread(const MackerelSettings& settings, const std::string& file, Clocks clocks,
                 const Log& log);
  ~MackerelThread() { stop(); }
  MackerelThread(const MackerelThread&) = delete;
  MackerelThread& operator=(const MackerelThread&) = delete;

  void on_minute(telemetry::MackerelMinute minute) override { post(std::move(minute)); }
  void on_change(telemetry::ConfigurationChange change) override { post(std::move(change)); }
  void report(CheckReport report) { post(std::move(report)); }
  void set_checks(std::vector<MackerelClient::Check> checks) { post(std::move(checks)); }

  // Ends what it is waiting for and joins the thread.
  void stop();

 private:
  using Letter = std::variant<telemetry::MackerelMinute, telemetry::ConfigurationChange,
                              CheckReport, std::vector<MackerelClient::Check>>;
  void post(Letter letter);
  void run();
  void take(std::deque<Letter> letters);

  const Clocks clocks_;
  CurlTransfers transfers_;
  CurlSender sender_;
  const std::unique_ptr<Outbox> outbox_;
  MackerelClient client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Letter> letters_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
