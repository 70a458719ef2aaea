// SPDX-License-Identifier: Apache-2.0
#include "app/http_client.h"

#include <optional>

#include "base/buffer.h"
#include "control/admin_server.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"
#include "io/epoll_loop.h"

namespace daruma::app {
namespace {

constexpr size_t answer_bytes_max = 16 * 1024 * 1024;

// One request on one connection, on a loop of its own.
class Exchange final : private io::SocketHandler, private io::TimerHandler {
 public:
  Exchange(const Address& server, std::string_view method, const std::string& path)
      : server_(server),
        method_(method),
        path_(path),
        loop_(io::EpollLoop::system_seed()),
        timer_(loop_.timers(), *this),
        buffer_(pool_) {}

  Result<HttpAnswer> run(Duration timeout) {
    timer_.set(loop_.now() + timeout);
    socket_ = loop_.connect(server_, *this);
    loop_.run();
    socket_.reset();
    timer_.clear();
    if (!problem_.empty()) return fail(server_.to_string() + ": " + problem_);
    return std::move(answer_);
  }

 private:
  void on_connected() override {
    http::write_request_line(buffer_, method_, path_);
    http::write_field(buffer_, "Host", server_.to_string());
    if (method_ == "POST") http::write_field(buffer_, "Content-Length", uint64_t{0});
    http::write_field(buffer_, "Connection", "close");
    http::end_head(buffer_);
    on_writable();
  }

  void on_connect_failed() override { end(std::string(name_of(socket_->error()))); }

  void on_writable() override {
    while (!sent_ && !buffer_.empty()) {
      const io::IoResult result = socket_->write(buffer_.view());
      if (result.status == io::IoStatus::blocked) return;
      if (result.status != io::IoStatus::done) return end(std::string(name_of(socket_->error())));
      buffer_.consume(result.bytes);
    }
    sent_ = true;
  }

  void on_readable() override {
    for (;;) {
      const io::IoStatus status = io::read_into(buffer_, 1, *socket_).status;
      if (status == io::IoStatus::blocked) return;
      if (status != io::IoStatus::done) return end("closed before its answer was complete");
      if (parse()) return;
    }
  }

  void on_timer(io::Timer&) override { end("no answer in time"); }

  // True once nothing more is needed.
  bool parse() {
    if (answer_.status == 0 && !parse_head()) return !problem_.empty();
    while (!body_.finished()) {
      const http::H1BodyReader::Piece piece = body_.next(buffer_.view());
      if (answer_.body.size() + piece.payload.size() > answer_bytes_max) return refuse();
      answer_.body += piece.payload;
      buffer_.consume(piece.consumed);
      if (piece.status == http::BodyStatus::malformed) return refuse();
      if (piece.status == http::BodyStatus::more && piece.consumed == 0) return false;
    }
    loop_.stop();
    return true;
  }

  bool parse_head() {
    http::ResponseHead head;
    const http::ParseStatus status = parser_.parse(buffer_.view(), http::Method::other, head);
    if (status == http::ParseStatus::need_more) return false;
    if (status != http::ParseStatus::complete) return !refuse();
    const http::Field* server = head.fields.find("Server");
    if (server == nullptr || server->value != control::admin_server_name) return !refuse();
    answer_.status = head.status;
    body_.begin(head.framing, head.content_length);
    buffer_.consume(head.wire_bytes);
    return true;
  }

  bool refuse() {
    end("its answer is not that of a daruma");
    return true;
  }

  void end(std::string problem) {
    problem_ = std::move(problem);
    loop_.stop();
  }

  const Address server_;
  const std::string_view method_;
  const std::string path_;
  io::EpollLoop loop_;
  SlabPool pool_;
  io::Timer timer_;
  Buffer buffer_;  // the request, then what came of the answer
  std::unique_ptr<io::Socket> socket_;
  bool sent_ = false;
  http::H1ResponseParser parser_;
  http::H1BodyReader body_;
  HttpAnswer answer_;
  std::string problem_;
};

}  // namespace

Result<HttpAnswer> get(const Address& server, const std::string& path, Duration timeout) {
  return Exchange(server, "GET", path).run(timeout);
}

Result<HttpAnswer> post(const Address& server, const std::string& path, Duration timeout) {
  return Exchange(server, "POST", path).run(timeout);
}

}  // namespace daruma::app
