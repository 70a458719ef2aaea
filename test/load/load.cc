// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace daruma::load {
namespace {

// Held connections are opened a few at a time, so that what is measured is many idle ones and not a
// burst.
constexpr size_t held_opened_together = 50;

}  // namespace

uint64_t LoadReport::answered() const {
  uint64_t sum = 0;
  for (const auto& [status, count] : statuses) sum += count;
  return sum;
}

uint64_t LoadReport::failed() const {
  uint64_t sum = 0;
  for (const auto& [error, count] : errors) sum += count;
  return sum;
}

class LoadConnection final : private io::SocketHandler, private io::TimerHandler, private io::Task {
 public:
  explicit LoadConnection(Load& load)
      : load_(load), in_(load.slabs_), timer_(load.loop_.timers(), *this) {
    load_.loop_.call_soon(*this);
  }

 private:
  // Opens, or sends the next request.
  void run() override {
    if (!busy_) {
      // Where connections are held each sends one request, so that every one of them is really
      // opened.
      if ((load_.options_.hold && served_) || !load_.take_ticket()) return idle();
      served_ = true;
      busy_ = true;
      began_ = load_.loop_.now();
      timer_.set(began_ + load_.options_.timeout);
    }
    if (!socket_) return open();
    send();
  }

  void idle() {
    if (load_.options_.hold) {
      load_.begin_next_connection();
    } else {
      socket_.reset();
    }
  }

  void open() {
    ++load_.report_.connections_opened;
    if (!load_.options_.tls) {
      socket_ = load_.loop_.connect(load_.options_.address, *this);
      return;
    }
    auto secure =
        transport::SecureSocket::connect(load_.loop_, load_.secure_, *load_.tls_, &load_.sessions_,
                                         load_.options_.address, load_.options_.host, *this);
    secure_ = secure.get();
    socket_ = std::move(secure);
  }

  void on_connected() override {
    if (secure_ && secure_->session().resumed()) ++load_.report_.handshakes_resumed;
    if (busy_) send();
  }

  void on_connect_failed() override {
    fail("connect: " + std::string(io::name_of(socket_->error())));
  }

  void send() {
    parser_.reset();
    in_.clear();
    body_.clear();
    head_done_ = false;
    if (socket_->write(load_.request_).bytes != load_.request_.size())
      fail("request could not be written at once");
  }

  void on_readable() override {
    for (;;) {
      if (!socket_->readable()) return;
      const io::IoResult result = socket_->read(in_.prepare(16 * 1024));
      if (result.status == io::IoStatus::blocked) return in_.release_if_empty();
      if (result.status != io::IoStatus::done) return closed(result.status == io::IoStatus::failed);
      in_.commit(result.bytes);
      if (busy_) consume();
      if (!socket_) return;
    }
  }

  void on_writable() override {}

  void closed(bool failed) {
    if (busy_ && head_done_ && reader_.finish_at_close()) return response_done(false);
    if (busy_)
      return fail(failed ? "reset before the response was complete"
                         : "closed before the response was complete");
    socket_.reset();
    secure_ = nullptr;
  }

  void consume() {
    if (!head_done_) {
      const http::ParseStatus status = parser_.parse(in_.view(), http::Method::get, head_);
      if (status == http::ParseStatus::need_more) return;
      if (status != http::ParseStatus::complete) return fail("response malformed");
      status_ = head_.status;
      keep_ = head_.keep_alive;
      reader_.begin(head_.framing, head_.content_length);
      in_.consume(head_.wire_bytes);
      head_done_ = true;
    }
    while (!reader_.finished()) {
      const http::H1BodyReader::Piece piece = reader_.next(in_.view());
      if (piece.status == http::BodyStatus::malformed) return fail("response body malformed");
      if (load_.options_.expect_body) body_.append(piece.payload);
      in_.consume(piece.consumed);
      if (piece.consumed == 0 && !reader_.finished()) return;
    }
    response_done(keep_);
  }

  void response_done(bool keep) {
    ++load_.report_.statuses[status_];
    load_.report_.latency.record(load_.loop_.now() - began_);
    if (load_.options_.expect_body && status_ / 100 == 2 && body_ != load_.options_.body)
      ++load_.report_.bodies_wrong;
    end(keep);
  }

  void fail(const std::string& what) {
    ++load_.report_.errors[what];
    end(false);
  }

  void end(bool keep) {
    busy_ = false;
    timer_.clear();
    ++load_.finished_;
    if (!keep) {
      socket_.reset();
      secure_ = nullptr;
    }
    load_.loop_.call_soon(*this);
  }

  void on_timer(io::Timer&) override {
    if (busy_) fail("timed out");
  }

  Load& load_;
  std::unique_ptr<io::Socket> socket_;
  transport::SecureSocket* secure_ = nullptr;
  Buffer in_;
  io::Timer timer_;
  http::H1ResponseParser parser_;
  http::ResponseHead head_;
  http::H1BodyReader reader_;
  std::string body_;
  Instant began_;
  int status_ = 0;
  bool served_ = false;
  bool busy_ = false;
  bool keep_ = false;
  bool head_done_ = false;
};

Load::Load(io::Loop& loop, LoadOptions options) : loop_(loop), options_(std::move(options)) {
  request_ = "GET " + options_.path + " HTTP/1.1\r\nHost: " + options_.host +
             "\r\nUser-Agent: daruma_load\r\n\r\n";
  if (options_.tls) tls_ = std::move(tls::ClientContext::create().value());
  connections_.reserve(options_.connections);
  const size_t together = options_.hold ? held_opened_together : options_.connections;
  for (size_t i = 0; i < together; ++i) begin_next_connection();
}

Load::~Load() = default;

void Load::begin_next_connection() {
  if (connections_.size() >= options_.connections) return;
  connections_.push_back(std::make_unique<LoadConnection>(*this));
}

bool Load::take_ticket() {
  if (begun_ >= options_.requests) return false;
  ++begun_;
  return true;
}

}  // namespace daruma::load
