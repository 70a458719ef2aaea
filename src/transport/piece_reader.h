// SPDX-License-Identifier: Apache-2.0
//
// Internal to transport/. Cuts the pieces of one write into TLS records: as few as possible, and
// without copying where a record lies within one piece.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace daruma::transport {

class PieceReader {
 public:
  // `gather` is as long as a record may be. The pieces outlive this.
  PieceReader(std::span<const std::string_view> pieces, std::span<char> gather);

  size_t left() const { return left_; }
  // How many bytes record() would return.
  size_t record_size() const;
  // The next record's bytes; valid until the next call.
  std::string_view record();
  // REQUIRES: bytes <= left().
  void advance(size_t bytes);

 private:
  std::span<const std::string_view> pieces_;  // the first may be used in part
  std::span<char> gather_;
  size_t offset_ = 0;  // in the first piece
  size_t left_ = 0;
};

}  // namespace daruma::transport
