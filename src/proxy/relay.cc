// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "http/h1_writer.h"

namespace daruma::proxy {
namespace {

// Small chunks are copied together, so that they leave in one write; larger runs are written from
// where they lie.
constexpr size_t copied_run_bytes_max = 4 * 1024;
constexpr size_t pending_bytes_max = 16 * 1024;
constexpr size_t small_read = 16 * 1024;
// What one step of take_in() may add to pending: a chunk's framing and its copied payload, or the
// last chunk with its trailers.
constexpr size_t step_bytes_max =
    std::max(copied_run_bytes_max, http::last_chunk_bytes_max) + http::chunk_framing_bytes_max;
static_assert(step_bytes_max <= Buffer::size_max());

}  // namespace

void BodyRelay::begin(http::Framing in, uint64_t content_length, http::Framing out,
                      const http::TrailerRules& trailers) {
  reader_.begin(in, content_length);  // and, like there, field by field
  ready_ = after_ = 0;
  ended_ = blocked_ = false;
  kept_ = 0;
  bytes_read_ = bytes_written_ = 0;
  out_ = out;
  trailers_ = trailers;
}

size_t BodyRelay::read_size() const {
  const bool much = reader_.framing() == http::Framing::length ? reader_.remaining() > small_read
                                                               : bytes_written_ > small_read;
  return much ? Buffer::size_max() : small_read;
}

RelayStatus BodyRelay::pump(Buffer& input, Buffer& pending, io::Socket& sink) {
  for (;;) {
    if (blocked_) return RelayStatus::blocked;
    if (!take_in(input, pending)) return RelayStatus::malformed;
    if (pending.empty() && ready_ == 0)
      return ended_ ? RelayStatus::finished : RelayStatus::needs_input;
    if (!write(input, pending, sink)) return RelayStatus::sink_failed;
  }
}

bool BodyRelay::sink_moves(const io::Socket& sink) {
  const size_t before = std::exchange(kept_, sink.pending_bytes());
  return kept_ < before;
}

void BodyRelay::consume(Buffer& input, size_t bytes) {
  input.consume(bytes);
  bytes_read_ += bytes;
}

bool BodyRelay::take_in(Buffer& input, Buffer& pending) {
  while (ready_ == 0 && !ended_) {
    if (pending.size() + step_bytes_max > Buffer::size_max()) return true;  // to be written first
    if (reader_.finished()) {
      if (out_ == http::Framing::chunked) {
        http::write_last_chunk(pending, http::passing_trailers(reader_.trailers(), trailers_));
      }
      ended_ = true;
      return true;
    }
    const std::string_view view = input.view();
    const http::H1BodyReader::Piece piece = reader_.next(view);
    if (piece.status == http::BodyStatus::malformed) return false;
    if (piece.payload.empty()) {
      consume(input, piece.consumed);
      if (piece.consumed == 0 && !reader_.finished()) return true;
      continue;
    }
    const size_t before = static_cast<size_t>(piece.payload.data() - view.data());
    ready_ = piece.payload.size();
    after_ = piece.consumed - before - ready_;
    consume(input, before);
    if (out_ == http::Framing::chunked) pending.append(http::ChunkHead(ready_).view());
    const bool more_behind = input.size() > ready_ + after_;
    if (more_behind && ready_ <= copied_run_bytes_max &&
        pending.size() + ready_ <= pending_bytes_max) {
      pending.append(input.view().substr(0, ready_));
      consume(input, ready_);
      ready_ = 0;
      end_run(input, pending, 0);
    }
  }
  return true;
}

void BodyRelay::end_run(Buffer& input, Buffer& pending, size_t line_end_bytes_written) {
  DARUMA_ASSERT(ready_ == 0);
  consume(input, after_);
  after_ = 0;
  if (out_ == http::Framing::chunked)
    pending.append(http::chunk_end.substr(line_end_bytes_written));
}

bool BodyRelay::write(Buffer& input, Buffer& pending, io::Socket& sink) {
  std::array<std::string_view, 3> pieces;
  size_t count = 0;
  if (!pending.empty()) pieces[count++] = pending.view();
  if (ready_ > 0) pieces[count++] = input.view().substr(0, ready_);
  if (ready_ > 0 && out_ == http::Framing::chunked) pieces[count++] = http::chunk_end;
  const io::IoResult result = sink.write(std::span(pieces.data(), count));
  if (result.status == io::IoStatus::failed) return false;
  if (result.status == io::IoStatus::blocked) {
    blocked_ = true;
    kept_ = sink.pending_bytes();
    return true;
  }
  bytes_written_ += result.bytes;
  size_t left = result.bytes;
  const size_t from_pending = std::min(left, pending.size());
  pending.consume(from_pending);
  left -= from_pending;
  if (ready_ == 0) return true;
  const size_t from_run = std::min(left, ready_);
  consume(input, from_run);
  ready_ -= from_run;
  left -= from_run;
  if (ready_ == 0) end_run(input, pending, left);
  return true;
}

}  // namespace daruma::proxy
