// SPDX-License-Identifier: Apache-2.0
#include "sim/message_reader.h"

#include <algorithm>

#include "base/bytes.h"

namespace daruma::sim {
namespace {

constexpr size_t head_bytes_max = 256 * 1024;

bool is_name(std::string_view name) {
  static constexpr std::string_view not_in_names("\0\t\r\n \"(),/:;<=>?@[\\]{}", 22);
  return !name.empty() && name.find_first_of(not_in_names) == std::string_view::npos;
}

bool has_bad_byte(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

const std::string* SimHead::find(std::string_view name) const {
  for (const auto& [n, v] : fields)
    if (ascii_iequals(n, name)) return &v;
  return nullptr;
}

size_t SimHead::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const auto& f) { return ascii_iequals(f.first, name); }));
}

int SimHead::status() const {
  return static_cast<int>(parse_decimal(start_line.substr(9, 3)).value_or(0));
}

std::string SimHead::method() const {
  return start_line.substr(0, start_line.find(' '));
}

std::string SimHead::target() const {
  const size_t from = start_line.find(' ') + 1;
  return start_line.substr(from, start_line.find(' ', from) - from);
}

MessageReader::Status MessageReader::fail(std::string problem) {
  state_ = State::broken;
  problem_ = std::move(problem);
  return Status::broken;
}

MessageReader::Status MessageReader::next() {
  switch (state_) {
    case State::start:
      return read_head();
    case State::broken:
      return Status::broken;
    case State::end:
      state_ = State::start;
      input_.erase(0, at_);
      at_ = 0;
      return Status::finished;
    case State::length:
    case State::chunk_size:
    case State::chunk_data:
    case State::chunk_end:
    case State::trailers:
    case State::until_close:
      return read_body();
  }
  return Status::broken;
}

MessageReader::Status MessageReader::read_head() {
  const size_t end = input_.find("\r\n\r\n", at_);
  if (end == std::string::npos) {
    if (leftover() > head_bytes_max) return fail("head over 256 KB");
    return Status::more;
  }
  const std::string_view text = std::string_view(input_).substr(at_, end + 2 - at_);
  at_ = end + 4;
  const size_t line_end = text.find("\r\n");
  head_ = {};
  trailers_.clear();
  head_.start_line = text.substr(0, line_end);
  if (has_bad_byte(head_.start_line)) return fail("control byte in: " + head_.start_line);
  const bool response = head_.start_line.starts_with("HTTP/1.1 ") && head_.status() >= 100;
  const bool request =
      head_.start_line.ends_with(" HTTP/1.1") || head_.start_line.ends_with(" HTTP/1.0");
  if (kind_ == Kind::response ? !response : !request)
    return fail("not a start line: " + head_.start_line.substr(0, 80));
  if (!parse_fields(text.substr(line_end + 2)) || !choose_framing()) return Status::broken;
  return Status::head;
}

bool MessageReader::parse_fields(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_name(line.substr(0, colon)) || has_bad_byte(line)) {
      fail("not a field: " + std::string(line.substr(0, 80)));
      return false;
    }
    head_.fields.emplace_back(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  }
  return true;
}

bool MessageReader::choose_framing() {
  const std::string* length = head_.find("Content-Length");
  const std::string* coding = head_.find("Transfer-Encoding");
  if (head_.count("Content-Length") + head_.count("Transfer-Encoding") > 1) {
    fail("two framings: " + head_.start_line);
    return false;
  }
  content_length_ = 0;
  if (length) {
    const auto number = parse_decimal(*length);
    if (!number) return fail("Content-Length: " + *length), false;
    content_length_ = *number;
  }
  if (coding && *coding != "chunked") return fail("Transfer-Encoding: " + *coding), false;
  framing_ = kind_ == Kind::request ? Framing::none : Framing::until_close;
  if (length) framing_ = Framing::length;
  if (coding) framing_ = Framing::chunked;
  if (kind_ == Kind::response) {
    const int status = head_.status();
    // What follows a 101 is another protocol's: until the connection ends, it is the body here.
    const bool interim = status < 200 && status != 101;
    if (no_body_ || interim || status == 204 || status == 304) framing_ = Framing::none;
  }
  remaining_ = content_length_;
  switch (framing_) {
    case Framing::none:
      state_ = State::end;
      break;
    case Framing::length:
      state_ = remaining_ > 0 ? State::length : State::end;
      break;
    case Framing::chunked:
      state_ = State::chunk_size;
      break;
    case Framing::until_close:
      state_ = State::until_close;
      break;
  }
  return true;
}

MessageReader::Status MessageReader::take_body(uint64_t most) {
  const size_t n = static_cast<size_t>(std::min<uint64_t>(most, leftover()));
  if (n == 0) return Status::more;
  body_.assign(input_, at_, n);
  at_ += n;
  remaining_ -= framing_ == Framing::until_close ? 0 : n;
  // Long bodies are not kept.
  if (at_ > 64 * 1024) {
    input_.erase(0, at_);
    at_ = 0;
  }
  return Status::body;
}

MessageReader::Status MessageReader::read_body() {
  switch (state_) {
    case State::until_close:
      return take_body(UINT64_MAX);
    case State::length: {
      const Status status = take_body(remaining_);
      if (remaining_ == 0) state_ = State::end;
      return status;
    }
    case State::chunk_data: {
      const Status status = take_body(remaining_);
      if (remaining_ == 0) state_ = State::chunk_end;
      return status;
    }
    case State::chunk_end:
      if (leftover() < 2) return Status::more;
      if (!rest().starts_with("\r\n")) return fail("no CRLF after a chunk");
      at_ += 2;
      state_ = State::chunk_size;
      return read_chunk_size();
    case State::chunk_size:
      return read_chunk_size();
    case State::trailers:
      return read_trailers();
    case State::start:
    case State::end:
    case State::broken:
      break;
  }
  return Status::broken;
}

MessageReader::Status MessageReader::read_chunk_size() {
  const size_t end = rest().find("\r\n");
  if (end == std::string_view::npos) {
    if (leftover() > 64) return fail("chunk size line over 64 bytes");
    return Status::more;
  }
  const std::string line(rest().substr(0, end));
  const auto size = parse_hex(line.substr(0, line.find(';')));
  if (!size) return fail("chunk size: " + line);
  at_ += end + 2;
  remaining_ = *size;
  state_ = remaining_ > 0 ? State::chunk_data : State::trailers;
  return read_body();
}

MessageReader::Status MessageReader::read_trailers() {
  for (;;) {
    const size_t end = rest().find("\r\n");
    if (end == std::string_view::npos) return Status::more;
    const std::string line(rest().substr(0, end));
    at_ += end + 2;
    if (line.empty()) break;
    if (line.find(':') == std::string::npos) return fail("not a trailer: " + line);
    trailers_ += line + "\r\n";
  }
  state_ = State::end;
  return next();
}

void MessageReader::switch_protocols() {
  framing_ = Framing::until_close;
  state_ = State::until_close;
}

bool MessageReader::finish_at_close() {
  if (state_ == State::until_close && leftover() == 0) {
    state_ = State::end;
    return true;
  }
  return state_ == State::start && leftover() == 0;
}

}  // namespace daruma::sim
