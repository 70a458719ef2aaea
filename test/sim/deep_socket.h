// SPDX-License-Identifier: Apache-2.0
//
// A socket that accepts more than the network takes, as a TLS socket does
// (transport/secure_socket.h has the contract): what it keeps is lost if it is destroyed too early.
#pragma once

#include <memory>
#include <string>

#include "io/socket.h"
#include "sim/sim_loop.h"

namespace daruma::sim {

class DeepSocket final : public io::Socket, private io::SocketHandler {
 public:
  DeepSocket(std::unique_ptr<SimSocket> lower, size_t output_bytes_max)
      : output_bytes_max_(output_bytes_max), lower_(std::move(lower)) {
    lower_->set_handler(*this);
  }
  ~DeepSocket() override { lower_->note_lost(output_.size()); }

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override { return lower_->readable(); }
  io::IoResult read(std::span<char> into) override { return lower_->read(into); }
  io::IoResult write(std::span<const std::string_view> pieces) override;
  using io::Socket::write;
  void finish_writing() override;
  void abort_on_close() override { lower_->abort_on_close(); }
  size_t pending_bytes() const override { return output_.size(); }
  io::SocketError error() const override { return lower_->error(); }
  Address local() const override { return lower_->local(); }
  Address peer() const override { return lower_->peer(); }

 private:
  void on_readable() override { handler_->on_readable(); }
  void on_writable() override;
  void flush();

  const size_t output_bytes_max_;
  std::unique_ptr<SimSocket> lower_;
  io::SocketHandler* handler_ = nullptr;
  std::string output_;
  bool blocked_ = false;       // the lower socket will call on_writable
  bool write_wanted_ = false;  // the handler waits for on_writable
  bool failed_ = false;
  bool finishing_ = false;
};

}  // namespace daruma::sim
