// SPDX-License-Identifier: Apache-2.0
#include "proxy/tunnel.h"

#include <algorithm>

#include "model/limits.h"

namespace daruma::proxy {
namespace {

io::IoResult read_more(const BodyRelay& relay, const Way& way) {
  const size_t room = Buffer::size_max() - way.input.size();
  return io::read_into(way.input, std::min(relay.read_size(), room), way.source);
}

// A reset may follow the source's FIN.
WayStatus ended(const Way& way) {
  char probe;
  const bool failed =
      way.source.readable() && way.source.read({&probe, 1}).status == io::IoStatus::failed;
  return failed ? WayStatus::source_failed : WayStatus::ended;
}

}  // namespace

WayStatus carry(BodyRelay& relay, const Way& way) {
  for (size_t bytes_read = 0;;) {
    switch (relay.pump(way.input, way.pending, way.sink)) {
      case RelayStatus::finished:
        return ended(way);
      case RelayStatus::blocked:
        return WayStatus::open;
      case RelayStatus::malformed:  // there is no framing to break
      case RelayStatus::sink_failed:
        return WayStatus::sink_failed;
      case RelayStatus::needs_input:
        break;
    }
    if (!way.source.readable()) return WayStatus::open;
    if (bytes_read >= model::limits::relay_turn_bytes_max) return WayStatus::turn_over;
    const io::IoResult result = read_more(relay, way);
    bytes_read += result.bytes;
    if (result.status == io::IoStatus::blocked) return WayStatus::open;
    if (result.status == io::IoStatus::failed) return WayStatus::source_failed;
    if (result.status == io::IoStatus::end) relay.source_closed();
  }
}

}  // namespace daruma::proxy
