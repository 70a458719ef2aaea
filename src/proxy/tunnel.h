// SPDX-License-Identifier: Apache-2.0
//
// One direction of an upgraded connection (RFC 9110 7.8): what the source says reaches the sink
// untouched, in memory bounded by `input`. When the sink takes no more, nothing is read from the
// source: a slow side pauses the fast side.
#pragma once

#include "base/buffer.h"
#include "io/socket.h"
#include "proxy/relay.h"

namespace daruma::proxy {

struct Way {
  io::Socket& source;
  Buffer& input;    // read from the source and not yet written
  Buffer& pending;  // leaves before it: the head of the 101
  io::Socket& sink;
};

enum class WayStatus : uint8_t {
  open,           // waits for either side
  turn_over,      // could go on at once: others have their turn first
  ended,          // the source has said all (FIN), and all of it is written
  source_failed,  // its connection is dead; what it had said before is written
  sink_failed,    // the sink's is
};

// Moves what can be moved now. REQUIRES: relay.begin() with Framing::until_close for both.
WayStatus carry(BodyRelay& relay, const Way& way);

}  // namespace daruma::proxy
