// SPDX-License-Identifier: Apache-2.0
#include "io/socket.h"

namespace daruma::io {

std::string_view name_of(SocketError error) {
  switch (error) {
    case SocketError::none:
      return "none";
    case SocketError::refused:
      return "refused";
    case SocketError::unreachable:
      return "unreachable";
    case SocketError::timed_out:
      return "timed_out";
    case SocketError::reset:
      return "reset";
    case SocketError::tls_handshake:
      return "tls_handshake";
    case SocketError::tls_record:
      return "tls_record";
    case SocketError::tls_truncated:
      return "tls_truncated";
    case SocketError::local_failure:
      return "local_failure";
    case SocketError::other:
      return "other";
  }
  return "other";
}

IoResult read_into(Buffer& buffer, size_t least, Socket& socket) {
  const IoResult result = socket.read(buffer.prepare(least));
  if (result.status == IoStatus::done) {
    buffer.commit(result.bytes);
  } else {
    buffer.release_if_empty();
  }
  return result;
}

}  // namespace daruma::io
