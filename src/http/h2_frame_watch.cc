// SPDX-License-Identifier: Apache-2.0
#include "http/h2_frame_watch.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace daruma::http {
namespace {

constexpr uint32_t said_all = 0x8000'0000;  // a stream's number has 31 bits
constexpr uint32_t number_bits = 0x7fff'ffff;
constexpr size_t priority_bytes = 5;

uint32_t big_endian(const uint8_t* bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

size_t H2FrameWatch::length() const {
  return big_endian(head_.data(), 3);
}

uint32_t H2FrameWatch::stream() const {
  return big_endian(&head_[5], 4) & number_bits;
}

H2FrameWatch::Verdict H2FrameWatch::look(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes.size() - at);
      skip_ -= skipped;
      at += skipped;
      continue;
    }
    const size_t begin = at;
    while (head_size_ < wanted() && at < bytes.size())
      head_[head_size_++] = static_cast<uint8_t>(bytes[at++]);
    if (head_size_ < wanted()) break;
    const Found found = judge();
    skip_ = length() + frame_head_bytes - head_size_;
    head_size_ = 0;
    if (found == Found::brings_nothing) return {at, found};
    if (found != Found::nothing) return {begin, found};
  }
  return {bytes.size(), Found::nothing};
}

// PRIORITY of another length is an error of its own.
size_t H2FrameWatch::wanted() const {
  const bool depends =
      head_size_ >= frame_head_bytes && head_[3] == NGHTTP2_PRIORITY && length() == priority_bytes;
  return frame_head_bytes + (depends ? dependency_bytes : 0);
}

H2FrameWatch::Found H2FrameWatch::judge() {
  switch (head_[3]) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      // An even number is no client's: the library says so.
      return stream() % 2 == 1 ? speaks(stream()) : Found::nothing;
    case NGHTTP2_RST_STREAM:
      end(stream());
      return Found::nothing;
    case NGHTTP2_PRIORITY:
      return judge_priority();
    default:
      return Found::nothing;
  }
}

H2FrameWatch::Found H2FrameWatch::judge_priority() const {
  const bool on_itself = head_size_ > frame_head_bytes &&
                         (big_endian(&head_[frame_head_bytes], 4) & number_bits) == stream();
  return stream() == 0 || on_itself ? Found::unexpected : Found::nothing;
}

H2FrameWatch::Found H2FrameWatch::speaks(uint32_t stream) {
  const bool is_data = head_[3] == NGHTTP2_DATA;
  const bool ends = head_[4] & NGHTTP2_FLAG_END_STREAM;
  const bool little = !ends && (!is_data || length() < data_bytes_least);
  uint32_t& record = record_of(stream);
  const uint32_t known = record & number_bits;
  if (stream > newest_) {
    if (is_data) return Found::nothing;  // on an idle stream: the library says so
    newest_ = stream;
    record = stream | (ends ? said_all : 0);
    return Found::nothing;
  }
  if (known < stream) return Found::unexpected;
  if (known == stream) {
    if (record & said_all) return Found::closed;
    if (ends) record |= said_all;
  }
  return little ? Found::brings_nothing : Found::nothing;
}

void H2FrameWatch::end(uint32_t stream) {
  uint32_t& record = record_of(stream);
  if (stream % 2 == 1 && (record & number_bits) == stream) record |= said_all;
}

}  // namespace daruma::http
