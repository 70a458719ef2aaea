// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_output.h"

#include "model/limits.h"

namespace daruma::proxy {

Http2Output::Status Http2Output::flush(http::H2Endpoint& endpoint, io::Socket& socket) {
  size_t bytes_written = 0;
  bool more = true;
  while (more && !blocked_) {
    if (bytes_written >= model::limits::relay_turn_bytes_max) return Status::turn_over;
    if (out_.empty()) more = endpoint.fill(out_);
    if (out_.empty()) break;
    const io::IoResult sent = socket.write(out_.view());
    if (sent.status == io::IoStatus::failed) return Status::failed;
    out_.consume(sent.bytes);
    bytes_written += sent.bytes;
    written_ += sent.bytes;
    blocked_ = !out_.empty();
  }
  return Status::done;
}

}  // namespace daruma::proxy
