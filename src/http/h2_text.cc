// SPDX-License-Identifier: Apache-2.0
#include "http/h2_text.h"

#include <algorithm>
#include <utility>

#include "http/h1_writer.h"

namespace daruma::http {

void H2TextReader::end(std::string_view trailers) {
  ended_ = true;
  trailers_ = trailers.substr(0, H1BodyReader::trailer_bytes_max + 1);
}

size_t H2TextReader::take_consumed(size_t held) {
  const size_t waiting = std::min(consumed_, held);
  return std::exchange(consumed_, waiting) - waiting;
}

bool H2TextReader::readable() const {
  if (!head_.empty() || !body_.empty()) return true;
  return framing_ == Framing::chunked && ended_ && !end_read_;
}

size_t H2TextReader::drop() {
  const size_t bytes = take_consumed() + body_.size();
  body_.clear();
  head_.clear();
  end_read_ = true;
  return bytes;
}

size_t H2TextReader::read(std::span<char> into) {
  if (!head_.empty()) return read_head(into);
  return framing_ == Framing::chunked ? read_chunk(into) : read_plain(into);
}

size_t H2TextReader::read_head(std::span<char> into) {
  const std::string_view left = std::string_view(head_).substr(head_read_);
  const size_t bytes = std::min(into.size(), left.size());
  std::copy_n(left.begin(), bytes, into.begin());
  head_read_ += bytes;
  if (head_read_ < head_.size()) return bytes;
  head_.clear();
  head_read_ = 0;
  return bytes;
}

size_t H2TextReader::read_plain(std::span<char> into) {
  const size_t bytes = std::min(into.size(), body_.size());
  if (bytes == 0) return 0;
  std::copy_n(body_.view().begin(), bytes, into.begin());
  body_.consume(bytes);
  consumed_ += bytes;
  return bytes;
}

size_t H2TextReader::read_chunk(std::span<char> into) {
  char* at = into.data();
  const auto put = [&at](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  if (!body_.empty() && into.size() > chunk_framing_bytes_max) {
    const size_t bytes = std::min(into.size() - chunk_framing_bytes_max, body_.size());
    put(ChunkHead(bytes).view());
    put(body_.view().substr(0, bytes));
    put(chunk_end);
    body_.consume(bytes);
    consumed_ += bytes;
  }
  const size_t left = into.size() - static_cast<size_t>(at - into.data());
  const size_t end_bytes = 3 + trailers_.size() + 2;
  if (body_.empty() && ended_ && !end_read_ && left >= end_bytes) {
    put("0\r\n");
    put(trailers_);
    put("\r\n");
    end_read_ = true;
  }
  return static_cast<size_t>(at - into.data());
}

H2TextWriter::Status H2TextWriter::write(H2Endpoint& endpoint, H2Stream& stream,
                                         std::string_view bytes, size_t& taken) {
  while (!bytes.empty() && !body_.finished()) {
    const size_t room = endpoint.room(stream);
    if (room == 0) return Status::full;
    const H1BodyReader::Piece piece = body_.next(bytes.substr(0, room));
    if (piece.status == BodyStatus::malformed) return Status::malformed;
    endpoint.write(stream, piece.payload);
    taken += piece.consumed;
    bytes.remove_prefix(piece.consumed);
    if (body_.finished()) endpoint.finish(stream, body_.trailers());
  }
  return bytes.empty() ? Status::done : Status::malformed;
}

}  // namespace daruma::http
