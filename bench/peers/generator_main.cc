// SPDX-License-Identifier: Apache-2.0
//
// peers_generator: one measurement. Warms up, prints START and waits for a line, sends, prints END
// and waits for a line, and prints what it saw as JSON. Nothing is under way while it waits: what
// the proxy's processor time grows by between the two is the cost of just these requests.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "generator.h"

namespace {

using daruma::peers::Generator;
using daruma::peers::GeneratorOptions;
using daruma::peers::GeneratorReport;
using daruma::telemetry::Histogram;

// Microseconds; 0 where nothing was recorded.
double quantile(const Histogram& latency, double q) {
  uint64_t total = 0;
  for (int i = 0; i < Histogram::buckets; ++i) total += latency.count(i);
  uint64_t seen = 0;
  for (int i = 0; i < Histogram::buckets; ++i) {
    seen += latency.count(i);
    if (total > 0 && static_cast<double>(seen) >= q * static_cast<double>(total)) {
      return daruma::seconds_of(Histogram::upper_bound(i)) * 1e6;
    }
  }
  return 0;
}

void print(const GeneratorReport& report) {
  std::cout << "{\"requests\": " << report.requests << ", \"seconds\": " << report.seconds
            << ", \"handshakes_full\": " << report.handshakes_full
            << ", \"handshakes_resumed\": " << report.handshakes_resumed
            << ", \"p50_us\": " << quantile(report.latency, 0.5)
            << ", \"p99_us\": " << quantile(report.latency, 0.99)
            << ", \"p999_us\": " << quantile(report.latency, 0.999) << ", \"failures\": {";
  const char* separator = "";
  for (const auto& [what, count] : report.failures) {
    std::cout << separator << '"' << what << "\": " << count;
    separator = ", ";
  }
  std::cout << "}}" << std::endl;
}

void mark(const char* word) {
  std::cout << word << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

std::chrono::nanoseconds nanoseconds_of(double seconds) {
  return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asks a proxy for one path over and over, and checks every answer"};
  GeneratorOptions options;
  double warm_up = 0.2, seconds = 1;
  uint64_t requests = UINT64_MAX;
  bool hold = false;
  app.add_option("--address", options.address, "IPv4 address to connect to");
  app.add_option("--port", options.port, "port to connect to")->required();
  app.add_option("--host", options.host, "Host field and SNI name");
  app.add_option("--path", options.path, "path to ask for");
  app.add_option("--connections", options.connections, "clients")->check(CLI::Range(1, 20000));
  app.add_flag("--tls", options.tls, "speak TLS");
  app.add_flag("--resume", options.resume, "resume TLS sessions");
  app.add_flag("--new-connection", options.new_connection, "a connection for each request");
  app.add_option("--rate", options.rate, "requests a second (open loop); 0: closed loop")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--warm-up", warm_up, "seconds, in a closed loop")->check(CLI::Range(0.0, 600.0));
  app.add_option("--seconds", seconds, "seconds to measure")->check(CLI::Range(0.001, 600.0));
  app.add_option("--requests", requests, "to measure, at most");
  app.add_option("--expect-status", options.status, "of every answer");
  app.add_option("--expect-bytes", options.body_bytes, "in the body of every answer");
  app.add_flag("--hold", hold, "between START and END only open all connections, and hold them");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  Generator generator(options);
  GeneratorReport warm, measured;
  if (!hold) generator.run({.length = nanoseconds_of(warm_up), .requests_max = requests}, 0, warm);
  mark("START");
  if (hold) {
    generator.open_all(measured);
  } else {
    generator.run({.length = nanoseconds_of(seconds), .requests_max = requests}, options.rate,
                  measured);
  }
  mark("END");
  for (const auto& [what, count] : warm.failures) measured.failures[what] += count;
  print(measured);
}
