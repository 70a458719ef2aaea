// SPDX-License-Identifier: Apache-2.0
//
// What the HTTP/2 connections of a worker hold in memory of what passes through them: looked at by
// the auditor of the simulation, which holds them to their bounds.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/intrusive_list.h"

namespace daruma::proxy {

struct Http2Memory {
  size_t streams = 0;           // that there are
  size_t stream_bytes_max = 0;  // bytes of a body, in one direction, that one of them holds
  size_t bytes = 0;             // of all together: bodies, heads, frames that wait

  void add_stream(size_t received, size_t waiting) {
    ++streams;
    stream_bytes_max = std::max({stream_bytes_max, received, waiting});
    bytes += received;
  }
};

// A connection. Known to its worker's environment.
class Http2Holder : public ListNode<Http2Holder> {
 public:
  virtual Http2Memory memory() = 0;

 protected:
  ~Http2Holder() = default;
};

// The bounds. What a connection may hold of which kind is set where it is made.
inline constexpr size_t http2_connection_bytes_max = 1024 * 1024;
// 64 KB of a body, and the heads of the chunks that frame it for who reads it as HTTP/1.1 (ADR 7).
inline constexpr size_t http2_stream_bytes_max = 68 * 1024;

}  // namespace daruma::proxy
