// SPDX-License-Identifier: Apache-2.0
#include "sim/deep_socket.h"

#include <algorithm>

namespace daruma::sim {

io::IoResult DeepSocket::write(std::span<const std::string_view> pieces) {
  size_t asked = 0, accepted = 0;
  for (const std::string_view piece : pieces) {
    const size_t room = output_bytes_max_ - std::min(output_bytes_max_, output_.size());
    asked += piece.size();
    accepted += std::min(room, piece.size());
    output_.append(piece.substr(0, room));
  }
  if (accepted > 0) lower_->note_accepted();
  flush();
  if (failed_) return {io::IoStatus::failed};
  if (accepted < asked) write_wanted_ = true;
  return {accepted == 0 ? io::IoStatus::blocked : io::IoStatus::done, accepted};
}

void DeepSocket::flush() {
  while (!failed_ && !blocked_ && !output_.empty()) {
    const io::IoResult result = lower_->write(output_);
    failed_ = result.status == io::IoStatus::failed;
    output_.erase(0, result.bytes);
    blocked_ = !failed_ && !output_.empty();
  }
  if (failed_) output_.clear();
}

void DeepSocket::finish_writing() {
  if (finishing_) return;
  finishing_ = true;
  lower_->note_finishing();
  if (output_.empty()) return lower_->finish_writing();
  write_wanted_ = true;
}

void DeepSocket::on_writable() {
  blocked_ = false;
  flush();
  if (finishing_ && output_.empty()) lower_->finish_writing();
  const size_t low = finishing_ ? 0 : output_bytes_max_ / 2;
  if (!write_wanted_ || output_.size() > low) return;
  write_wanted_ = false;
  handler_->on_writable();
}

}  // namespace daruma::sim
