// SPDX-License-Identifier: Apache-2.0
//
// What must hold of every body, however its bytes arrive.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "fuzz_input.h"
#include "http/h1_body.h"
#include "http/h1_writer.h"

namespace daruma::fuzz {

struct ReadBody {
  std::string payload;
  std::string trailers;
  size_t consumed = 0;
  http::BodyStatus status = http::BodyStatus::more;
};

inline ReadBody read_body(http::Framing framing, uint64_t content_length, std::string_view wire,
                          size_t piece_bytes) {
  http::H1BodyReader reader;
  reader.begin(framing, content_length);
  ReadBody read;
  for (;;) {
    const std::string input(wire.substr(read.consumed, piece_bytes));
    const http::H1BodyReader::Piece piece = reader.next(input);
    FUZZ_CHECK(piece.consumed <= input.size());
    FUZZ_CHECK(piece.payload.size() <= piece.consumed);
    FUZZ_CHECK((piece.status == http::BodyStatus::finished) == reader.finished());
    read.payload += piece.payload;
    read.consumed += piece.consumed;
    read.status = piece.status;
    if (piece.consumed == 0 || piece.status != http::BodyStatus::more) break;
  }
  read.trailers = reader.trailers();
  return read;
}

// In one piece and in small ones; then written as chunks and read once more.
inline void check_body(http::Framing framing, uint64_t content_length, std::string_view wire,
                       size_t piece_bytes) {
  const ReadBody whole = read_body(framing, content_length, wire, SIZE_MAX);
  const ReadBody pieces = read_body(framing, content_length, wire, piece_bytes);
  FUZZ_CHECK(whole.status == pieces.status);
  if (whole.status == http::BodyStatus::malformed) return;
  FUZZ_CHECK(whole.payload == pieces.payload);
  FUZZ_CHECK(whole.consumed == pieces.consumed);
  if (whole.status != http::BodyStatus::finished) return;
  FUZZ_CHECK(whole.trailers == pieces.trailers);
  if (framing != http::Framing::chunked) return;

  SlabPool pool;
  Buffer last_chunk(pool);
  http::write_last_chunk(last_chunk, whole.trailers);
  std::string again;
  if (!whole.payload.empty()) {
    again = http::ChunkHead(whole.payload.size()).view();
    again += whole.payload;
    again += http::chunk_end;
  }
  again += last_chunk.view();
  const ReadBody reread = read_body(http::Framing::chunked, 0, again, SIZE_MAX);
  FUZZ_CHECK(reread.status == http::BodyStatus::finished);
  FUZZ_CHECK(reread.consumed == again.size());
  FUZZ_CHECK(reread.payload == whole.payload);
  FUZZ_CHECK(reread.trailers == whole.trailers);
}

}  // namespace daruma::fuzz
