// SPDX-License-Identifier: Apache-2.0
#include "generator.h"

#include <strings.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace daruma::peers {
namespace {

constexpr std::chrono::seconds patience{10};
constexpr size_t head_bytes_max = 16 * 1024;
constexpr size_t opened_together = 20;

struct AnswerHead {
  int status = 0;
  size_t content_length = 0;
  size_t wire_bytes = 0;
};

// The head of an answer with a Content-Length, once it is there as a whole. Status 0: another kind
// of answer, which none of the contestants has reason to give.
std::optional<AnswerHead> parse_head(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  AnswerHead head{.wire_bytes = end + 4};
  if (!bytes.starts_with("HTTP/1.1 ") || end < 12) return head;
  constexpr std::string_view field = "content-length:";
  for (size_t line = bytes.find("\r\n"); line < end; line = bytes.find("\r\n", line + 2)) {
    std::string_view rest = bytes.substr(line + 2, end - line);
    if (rest.size() < field.size() || strncasecmp(rest.data(), field.data(), field.size()) != 0) {
      continue;
    }
    rest.remove_prefix(field.size());
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
    std::from_chars(rest.data(), rest.data() + rest.size(), head.content_length);
    std::from_chars(bytes.data() + 9, bytes.data() + 12, head.status);
    return head;
  }
  return head;
}

int slot_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

// One client: a connection, and the request under way on it.
class Slot final : public Watched {
 public:
  explicit Slot(Generator& generator) : generator_(generator) {}

  void begin(Clock::time_point intended) {
    intended_ = intended;
    unsent_ = generator_.request_;
    head_.clear();
    body_left_.reset();
    busy_ = true;
    if (!stream_) return open();
    advance();
  }

  void on_event() override {
    if (!stream_) return;
    if (busy_) return advance();
    // Idle: it was closed, or a session ticket came.
    std::array<char, 4096> bytes;
    const Moved moved = stream_->read(bytes);
    if (moved.step == Step::ended) return stream_.reset();
    if (moved.step == Step::done) fail("bytes that nobody asked for");
  }

  void keep_session(SSL_SESSION* session) { session_.reset(session); }

 private:
  void open() {
    const GeneratorOptions& options = generator_.options_;
    stream_.emplace(begin_connect(options.address, options.port), generator_.tls_.get(),
                    Role::client);
    handshaking_ = options.tls;
    if (options.tls) {
      SSL_set_tlsext_host_name(stream_->tls(), options.host.c_str());
      SSL_set_ex_data(stream_->tls(), slot_index(), this);
      if (session_) SSL_set_session(stream_->tls(), session_.get());
    }
    generator_.poller_.add(stream_->fd(), EPOLLOUT, *this);
  }

  void advance() {
    if (handshaking_ && !shake_hands()) return;
    while (!unsent_.empty()) {
      const Moved moved = stream_->write(unsent_);
      if (moved.step == Step::ended) return fail("connection lost before the request was sent");
      if (moved.step == Step::blocked) {
        return generator_.poller_.want(stream_->fd(), EPOLLIN | EPOLLOUT, *this);
      }
      unsent_.remove_prefix(moved.bytes);
    }
    generator_.poller_.want(stream_->fd(), EPOLLIN, *this);
    if (!fresh_request_) read_answer();
    fresh_request_ = false;
  }

  bool shake_hands() {
    switch (stream_->handshake()) {
      case Step::ended:
        fail("TLS handshake failed");
        return false;
      case Step::blocked:
        generator_.poller_.want(stream_->fd(), EPOLLIN, *this);
        return false;
      case Step::done:
        break;
    }
    handshaking_ = false;
    ++(SSL_session_reused(stream_->tls()) ? generator_.report_->handshakes_resumed
                                          : generator_.report_->handshakes_full);
    return true;
  }

  void read_answer() {
    static std::array<char, 256 * 1024> bytes;
    do {
      const Moved moved = stream_->read(bytes);
      if (moved.step == Step::blocked) return;
      if (moved.step == Step::ended) return fail("closed before the answer was complete");
      if (!take({bytes.data(), moved.bytes})) return;
    } while (stream_->holds_bytes());
  }

  // False where the request has ended.
  bool take(std::string_view piece) {
    if (!body_left_) {
      if (!head_.empty()) piece = head_.append(piece);
      const std::optional<AnswerHead> head = parse_head(piece);
      if (!head) {
        if (head_.empty()) head_ = piece;
        return head_.size() <= head_bytes_max || (fail("head too long"), false);
      }
      if (head->status != generator_.options_.status) {
        return fail("status " + std::to_string(head->status)), false;
      }
      if (head->content_length != generator_.options_.body_bytes) {
        return fail("a body of " + std::to_string(head->content_length) + " bytes"), false;
      }
      body_left_ = head->content_length;
      piece.remove_prefix(head->wire_bytes);
    }
    if (piece.size() > *body_left_) return fail("more bytes than announced"), false;
    *body_left_ -= piece.size();
    if (*body_left_ > 0) return true;
    ++generator_.report_->requests;
    generator_.report_->latency.record(Clock::now() - intended_);
    if (generator_.options_.new_connection) stream_.reset();
    end();
    return false;
  }

  void fail(const std::string& what) {
    ++generator_.report_->failures[what];
    stream_.reset();
    if (busy_) end();
  }

  void end() {
    busy_ = false;
    fresh_request_ = true;
    generator_.finished(*this);
  }

  Generator& generator_;
  std::optional<Stream> stream_;
  TlsSession session_;
  Clock::time_point intended_;
  std::string_view unsent_;
  std::string head_;                 // the beginning of a head that came in pieces
  std::optional<size_t> body_left_;  // once the head is there
  bool busy_ = false;
  bool handshaking_ = false;
  bool fresh_request_ = true;  // nothing can have been answered yet
};

Generator::Generator(const GeneratorOptions& options) : options_(options) {
  request_ = "GET " + options.path + " HTTP/1.1\r\nHost: " + options.host +
             "\r\nUser-Agent: peers_generator\r\nAccept: */*\r\n" +
             (options.new_connection ? "Connection: close\r\n\r\n" : "\r\n");
  if (options.tls) {
    tls_ = make_client_context();
    if (options.resume) {
      SSL_CTX_set_session_cache_mode(tls_.get(),
                                     SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      SSL_CTX_sess_set_new_cb(tls_.get(), [](SSL* tls, SSL_SESSION* session) {
        static_cast<Slot*>(SSL_get_ex_data(tls, slot_index()))->keep_session(session);
        return 1;
      });
    }
  }
  for (size_t i = 0; i < options.connections; ++i) {
    slots_.push_back(std::make_unique<Slot>(*this));
    idle_.push_back(slots_.back().get());
  }
}

Generator::~Generator() = default;

void Generator::run(const Phase& phase, double rate, GeneratorReport& report) {
  report_ = &report;
  begun_ = 0;
  begun_max_ = phase.requests_max;
  interval_ = std::chrono::nanoseconds(rate > 0 ? static_cast<int64_t>(1e9 / rate) : 0);
  began_ = Clock::now();
  ends_ = began_ + phase.length;
  do {
    begin_what_is_due();
    if (busy_ == 0 && interval_.count() == 0) break;
    turn(ends_ + patience);
  } while (busy_ > 0 || (begun_ < begun_max_ && Clock::now() < ends_));
  report.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
}

void Generator::open_all(GeneratorReport& report) {
  report_ = &report;
  begun_max_ = 0;
  ends_ = began_ = Clock::now();
  for (const auto& slot : slots_) {
    idle_.pop_front();
    begin(*slot, Clock::now());
    while (busy_ >= opened_together) turn(Clock::now() + patience);
  }
  while (busy_ > 0) turn(Clock::now() + patience);
}

void Generator::begin_what_is_due() {
  while (!idle_.empty() && begun_ < begun_max_) {
    const Clock::time_point now = Clock::now();
    const auto intended =
        interval_.count() > 0 ? began_ + interval_ * static_cast<int64_t>(begun_) : now;
    if (intended > now || intended >= ends_) return;
    Slot& slot = *idle_.front();
    idle_.pop_front();
    begin(slot, intended);
  }
}

void Generator::begin(Slot& slot, Clock::time_point intended) {
  ++begun_;
  ++busy_;
  slot.begin(intended);
}

void Generator::finished(Slot& slot) {
  --busy_;
  idle_.push_back(&slot);
}

void Generator::turn(Clock::time_point deadline) {
  const Clock::time_point now = Clock::now();
  if (now > deadline) give_up("no answer within 10 s");
  Clock::time_point until = deadline;
  if (interval_.count() > 0 && !idle_.empty() && begun_ < begun_max_) {
    const auto next = began_ + interval_ * static_cast<int64_t>(begun_);
    if (now < ends_) until = std::clamp(next, now, ends_);
  }
  poller_.turn(until - now + std::chrono::microseconds(1));
}

}  // namespace daruma::peers
