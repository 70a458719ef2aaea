// SPDX-License-Identifier: Apache-2.0
//
// Sends metrics and spans to a collector by OTLP over HTTP, in JSON ("OTLP Specification",
// opentelemetry.io). Whoever has something to send hands it over and never waits: of metrics only
// the newest are kept, as they are cumulative; of spans a bounded number, beyond which new ones are
// dropped and counted. What fails is tried again as the specification has it: after 429, 502, 503,
// 504 or no answer, later each time, or when the collector says; what is refused otherwise is
// dropped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "notify/clocks.h"
#include "notify/curl.h"
#include "notify/otlp_spans.h"
#include "notify/retry.h"
#include "telemetry/counters.h"
#include "telemetry/log_writer.h"

namespace daruma::notify {

struct OtlpSettings {
  std::string metrics_url;                                  // "": none are sent
  std::string traces_url;                                   // "": none are sent
  std::vector<std::pair<std::string, std::string>> fields;  // of each request
  OtlpResource resource;
  OtlpSampling sampling;
  Duration metrics_every = 60s;
  Duration timeout = 10s;
};

// Written by the exporter, read by any thread.
struct OtlpTotals {
  telemetry::Counter spans_sent;
  std::atomic<uint64_t> spans_dropped{0};
  telemetry::Counter failures;  // requests that were not taken
};

// What is to be sent, and when: turns of one thread, letters of any.
class OtlpExporter final : public telemetry::LogLineObserver {
 public:
  static constexpr size_t spans_max = 20'000;     // that wait
  static constexpr size_t batch_spans_max = 512;  // in one request

  OtlpExporter(OtlpSettings settings, HttpSender& sender, WallTime start, const Log& log);

  // Any thread.
  void on_line(telemetry::LogKind kind, std::string_view line, std::string_view trace) override;
  void set_metrics(std::string prometheus_text, WallTime now);
  bool has_work() const;
  const OtlpTotals& totals() const { return totals_; }

  // Sends what is due, and waits for the answers. When it wants the next turn.
  Instant turn(Instant now);

 private:
  struct Channel {
    Retry retry{1s, 60s};
    bool told = false;  // the log knows that it fails
  };
  enum class Outcome : uint8_t { taken, later, refused };
  Outcome send(const std::string& url, std::string body, Channel& channel, Instant now);
  void report_drops(Instant now);
  void send_metrics(Instant now);
  bool send_spans(Instant now);

  const OtlpSettings settings_;
  HttpSender& sender_;
  const WallTime start_;
  const Log& log_;
  OtlpTotals totals_;
  mutable std::mutex mutex_;
  std::deque<std::string> spans_;
  std::string metrics_text_;
  WallTime metrics_at_{};
  // The turn's own.
  std::vector<std::string> batch_;  // that was not taken yet
  Channel metrics_channel_;
  Channel traces_channel_;
  uint64_t reported_dropped_ = 0;
  Instant report_again_at_{};
};

class OtlpThread {
 public:
  OtlpThread(OtlpSettings settings, Clocks clocks, const Log& log);
  ~OtlpThread() { stop(); }
  OtlpThread(const OtlpThread&) = delete;
  OtlpThread& operator=(const OtlpThread&) = delete;

  OtlpExporter& exporter() { return exporter_; }
  void stop();

 private:
  void run();

  const Clocks clocks_;
  CurlTransfers transfers_;
  CurlSender sender_;
  OtlpExporter exporter_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
