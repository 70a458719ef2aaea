// SPDX-License-Identifier: Apache-2.0
//
// daruma_load: requests in a closed loop, every answer checked, one JSON line at the end. For tests
// and gates; the comparison with other balancers is bench/'s business.
#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "io/epoll_loop.h"
#include "load.h"

namespace {

using daruma::load::Load;
using daruma::load::LoadOptions;
using daruma::load::LoadReport;

double quantile_ms(const daruma::telemetry::Histogram& histogram, double q) {
  uint64_t total = 0;
  for (int i = 0; i < histogram.buckets; ++i) total += histogram.count(i);
  uint64_t seen = 0;
  for (int i = 0; i < histogram.buckets; ++i) {
    seen += histogram.count(i);
    if (total > 0 && static_cast<double>(seen) >= q * static_cast<double>(total)) {
      return daruma::seconds_of(daruma::telemetry::Histogram::upper_bound(i)) * 1000;
    }
  }
  return 0;
}

void print(const LoadReport& report) {
  std::cout << "{\"answered\": " << report.answered() << ", \"failed\": " << report.failed()
            << ", \"bodies_wrong\": " << report.bodies_wrong
            << ", \"connections_opened\": " << report.connections_opened
            << ", \"handshakes_resumed\": " << report.handshakes_resumed << ", \"statuses\": {";
  const char* separator = "";
  for (const auto& [status, count] : report.statuses) {
    std::cout << separator << '"' << status << "\": " << count;
    separator = ", ";
  }
  std::cout << "}, \"errors\": {";
  separator = "";
  for (const auto& [error, count] : report.errors) {
    std::cout << separator << '"' << error << "\": " << count;
    separator = ", ";
  }
  std::cout << "}, \"p50_ms\": " << quantile_ms(report.latency, 0.5)
            << ", \"p99_ms\": " << quantile_ms(report.latency, 0.99) << "}" << std::endl;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sends GET requests in a closed loop and checks every answer"};
  LoadOptions options;
  std::string ip = "127.0.0.1";
  uint16_t port = 8080;
  std::string body_file;
  bool wait = false;
  app.add_option("--ip", ip, "address to connect to");
  app.add_option("--port", port, "port to connect to");
  app.add_flag("--tls", options.tls, "speak TLS");
  app.add_option("--host", options.host, "Host field and SNI name");
  app.add_option("--path", options.path, "path to ask for");
  app.add_option("--connections", options.connections, "connections kept open");
  app.add_option("--requests", options.requests, "requests in all");
  app.add_option("--expect-body", body_file, "file whose bytes every 2xx answer must carry");
  app.add_flag(
      "--hold", wait,
      "after the requests print HELD and keep the connections open until standard input ends");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);
  const auto address = daruma::Address::parse(ip, port);
  if (!address) {
    std::cerr << "--ip: not an IP address: " << ip << "\n";
    return 2;
  }
  options.address = *address;
  options.expect_body = !body_file.empty();
  options.body = read_file(body_file);
  options.hold = wait;

  daruma::io::EpollLoop loop(1);
  Load load(loop, options);
  while (!load.done()) loop.turn();
  if (wait) {
    std::cout << "HELD" << std::endl;
    std::string line;
    std::getline(std::cin, line);
  }
  print(load.report());
  return load.report().failed() == 0 && load.report().bodies_wrong == 0 ? 0 : 1;
}
