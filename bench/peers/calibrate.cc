// SPDX-License-Identifier: Apache-2.0
//
// peers_calibrate: how fast the machine is at this moment. Prints two numbers, of several rounds
// the best one each: nanoseconds to send and receive 1,100 bytes over loopback, and nanoseconds of
// a thousand dependent multiplications. What they vary by between passes, figures in microseconds
// vary by as well.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>

#include "stream.h"

namespace {

using daruma::io::Descriptor;
using daruma::peers::Clock;

constexpr int rounds = 10;
constexpr int repetitions = 500;

double nanoseconds_since(Clock::time_point began) {
  return std::chrono::duration<double, std::nano>(Clock::now() - began).count();
}

// Both ends of a TCP connection on 127.0.0.1.
class Connection {
 public:
  Connection()
      : listening_(::socket(AF_INET, SOCK_STREAM, 0)), sender_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (bind(listening_.number(), address, size) != 0 || listen(listening_.number(), 1) != 0 ||
        getsockname(listening_.number(), address, &size) != 0 ||
        connect(sender_.number(), address, size) != 0) {
      daruma::peers::give_up("cannot connect over loopback");
    }
    receiver_ = std::make_unique<Descriptor>(accept(listening_.number(), nullptr, nullptr));
  }

  double exchange_ns() const {
    std::array<char, 1100> bytes{};
    const auto began = Clock::now();
    for (int i = 0; i < repetitions; ++i) {
      if (send(sender_.number(), bytes.data(), bytes.size(), 0) < 0) {
        daruma::peers::give_up("cannot send over loopback");
      }
      size_t received = 0;
      while (received < bytes.size()) {
        const ssize_t count = recv(receiver_->number(), bytes.data(), bytes.size(), 0);
        if (count <= 0) daruma::peers::give_up("cannot receive over loopback");
        received += static_cast<size_t>(count);
      }
    }
    return nanoseconds_since(began) / repetitions;
  }

 private:
  Descriptor listening_;
  Descriptor sender_;
  std::unique_ptr<Descriptor> receiver_;
};

double multiplications_ns() {
  static volatile uint64_t sink = 1;
  const auto began = Clock::now();
  uint64_t value = sink;
  for (int i = 0; i < 1000 * repetitions; ++i) value = value * 6364136223846793005U + 1;
  sink = value;
  return nanoseconds_since(began) / repetitions;
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) daruma::peers::give_up("usage: peers_calibrate    (on one core: taskset -c 0 …)");
  const Connection connection;
  double exchange = 1e12, multiply = 1e12;
  for (int i = 0; i < rounds; ++i) {
    exchange = std::min(exchange, connection.exchange_ns());
    multiply = std::min(multiply, multiplications_ns());
  }
  std::cout << exchange << " " << multiply << std::endl;
}
