// SPDX-License-Identifier: Apache-2.0
//
// What HTTP/1 costs per exchange, without sockets and bodies: reading a request and a response and
// writing each anew. "browser" is Firefox asking Apache (10 fields and 9), "curl" has 3 fields.
//
// In instructions: --count N [curl] runs N exchanges and nothing else, so the difference of two
// runs under callgrind is what the exchanges between them cost:
//   valgrind --tool=callgrind ./bench/micro_http --count 2000
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/desync.h"
#include "http/forwarding_headers.h"
#include "http/h1_parser.h"

namespace {

using namespace daruma;
using namespace daruma::http;

constexpr std::string_view browser_request =
    "GET /products/42/reviews?page=3&sort=recent HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Cache-Control: max-age=0\r\n\r\n";
constexpr std::string_view curl_request =
    "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n";
constexpr std::string_view apache_response =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sat, 22 Nov 2025 22:33:44 GMT\r\n"
    "Server: Apache/2.4.62 (Debian)\r\n"
    "Last-Modified: Fri, 21 Nov 2025 10:00:00 GMT\r\n"
    "ETag: \"400-6440b6b7c1b40\"\r\n"
    "Accept-Ranges: bytes\r\n"
    "Content-Length: 1024\r\n"
    "Keep-Alive: timeout=5, max=100\r\n"
    "Connection: Keep-Alive\r\n"
    "Content-Type: text/html\r\n\r\n";

class Exchange {
 public:
  explicit Exchange(std::string_view request) : request_bytes_(request) {
    client_.peer = *Address::parse("192.0.2.7", 4711);
    client_.peer_ip = client_.peer.ip();
    client_.listener_port = 80;
    make_trace_root(0x65f0a1b2, 1, 2, root_);
  }

  void read_request() {
    check(request_parser_.parse(request_bytes_, request_) == ParseStatus::complete);
    request_parser_.reset();
    const DesyncVerdict verdict = classify(request_.findings);
    check(decide(verdict, request_.findings, DesyncMode::strictest) == DesyncDecision::allow);
  }
  void write_request() {
    combine_trace_id(request_.fields.find(FieldId::x_amzn_trace_id), root_, trace_id_);
    const TargetParts parts = split_target(request_.target);
    const ForwardedRequest forwarded{
        .head = request_, .parts = parts, .client = client_, .trace_id = trace_id_};
    check(forward_problem(forwarded) == ForwardProblem::none);
    write_forwarded_request(forwarded, out_);
    out_.clear();
  }
  void read_response() {
    check(response_parser_.parse(apache_response, Method::get, response_) == ParseStatus::complete);
    response_parser_.reset();
  }
  void write_response() {
    write_forwarded_response(response_, {.client_version = {1, 1}}, out_);
    out_.clear();
  }
  void run() {
    read_request();
    write_request();
    read_response();
    write_response();
  }

 private:
  static void check(bool good) {
    if (!good) std::abort();
  }

  SlabPool pool_;
  Buffer out_{pool_};
  std::string_view request_bytes_;
  RequestHead request_;
  ResponseHead response_;
  H1RequestParser request_parser_;
  H1ResponseParser response_parser_;
  ClientFacts client_;
  std::string root_, trace_id_;
};

void measure(benchmark::State& state, void (Exchange::*step)(), std::string_view request) {
  Exchange exchange(request);
  exchange.run();
  for (auto _ : state) (exchange.*step)();
}

BENCHMARK_CAPTURE(measure, read_request_browser, &Exchange::read_request, browser_request);
BENCHMARK_CAPTURE(measure, read_request_curl, &Exchange::read_request, curl_request);
BENCHMARK_CAPTURE(measure, write_request_browser, &Exchange::write_request, browser_request);
BENCHMARK_CAPTURE(measure, write_request_curl, &Exchange::write_request, curl_request);
BENCHMARK_CAPTURE(measure, read_response_apache, &Exchange::read_response, browser_request);
BENCHMARK_CAPTURE(measure, write_response_apache, &Exchange::write_response, browser_request);
BENCHMARK_CAPTURE(measure, exchange_browser, &Exchange::run, browser_request);
BENCHMARK_CAPTURE(measure, exchange_curl, &Exchange::run, curl_request);

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 3 && std::string_view(argv[1]) == "--count") {
    Exchange exchange(argc == 4 ? curl_request : browser_request);
    for (long left = std::atol(argv[2]); left > 0; --left) exchange.run();
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
