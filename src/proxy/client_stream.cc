// SPDX-License-Identifier: Apache-2.0
#include "proxy/client_stream.h"

#include <algorithm>

#include "base/text_writer.h"

namespace daruma::proxy {

void ClientOrigin::write_id(std::string& text) const {
  text.resize(36);
  TextWriter writer(text);
  writer.put("TID_");
  writer.put_hex(id[0], 16);
  writer.put_hex(id[1], 16);
}

ClientStream::ReadOutcome ClientStream::read_readable(size_t size) {
  const size_t least = std::min(size, Buffer::size_max() - in_.size());
  switch (io::read_into(in_, least, *socket_).status) {
    case io::IoStatus::done:
      return ReadOutcome::bytes;
    case io::IoStatus::end:
      return ReadOutcome::ended;
    case io::IoStatus::failed:
      return ReadOutcome::failed;
    case io::IoStatus::blocked:
      break;
  }
  return ReadOutcome::nothing;
}

}  // namespace daruma::proxy
