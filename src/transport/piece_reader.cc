// SPDX-License-Identifier: Apache-2.0
#include "transport/piece_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace daruma::transport {

PieceReader::PieceReader(std::span<const std::string_view> pieces, std::span<char> gather)
    : pieces_(pieces), gather_(gather) {
  for (const std::string_view piece : pieces) left_ += piece.size();
  advance(0);
}

size_t PieceReader::record_size() const {
  return std::min(left_, gather_.size());
}

std::string_view PieceReader::record() {
  const size_t size = record_size();
  if (size == 0) return {};
  const std::string_view first = pieces_.front().substr(offset_);
  if (first.size() >= size) return first.substr(0, size);
  size_t gathered = 0;
  size_t offset = offset_;
  for (size_t i = 0; gathered < size; ++i, offset = 0) {
    const std::string_view part = pieces_[i].substr(offset, size - gathered);
    std::memcpy(gather_.data() + gathered, part.data(), part.size());
    gathered += part.size();
  }
  return {gather_.data(), size};
}

void PieceReader::advance(size_t bytes) {
  DARUMA_ASSERT(bytes <= left_);
  left_ -= bytes;
  offset_ += bytes;
  while (!pieces_.empty() && offset_ >= pieces_.front().size()) {
    offset_ -= pieces_.front().size();
    pieces_ = pieces_.subspan(1);
  }
}

}  // namespace daruma::transport
