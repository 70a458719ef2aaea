// SPDX-License-Identifier: Apache-2.0
//
// What nghttp2 lets pass of a client's frames and the RFCs do not, found in their heads before the
// library sees them. Pure. Part of h2_session.
//  - DATA or HEADERS on a stream that the client itself has ended, by END_STREAM or RST_STREAM: it
//    cannot have been on its way. STREAM_CLOSED, of the connection (RFC 9113 5.1 allows that).
//    What still comes on a stream that this side has reset is the library's to pass over.
//  - A stream that was never opened, below one that was (5.1.1): PROTOCOL_ERROR.
//  - PRIORITY for stream 0 (6.3), or of a stream that depends on itself (RFC 7540 5.3.1), though
//    nobody goes by priorities: PROTOCOL_ERROR.
// Frames that bring nothing are told, also of streams that the library passes over: DATA of a few
// bytes, and HEADERS that neither open nor end a stream.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace daruma::http {

class H2FrameWatch {
 public:
  // DATA so small that its frame costs more than it brings. A message of gRPC is never that small.
  static constexpr size_t data_bytes_least = 5;

  enum class Found : uint8_t { nothing, brings_nothing, unexpected, closed };
  struct Verdict {
    size_t good;  // up to and with the head of what brings nothing, or up to what must not be
    Found found;
  };
  // The next bytes of the connection, from its preface on: looks at them as far as `good`. Not to
  // be asked again once a frame was found that must not be.
  Verdict look(std::string_view bytes);

 private:
  // At least as many streams as may be open at once; of older ones nothing is known.
  static constexpr size_t streams_known = 128;
  static constexpr size_t preface_bytes = 24;
  static constexpr size_t frame_head_bytes = 9;
  static constexpr size_t dependency_bytes = 4;

  size_t wanted() const;
  Found judge();
  Found judge_priority() const;
  Found speaks(uint32_t stream);
  void end(uint32_t stream);
  size_t length() const;
  uint32_t stream() const;
  uint32_t& record_of(uint32_t stream) { return streams_[stream / 2 % streams_known]; }

  std::array<uint8_t, frame_head_bytes + dependency_bytes> head_{};
  size_t head_size_ = 0;
  size_t skip_ = preface_bytes;  // of what follows
  uint32_t newest_ = 0;
  // Each the newest stream of its place, with `said_all` where the client has ended it.
  std::array<uint32_t, streams_known> streams_{};
};

}  // namespace daruma::http
