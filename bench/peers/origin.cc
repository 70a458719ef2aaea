// SPDX-License-Identifier: Apache-2.0
//
// peers_origin: the target behind every contestant. GET /bytes/N is answered with N letters,
// /stats with what was counted so far, anything else with "ok"; request bodies are not understood.
// As little work as can be, so that the processor it shares with the generator goes far.
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <map>

#include "stream.h"

namespace {

using daruma::io::Descriptor;
using daruma::peers::Listener;
using daruma::peers::Moved;
using daruma::peers::Poller;
using daruma::peers::Role;
using daruma::peers::Step;
using daruma::peers::Stream;

constexpr size_t body_bytes_max = 16 * 1024 * 1024;
constexpr size_t head_bytes_max = 64 * 1024;
constexpr size_t different_bodies_max = 16;

struct Counters {
  uint64_t connections = 0, requests = 0, handshakes_full = 0, handshakes_resumed = 0;
};

class Answers {
 public:
  // The whole answer to a request for `path`. The view holds until the next call.
  std::string_view answer_to(std::string_view path) {
    if (path == "/stats") return made_ = with_head(stats());
    constexpr std::string_view prefix = "/bytes/";
    if (!path.starts_with(prefix)) return made_ = with_head("ok");
    size_t bytes = 0;
    std::from_chars(path.data() + prefix.size(), path.data() + path.size(), bytes);
    return of_size(std::min(bytes, body_bytes_max));
  }

  // Whether the next call of answer_to() overwrites these bytes of an answer.
  bool passes(std::string_view rest) const {
    return rest.data() >= made_.data() && rest.data() <= made_.data() + made_.size();
  }

  Counters counters;

 private:
  std::string_view of_size(size_t bytes) {
    const auto found = bodies_.find(bytes);
    if (found != bodies_.end()) return found->second;
    std::string body(bytes, 'a');
    for (size_t i = 0; i < bytes; ++i) body[i] = static_cast<char>('a' + i % 26);
    if (bodies_.size() >= different_bodies_max) return made_ = with_head(body);
    return bodies_.emplace(bytes, with_head(body)).first->second;
  }

  std::string stats() const {
    return "{\"connections\": " + std::to_string(counters.connections) +
           ", \"requests\": " + std::to_string(counters.requests) +
           ", \"handshakes_full\": " + std::to_string(counters.handshakes_full) +
           ", \"handshakes_resumed\": " + std::to_string(counters.handshakes_resumed) + "}";
  }

  static std::string with_head(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::map<size_t, std::string> bodies_;
  std::string made_;
};

class Connection final : public daruma::peers::Watched {
 public:
  Connection(Poller& poller, Answers& answers, Descriptor socket, SSL_CTX* tls, uint64_t requests)
      : poller_(poller),
        answers_(answers),
        stream_(std::move(socket), tls, Role::server),
        requests_left_(requests),
        handshaking_(tls != nullptr) {
    ++answers_.counters.connections;
    poller_.add(stream_.fd(), EPOLLIN, *this);
  }

  void on_event() override {
    const Step step = advance();
    if (step == Step::ended) return poller_.bury(*this);
    poller_.want(stream_.fd(), out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT, *this);
  }

 private:
  Step advance() {
    if (handshaking_) {
      const Step step = stream_.handshake();
      if (step != Step::done) return step;
      handshaking_ = false;
      ++(SSL_session_reused(stream_.tls()) ? answers_.counters.handshakes_resumed
                                           : answers_.counters.handshakes_full);
    }
    if (const Step step = flush(); step != Step::done) return step;
    do {
      char bytes[16 * 1024];
      const Moved moved = stream_.read(bytes);
      if (moved.step != Step::done) return moved.step;
      in_.append(bytes, moved.bytes);
      if (in_.size() > head_bytes_max) return Step::ended;
      if (const Step step = answer_all(); step != Step::done) return step;
    } while (stream_.holds_bytes());
    return Step::done;
  }

  Step answer_all() {
    for (;;) {
      const size_t end = in_.find("\r\n\r\n");
      if (end == std::string::npos) return Step::done;
      const size_t path = in_.find(' ') + 1;
      const size_t path_end = in_.find(' ', path);
      if (path == 0 || path_end == std::string::npos || path_end > end) return Step::ended;
      ++answers_.counters.requests;
      out_ = answers_.answer_to(std::string_view(in_).substr(path, path_end - path));
      last_ = --requests_left_ == 0;
      const Step step = flush();
      in_.erase(0, end + 4);
      if (step != Step::done) {
        keep_answer();
        return step;
      }
    }
  }

  Step flush() {
    while (!out_.empty()) {
      const Moved moved = stream_.write(out_);
      if (moved.step != Step::done) return moved.step;
      out_.remove_prefix(moved.bytes);
    }
    return last_ ? Step::ended : Step::done;
  }

  // What could not be written at once is kept here where the next answer would take its place.
  void keep_answer() {
    if (!answers_.passes(out_)) return;
    kept_ = std::string(out_);
    out_ = kept_;
  }

  Poller& poller_;
  Answers& answers_;
  Stream stream_;
  std::string in_;
  std::string kept_;
  std::string_view out_;  // what is still to be written
  uint64_t requests_left_;
  bool handshaking_;
  bool last_ = false;  // the answer in out_ is this connection's last
};

std::string address_after(uint32_t number) {
  const uint32_t host = number + 2;  // from 127.0.0.2
  return "127." + std::to_string(host >> 16 & 255) + "." + std::to_string(host >> 8 & 255) + "." +
         std::to_string(host & 255);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Answers GET requests on 127.0.0.2 and the addresses after it"};
  uint16_t port = 0, tls_port = 0;
  uint32_t addresses = 1;
  uint64_t requests = 0;
  std::string certificate, key;
  app.add_option("--port", port, "plain HTTP")->required();
  app.add_option("--tls-port", tls_port, "HTTPS")->required();
  app.add_option("--addresses", addresses, "how many addresses")->check(CLI::Range(1, 60000));
  app.add_option("--requests-per-connection", requests, "then it is closed; 0: never");
  app.add_option("--certificate", certificate, "PEM file")->required();
  app.add_option("--key", key, "PEM file")->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  Poller poller;
  Answers answers;
  const auto context = daruma::peers::make_server_context(certificate, key);
  const auto serve = [&](const std::string& address, uint16_t at, SSL_CTX* tls) {
    poller.adopt(std::make_unique<Listener>(
        poller, address, at, [&poller, &answers, tls, requests](Descriptor socket) {
          poller.adopt(
              std::make_unique<Connection>(poller, answers, std::move(socket), tls, requests));
        }));
  };
  for (uint32_t i = 0; i < addresses; ++i) {
    serve(address_after(i), port, nullptr);
    serve(address_after(i), tls_port, context.get());
  }
  for (;;) poller.turn(std::chrono::nanoseconds(-1));
}
