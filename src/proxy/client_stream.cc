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
  const std::span<char> room = in_.prepare(std::min(size, Buffer::size_max() - in_.size()));
  const io::IoResult result = socket_->read(room);
  if (result.status == io::IoStatus::done) {
    in_.commit(result.bytes);
    return ReadOutcome::bytes;
  }
  in_.release_if_empty();
  switch (result.status) {
    case io::IoStatus::end:
      return ReadOutcome::ended;
    case io::IoStatus::failed:
      return ReadOutcome::failed;
    case io::IoStatus::done:
    case io::IoStatus::blocked:
      break;
  }
  return ReadOutcome::nothing;
}

}  // namespace daruma::proxy
