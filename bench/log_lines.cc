// SPDX-License-Identifier: Apache-2.0
//
// What access logs cost at so many lines a second: a worker's thread that formats them and puts
// them into its ring, at an even pace, and the log thread that writes them to files. Prints
// processor time of both, and what was dropped or lost. docs/logs.md has what it said.
//
//   daruma_log_lines DIRECTORY [LINES_PER_SECOND] [SECONDS]
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/log.h"
#include "proxy/access_log_line.h"
#include "telemetry/log_ring.h"
#include "telemetry/log_writer.h"
#include "telemetry/registry.h"

namespace {

using namespace daruma;
using Clock = std::chrono::steady_clock;

proxy::AccessLogRecord record_of(uint64_t number, const std::string& path) {
  proxy::AccessLogRecord record;
  record.type = "https";
  record.time = record.created =
      WallTime(std::chrono::microseconds(1'780'000'000'000'000 + number));
  record.load_balancer = "app/web/50dc6c495c0c9188";
  record.client_ip = "203.0.113.77";
  record.client_port = 41'234;
  record.target = "10.0.12.34:8443";
  record.request_seconds = 0.000'112;
  record.target_seconds = 0.012'345;
  record.response_seconds = 0.000'051;
  record.status = record.target_status = 200;
  record.received_bytes = 812;
  record.sent_bytes = 15'324;
  record.method = "GET";
  record.protocol = "https";
  record.host = "shop.example.com";
  record.port = 443;
  record.path_and_query = path;
  record.user_agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
  record.tls_cipher = "TLS_AES_128_GCM_SHA256";
  record.tls_version = "TLSv1.3";
  record.target_group_arn =
      "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/apache/73e2d6bc24d8a067";
  record.trace_id = "Root=1-67891233-abcdef012345678912345678";
  record.server_name = "shop.example.com";
  record.certificate = "session-reused";
  record.rule_priority = 10;
  record.action = "forward";
  record.connection_id = "TID_0123456789abcdef0123456789abcdef";
  record.node_ip = "10.0.0.1";
  return record;
}

double processor_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

struct Spent {
  double worker = 0;
  double writer = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;
};

// Every millisecond its share, as requests come.
void work(telemetry::LogRing& ring, uint32_t file, uint64_t pace, uint64_t seconds, Spent& spent) {
  proxy::AccessLogFormatter formatter;
  const uint64_t share = pace / 1000;
  const auto start = Clock::now();
  const double before = processor_seconds();
  uint64_t number = 0;
  for (uint64_t tick = 0; tick < seconds * 1000; ++tick) {
    std::this_thread::sleep_until(start + std::chrono::milliseconds(tick));
    for (uint64_t i = 0; i < share; ++i) {
      const std::string path = "/products/" + std::to_string(number++) + "?page=2";
      const std::string_view line = formatter.format(record_of(number, path));
      spent.bytes += line.size() + 1;
      if (!ring.push(file, line)) ++spent.dropped;
    }
  }
  spent.worker = processor_seconds() - before;
}

bool measure(const std::filesystem::path& directory, telemetry::LogFormat format, const char* name,
             uint64_t pace, uint64_t seconds) {
  telemetry::Registry registry;
  const Log log(LogLevel::error);
  telemetry::LogRing ring;
  const uint32_t file = registry.log_file({std::string("access_log_app.bench.") + name});
  telemetry::LogWriter writer({.directory = directory, .format = format}, registry, {&ring}, log);
  Spent spent;
  std::atomic<bool> done{false};
  // As LogThread does.
  std::thread writing([&] {
    const double before = processor_seconds();
    while (!done.load()) {
      const bool much = writer.run_once(wall_now()) >= 256 * 1024;
      std::this_thread::sleep_for(much ? 5ms : 50ms);
    }
    writer.finish(wall_now());
    spent.writer = processor_seconds() - before;
  });
  std::thread worker([&] { work(ring, file, pace, seconds, spent); });
  worker.join();
  done = true;
  writing.join();
  const double lines = static_cast<double>(pace * seconds);
  std::printf(
      "%-5s %8.0f lines/s %4.0f bytes: worker %4.0f ns a line, log thread %5.1f %% of a "
      "core; dropped %lu, lost %lu\n",
      name, lines / static_cast<double>(seconds), static_cast<double>(spent.bytes) / lines,
      spent.worker / lines * 1e9, spent.writer / static_cast<double>(seconds) * 100, spent.dropped,
      writer.totals().lines_lost.value());
  return spent.dropped == 0 && writer.totals().lines_lost.value() == 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY [LINES_PER_SECOND] [SECONDS]\n", words[0]);
    return 2;
  }
  const uint64_t pace = count > 2 ? std::strtoull(words[2], nullptr, 10) : 100'000;
  const uint64_t seconds = count > 3 ? std::strtoull(words[3], nullptr, 10) : 5;
  bool good = measure(words[1], telemetry::LogFormat::alb, "alb", pace, seconds);
  good &= measure(words[1], telemetry::LogFormat::json, "json", pace, seconds);
  good &= measure(words[1], telemetry::LogFormat::ltsv, "ltsv", pace, seconds);
  return good ? 0 : 1;
}
