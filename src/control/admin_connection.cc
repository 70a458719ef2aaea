// SPDX-License-Identifier: Apache-2.0
#include "control/admin_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "http/date.h"
#include "http/desync.h"
#include "http/h1_writer.h"
#include "http/uri.h"

namespace daruma::control {
namespace {

constexpr size_t read_bytes = 4 * 1024;
constexpr Duration linger_timeout = 2s;

// Whether no name server can make this host mean us for somebody else's page.
bool is_own_name(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return ascii_iequals(host, "localhost") || Address::parse(host, 0).has_value();
}

http::HeadLimits head_limits(const AdminServerOptions& options) {
  return {.line_bytes_max = options.head_bytes_max / 2,
          .field_bytes_max = options.head_bytes_max / 2,
          .head_bytes_max = options.head_bytes_max,
          .fields_max = 100};
}

}  // namespace

AdminConnection::AdminConnection(AdminServer& server, std::unique_ptr<io::Socket> socket)
    : server_(server),
      socket_(std::move(socket)),
      timer_(server.loop_.timers(), *this),
      in_(server.pool_),
      out_(server.pool_),
      parser_(head_limits(server.options_)) {
  socket_->set_handler(*this);
  await_request();
}

AdminConnection::~AdminConnection() {
  let_go_of_ticket();
}

void AdminConnection::let_go_of_ticket() {
  if (ticket_) ticket_->connection = nullptr;
  ticket_.reset();
}

void AdminConnection::end() {
  let_go_of_ticket();
  state_ = State::ended;
  idle_since_ = never;
  timer_.clear();
  server_.loop_.call_after_event(*this);
}

void AdminConnection::run() {
  server_.remove(*this);
}

void AdminConnection::advance() {
  while (step() == Next::proceed) {
  }
}

AdminConnection::Next AdminConnection::step() {
  switch (state_) {
    case State::head:
      return read_head();
    case State::body:
      return read_body();
    case State::handling:
      return Next::wait;
    case State::writing:
      return write();
    case State::streaming:
      return stream();
    case State::lingering:
      return linger();
    case State::ended:
      return Next::wait;
  }
  return Next::wait;
}

void AdminConnection::on_timer(io::Timer&) {
  switch (state_) {
    case State::head:
    case State::body:
      if (idle_since_ != never) return end();
      refuse(408, "the request did not arrive in time");
      return advance();
    case State::writing:
    case State::streaming:
      socket_->abort_on_close();
      return end();
    case State::lingering:
      return end();
    case State::handling:
    case State::ended:
      report_bug("admin connection: timer without a deadline");
      return;
  }
}

AdminConnection::Next AdminConnection::read_more() {
  switch (io::read_into(in_, read_bytes, *socket_).status) {
    case io::IoStatus::done:
      return Next::proceed;
    case io::IoStatus::blocked:
      return Next::wait;
    case io::IoStatus::end:
    case io::IoStatus::failed:
      end();
      return Next::wait;
  }
  return Next::wait;
}

void AdminConnection::await_request() {
  state_ = State::head;
  idle_since_ = server_.loop_.now();
  timer_.set(server_.loop_.now() + server_.options_.idle_timeout);
  parser_.reset();
}

AdminConnection::Next AdminConnection::read_head() {
  if (in_.empty()) return read_more();
  if (idle_since_ != never) {
    idle_since_ = never;
    timer_.set(server_.loop_.now() + server_.options_.request_timeout);
  }
  const http::ParseStatus status = parser_.parse(in_.view(), head_);
  if (status == http::ParseStatus::need_more) return read_more();
  if (status != http::ParseStatus::complete) {
    refuse(status);
    return Next::proceed;
  }
  // The head is read again from a place of its own, so that the body may pass through in_.
  const size_t head_bytes = head_.wire_bytes;
  head_text_.assign(in_.view().substr(0, head_bytes));
  in_.consume(head_bytes);
  parser_.reset();
  head_.clear();
  const http::ParseStatus again = parser_.parse(head_text_, head_);
  DARUMA_ASSERT(again == http::ParseStatus::complete);
  begin_body();
  return Next::proceed;
}

void AdminConnection::begin_body() {
  if (head_.transfer_coding_unsupported) return refuse(501, "transfer coding not supported");
  const http::DesyncVerdict verdict = http::classify(head_.findings);
  if (verdict.tier > http::DesyncTier::acceptable) {
    return refuse(400, http::name_of(*verdict.reason));
  }
  const std::string_view why_not = reason_to_distrust();
  if (!why_not.empty()) return refuse(403, why_not);
  if (head_.framing == http::Framing::length &&
      head_.content_length > server_.options_.body_bytes_max) {
    return refuse(413, "the body is too large");
  }
  keep_alive_ = head_.keep_alive;
  body_.clear();
  body_reader_.begin(head_.framing, head_.content_length);
  if (head_.expect_continue && !body_reader_.finished() && in_.empty()) {
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  state_ = State::body;
}

// No request by way of a name that somebody else controls, none that another site's page sent.
// Browsers always send Host; HTTP/1.0 tools may not.
std::string_view AdminConnection::reason_to_distrust() const {
  const http::Field* host = head_.fields.find(http::FieldId::host);
  if (!host && head_.version >= http::Version{1, 1}) return "Host is missing";
  const std::string_view authority = host ? host->value : "localhost";
  const auto parts = http::split_host(authority);
  if (!parts || !is_own_name(parts->host)) {
    return "use localhost or an address; other names are refused (DNS rebinding)";
  }
  const http::Field* origin = head_.fields.find("Origin");
  if (origin && origin->value != fmt::format("http://{}", authority)) {
    return "requests of other sites' pages are refused (Origin)";
  }
  if (is_embedded_elsewhere()) return "requests of other sites' pages are refused (Sec-Fetch-Site)";
  return "";
}

// An image, a script or a form of a page that is not ours (W3C Fetch Metadata). Who follows a link
// to a page of ours may; a form that is sent that way tells its Origin.
bool AdminConnection::is_embedded_elsewhere() const {
  const auto value = [this](std::string_view name) {
    const http::Field* field = head_.fields.find(name);
    return field ? field->value : std::string_view();
  };
  const std::string_view site = value("Sec-Fetch-Site");
  if (site != "cross-site" && site != "same-site") return false;
  return value("Sec-Fetch-Mode") != "navigate" || value("Sec-Fetch-Dest") != "document";
}

AdminConnection::Next AdminConnection::read_body() {
  if (!out_.empty()) {
    // 100 Continue: a few bytes on a socket that carries nothing else.
    const io::IoResult result = socket_->write(out_.view());
    if (result.status == io::IoStatus::blocked) return Next::wait;
    if (result.status != io::IoStatus::done) {
      end();
      return Next::wait;
    }
    out_.consume(result.bytes);
    return Next::proceed;
  }
  if (body_reader_.finished()) {
    dispatch();
    return Next::proceed;
  }
  if (in_.empty()) return read_more();
  return take_body();
}

AdminConnection::Next AdminConnection::take_body() {
  const http::H1BodyReader::Piece piece = body_reader_.next(in_.view());
  if (piece.status == http::BodyStatus::malformed) {
    refuse(400, "the body is malformed");
    return Next::proceed;
  }
  if (body_.size() + piece.payload.size() > server_.options_.body_bytes_max) {
    refuse(413, "the body is too large");
    return Next::proceed;
  }
  body_ += piece.payload;
  in_.consume(piece.consumed);
  if (piece.consumed == 0 && piece.status == http::BodyStatus::more) return read_more();
  return Next::proceed;
}

void AdminConnection::dispatch() {
  const http::TargetParts parts = http::split_target(head_.target);
  const http::Method method = head_.method == http::Method::head ? http::Method::get : head_.method;
  timer_.clear();
  state_ = State::handling;
  ticket_ = std::make_shared<AdminResponder::Ticket>();
  ticket_->connection = this;
  AdminResponder responder(ticket_);
  AdminHandler* handler = server_.routes_.find(method, parts.path);
  dispatching_ = true;
  if (handler) {
    handler->handle({.method = method,
                     .path = parts.path,
                     .query = parts.query,
                     .fields = head_.fields,
                     .body = body_,
                     .client = socket_->peer()},
                    std::move(responder));
  } else {
    responder.send(server_.routes_.refusal(parts.path));
  }
  dispatching_ = false;
}

void AdminConnection::answer(AdminResponse response) {
  DARUMA_ASSERT(state_ == State::handling);
  let_go_of_ticket();
  write_head(response, Length::told);
  if (head_.method != http::Method::head) out_body_ = std::move(response.body);
  if (!dispatching_) advance();
}

void AdminConnection::end_unanswered() {
  DARUMA_ASSERT(state_ == State::handling);
  end();
}

void AdminConnection::begin_stream(AdminResponse begin) {
  DARUMA_ASSERT(state_ == State::handling);
  keep_alive_ = false;  // its end is the connection's
  write_head(begin, Length::open);
  if (head_.method == http::Method::head) return let_go_of_ticket();
  out_body_ = std::move(begin.body);
  state_ = State::streaming;
  stream_ends_ = false;
  if (!dispatching_) advance();
}

void AdminConnection::send_on(std::string_view bytes) {
  DARUMA_ASSERT(state_ == State::streaming);
  const size_t waiting = out_body_.size() - out_body_sent_;
  if (waiting > server_.options_.stream_bytes_max) {
    socket_->abort_on_close();
    return end();
  }
  if (waiting == 0) timer_.set(server_.loop_.now() + server_.options_.write_timeout);
  out_body_.erase(0, out_body_sent_);
  out_body_sent_ = 0;
  out_body_ += bytes;
  if (!dispatching_) advance();
}

void AdminConnection::end_stream() {
  DARUMA_ASSERT(state_ == State::streaming);
  let_go_of_ticket();
  stream_ends_ = true;
  if (!dispatching_) advance();
}

void AdminConnection::refuse(http::ParseStatus status) {
  switch (status) {
    case http::ParseStatus::line_too_long:
      return refuse(414, "the request line is too long");
    case http::ParseStatus::field_too_long:
    case http::ParseStatus::head_too_large:
    case http::ParseStatus::too_many_fields:
      return refuse(431, "the head is too large");
    case http::ParseStatus::version_unsupported:
      return refuse(505, "use HTTP/1.1");
    case http::ParseStatus::malformed:
    case http::ParseStatus::need_more:
    case http::ParseStatus::complete:
      return refuse(400, "not an HTTP request");
  }
}

// An answer without a handler, and the connection's last.
void AdminConnection::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  AdminResponse response{.status = status, .body = fmt::format("{}\n", why)};
  out_.clear();
  write_head(response, Length::told);
  if (head_.method != http::Method::head) out_body_ = std::move(response.body);
}

void AdminConnection::write_head(const AdminResponse& response, Length length) {
  const bool has_body = response.status != 204 && response.status != 304;
  state_ = State::writing;
  idle_since_ = never;
  timer_.set(server_.loop_.now() + server_.options_.write_timeout);
  http::write_status_line(out_, response.status, http::reason_phrase(response.status));
  http::write_field(out_, "Server", admin_server_name);
  http::write_field(out_, "Date", http::Date(server_.loop_.wall_now()).view());
  if (has_body) {
    http::write_field(out_, "Content-Type", response.content_type);
    if (length == Length::told) http::write_field(out_, "Content-Length", response.body.size());
  }
  http::write_field(out_, "Cache-Control", response.cache_control);
  http::write_field(out_, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.fields) http::write_field(out_, name, value);
  if (!keep_alive_) {
    http::write_field(out_, "Connection", "close");
  } else if (head_.version < http::Version{1, 1}) {
    http::write_field(out_, "Connection", "keep-alive");
  }
  http::end_head(out_);
}

AdminConnection::Next AdminConnection::write() {
  if (out_.empty() && out_body_sent_ == out_body_.size()) {
    after_response();
    return Next::proceed;
  }
  return write_pieces();
}

AdminConnection::Next AdminConnection::write_pieces() {
  const std::string_view body = std::string_view(out_body_).substr(out_body_sent_);
  const std::string_view pieces[] = {out_.view(), body};
  const io::IoResult result =
      socket_->write(out_.empty() ? std::span(pieces + 1, 1) : std::span(pieces, 2));
  if (result.status == io::IoStatus::blocked) return Next::wait;
  if (result.status != io::IoStatus::done) {
    end();
    return Next::wait;
  }
  const size_t of_head = std::min(result.bytes, out_.size());
  out_.consume(of_head);
  out_body_sent_ += result.bytes - of_head;
  timer_.set(server_.loop_.now() + server_.options_.write_timeout);
  return Next::proceed;
}

// What the client says meanwhile is nothing to us, that it goes away is.
AdminConnection::Next AdminConnection::stream() {
  in_.clear();
  if (socket_->readable() && read_more() == Next::proceed) return Next::proceed;
  if (state_ == State::ended) return Next::wait;
  if (!out_.empty() || out_body_sent_ < out_body_.size()) return write_pieces();
  timer_.clear();
  if (!stream_ends_) return Next::wait;
  finish();
  return Next::proceed;
}

void AdminConnection::after_response() {
  out_body_ = {};
  out_body_sent_ = 0;
  head_.clear();
  if (keep_alive_) return await_request();
  finish();
}

// The client may still be sending: it reads its answer before its bytes meet a closed socket.
void AdminConnection::finish() {
  socket_->finish_writing();
  state_ = State::lingering;
  timer_.set(server_.loop_.now() + linger_timeout);
}

AdminConnection::Next AdminConnection::linger() {
  in_.clear();
  return read_more();
}

}  // namespace daruma::control
