// SPDX-License-Identifier: Apache-2.0
#include "http/h1_body.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/request_inspector.h"

namespace daruma::http {
namespace {

constexpr H1BodyReader::Piece malformed_piece{{}, 0, BodyStatus::malformed};

// Besides those that have an id: request modifiers, credentials, what controls a response, what
// tells how content is to be read.
constexpr std::string_view head_only[] = {
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-range",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "vary",
    "warning",
    "www-authenticate",
};

// A recipient may merge trailers into the head: what it would then obey must not come from here
// (RFC 9110 6.5.1).
bool may_trail(std::string_view name) {
  switch (field_id_of(name)) {
    case FieldId::other:
      return !resembles_framing_field(name) &&
             std::none_of(std::begin(head_only), std::end(head_only),
                          [name](std::string_view other) { return ascii_iequals(name, other); });
    case FieldId::server:
      return true;
    case FieldId::date:
    case FieldId::invalid:
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::content_type:
    case FieldId::cookie:
    case FieldId::expect:
    case FieldId::forwarded:
    case FieldId::host:
    case FieldId::keep_alive:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::set_cookie:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::user_agent:
    case FieldId::x_amzn_mtls_clientcert:
    case FieldId::x_amzn_trace_id:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_port:
    case FieldId::x_forwarded_proto:
      return false;
  }
  return false;
}

}  // namespace

void H1BodyReader::begin(Framing framing, uint64_t content_length) {
  // Field by field: a new object costs ten times as much, twice per request.
  framing_ = framing;
  line_bytes_ = extension_bytes_ = trailer_bytes_ = trailer_line_begin_ = 0;
  remaining_ = 0;
  trailers_.clear();
  switch (framing) {
    case Framing::none:
      state_ = State::finished;
      break;
    case Framing::chunked:
      state_ = State::chunk_size_first;
      break;
    case Framing::until_close:
      state_ = State::until_close;
      break;
    case Framing::length:
      remaining_ = content_length;
      state_ = content_length == 0 ? State::finished : State::length;
      break;
  }
}

H1BodyReader::Piece H1BodyReader::next(std::string_view input) {
  Piece piece;
  while (piece.consumed < input.size()) {
    const std::string_view rest = input.substr(piece.consumed);
    switch (state_) {
      case State::length:
      case State::chunk_data:
      case State::until_close:
        piece.payload = take_payload(rest);
        piece.consumed += piece.payload.size();
        continue;
      case State::chunk_size_first:
        // The chunk after the payload is the next step's.
        if (!piece.payload.empty()) return piece;
        [[fallthrough]];
      case State::chunk_size:
      case State::chunk_size_space:
      case State::chunk_extension:
      case State::chunk_size_end:
        take_chunk_line_byte(rest[0]);
        break;
      case State::chunk_data_cr:
        state_ = rest[0] == '\r' ? State::chunk_data_lf : State::malformed;
        break;
      case State::chunk_data_lf:
        state_ = rest[0] == '\n' ? State::chunk_size_first : State::malformed;
        break;
      case State::trailer_line:
      case State::trailer_line_end:
        take_trailer_byte(rest[0]);
        break;
      case State::finished:
        piece.status = BodyStatus::finished;
        return piece;
      case State::malformed:
        return malformed_piece;
    }
    ++piece.consumed;
  }
  if (state_ == State::finished) piece.status = BodyStatus::finished;
  if (state_ == State::malformed) return malformed_piece;
  return piece;
}

std::string_view H1BodyReader::take_payload(std::string_view input) {
  if (state_ == State::until_close) return input;
  const size_t taken = std::min<uint64_t>(remaining_, input.size());
  remaining_ -= taken;
  if (remaining_ == 0) {
    state_ = state_ == State::length ? State::finished : State::chunk_data_cr;
  }
  return input.substr(0, taken);
}

void H1BodyReader::take_chunk_line_byte(char c) {
  if (++line_bytes_ > chunk_line_bytes_max) {
    state_ = State::malformed;
  } else if (state_ == State::chunk_extension) {
    take_extension_byte(c);
  } else if (state_ == State::chunk_size_end) {
    c == '\n' ? end_chunk_line() : void(state_ = State::malformed);
  } else {
    take_size_byte(c);
  }
}

void H1BodyReader::take_size_byte(char c) {
  const int digit = state_ == State::chunk_size_space ? -1 : hex_value(c);
  if (digit >= 0) {
    const bool overflows = remaining_ > std::numeric_limits<uint64_t>::max() >> 4;
    remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
    state_ = overflows ? State::malformed : State::chunk_size;
  } else if (state_ == State::chunk_size_first) {
    state_ = State::malformed;
  } else if (c == ';') {
    state_ = State::chunk_extension;
  } else if (c == ' ' || c == '\t') {
    state_ = State::chunk_size_space;
  } else if (c == '\r' && state_ == State::chunk_size) {
    state_ = State::chunk_size_end;
  } else {
    state_ = State::malformed;
  }
}

// Extensions end here and mean nothing to us; all that matters is that no reader sees a line end in
// them that another doesn't (RFC 9112 7.1.1).
void H1BodyReader::take_extension_byte(char c) {
  if (c == '\r') {
    state_ = State::chunk_size_end;
  } else if (++extension_bytes_ > extension_bytes_max || (is_control(c) && c != '\t')) {
    state_ = State::malformed;
  }
}

void H1BodyReader::end_chunk_line() {
  line_bytes_ = 0;
  state_ = remaining_ == 0 ? State::trailer_line : State::chunk_data;
}

void H1BodyReader::take_trailer_byte(char c) {
  if (++trailer_bytes_ > trailer_bytes_max) {
    state_ = State::malformed;
  } else if (state_ == State::trailer_line_end) {
    c == '\n' ? end_trailer_line() : void(state_ = State::malformed);
  } else if (c == '\r') {
    state_ = State::trailer_line_end;
  } else {
    trailers_ += c;
  }
}

void H1BodyReader::end_trailer_line() {
  const std::string_view line = std::string_view(trailers_).substr(trailer_line_begin_);
  if (line.empty()) {
    state_ = State::finished;
    return;
  }
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const bool good =
      colon != std::string_view::npos && is_token(name) &&
      std::none_of(line.begin(), line.end(), [](char c) { return c != '\t' && is_control(c); });
  if (!good) {
    state_ = State::malformed;
    return;
  }
  if (may_trail(name)) {
    trailers_ += "\r\n";
  } else {
    trailers_.resize(trailer_line_begin_);
  }
  trailer_line_begin_ = static_cast<uint16_t>(trailers_.size());
  state_ = State::trailer_line;
}

bool H1BodyReader::finish_at_close() {
  if (state_ == State::until_close) state_ = State::finished;
  return finished();
}

}  // namespace daruma::http
