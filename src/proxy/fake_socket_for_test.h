// SPDX-License-Identifier: Apache-2.0
//
// A socket for tests: it says what it is told to, and takes at most `room` bytes more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "io/socket.h"

namespace daruma::proxy {

class FakeSocket final : public io::Socket {
 public:
  void set_handler(io::SocketHandler&) override {}
  bool readable() const override { return !says.empty() || end != io::IoStatus::blocked; }
  io::IoResult read(std::span<char> into) override {
    if (says.empty()) return {end};
    const size_t n = std::min(says.size(), into.size());
    std::copy_n(says.data(), n, into.data());
    says.erase(0, n);
    largest_read = std::max(largest_read, n);
    return {io::IoStatus::done, n};
  }
  io::IoResult write(std::span<const std::string_view> pieces) override {
    ++writes;
    if (dead) return {io::IoStatus::failed};
    size_t taken = 0;
    for (const std::string_view piece : pieces) {
      const size_t part = std::min(piece.size(), room);
      heard += piece.substr(0, part);
      room -= part;
      taken += part;
    }
    if (taken == 0) return {io::IoStatus::blocked};
    return {io::IoStatus::done, taken};
  }
  void finish_writing() override {}
  void abort_on_close() override {}
  io::SocketError error() const override { return io::SocketError::none; }
  Address local() const override { return {}; }
  Address peer() const override { return {}; }

  std::string says;
  io::IoStatus end = io::IoStatus::blocked;  // what follows that
  std::string heard;
  size_t room = SIZE_MAX;  // 0: blocked
  size_t largest_read = 0;
  int writes = 0;
  bool dead = false;
};

}  // namespace daruma::proxy
