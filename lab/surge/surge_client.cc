// SPDX-License-Identifier: Apache-2.0
#include "surge_client.h"

namespace daruma::lab {
namespace {

constexpr size_t read_bytes = 16 * 1024;

}  // namespace

SurgeClient::SurgeClient(const Way& way, Owner& owner)
    : way_(way), owner_(owner), in_(way.secure.pool()), patience_(way.loop.timers(), *this) {}

void SurgeClient::send(const SurgeRequest& request) {
  busy_ = true;
  record_ = Record{.number = request.number,
                   .attempt = request.attempt,
                   .reused = connected(),
                   .intended = request.intended - way_.start};
  patience_.set(request.intended + way_.options.patience);
  if (connected()) {
    write_request();
  } else {
    open();
  }
}

void SurgeClient::open() {
  if (!way_.options.tls) {
    socket_ = way_.loop.connect(way_.options.address, *this);
    return;
  }
  auto secure = transport::SecureSocket::connect(way_.loop, way_.secure, way_.tls, &way_.sessions,
                                                 way_.options.address, way_.options.host, *this);
  secure_ = secure.get();
  socket_ = std::move(secure);
}

void SurgeClient::on_connected() {
  write_request();
}

void SurgeClient::on_connect_failed() {
  end(secure_ && secure_->tcp_connected() ? Outcome::tls : Outcome::connect, false);
}

void SurgeClient::write_request() {
  const std::string text = "GET " + way_.options.path + "?n=" + std::to_string(record_.number) +
                           "&try=" + std::to_string(record_.attempt) +
                           " HTTP/1.1\r\nHost: " + way_.options.host +
                           "\r\nUser-Agent: daruma_surge\r\nAccept: */*\r\n\r\n";
  parser_.reset();
  in_.clear();
  body_.clear();
  head_done_ = false;
  record_.sent = way_.loop.now() - way_.start;
  if (socket_->write(text).bytes != text.size()) end(Outcome::reset, false);
}

void SurgeClient::on_readable() {
  while (socket_ && socket_->readable()) {
    const io::IoResult result = socket_->read(in_.prepare(read_bytes));
    if (result.status == io::IoStatus::blocked) return in_.release_if_empty();
    if (result.status != io::IoStatus::done)
      return closed(result.status == io::IoStatus::end ? Outcome::closed : Outcome::reset);
    in_.commit(result.bytes);
    if (busy_) {
      consume();
    } else {
      in_.clear();  // nothing was asked for
    }
  }
}

void SurgeClient::consume() {
  if (record_.first_byte == Record::absent) record_.first_byte = way_.loop.now() - way_.start;
  if (!head_done_) {
    const http::ParseStatus status = parser_.parse(in_.view(), http::Method::get, head_);
    if (status == http::ParseStatus::need_more) return;
    if (status != http::ParseStatus::complete) return end(Outcome::malformed, false);
    record_.status = head_.status;
    reader_.begin(head_.framing, head_.content_length);
    in_.consume(head_.wire_bytes);
    head_done_ = true;
  }
  while (!reader_.finished()) {
    const http::H1BodyReader::Piece piece = reader_.next(in_.view());
    if (piece.status == http::BodyStatus::malformed) return end(Outcome::malformed, false);
    if (way_.options.letters > 0) body_.append(piece.payload);
    in_.consume(piece.consumed);
    if (piece.consumed == 0 && !reader_.finished()) return;
  }
  end(body_is_right() ? Outcome::answered : Outcome::wrong_body, head_.keep_alive);
}

void SurgeClient::closed(Outcome outcome) {
  if (!busy_) {
    socket_.reset();
    secure_ = nullptr;
    owner_.on_idle_closed(*this);
  } else if (head_done_ && reader_.finish_at_close()) {
    end(body_is_right() ? Outcome::answered : Outcome::wrong_body, false);
  } else if (record_.reused && record_.first_byte == Record::absent) {
    // A kept connection may end at any time; browsers ask again on a new one, unseen.
    record_.reused = false;
    socket_.reset();
    secure_ = nullptr;
    in_.clear();
    open();
  } else {
    end(outcome, false);
  }
}

bool SurgeClient::body_is_right() const {
  if (way_.options.letters == 0 || record_.status / 100 != 2) return true;
  std::string right = "n=" + std::to_string(record_.number) + "\n";
  for (size_t i = 0; i < way_.options.letters; ++i) right += static_cast<char>('a' + i % 26);
  return body_ == right;
}

void SurgeClient::end(Outcome outcome, bool keep) {
  busy_ = false;
  patience_.clear();
  in_.clear();
  if (!keep) {
    socket_.reset();
    secure_ = nullptr;
  }
  record_.outcome = outcome;
  record_.done = way_.loop.now() - way_.start;
  owner_.on_end(*this, record_);
}

void SurgeClient::on_timer(io::Timer&) {
  end(Outcome::timed_out, false);
}

}  // namespace daruma::lab
