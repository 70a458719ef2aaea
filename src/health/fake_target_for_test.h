// SPDX-License-Identifier: Apache-2.0
//
// A target that answers each connection with a script, plain or over TLS.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health/fake_network_for_test.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::health {

class FakeTarget final : private io::AcceptHandler {
 public:
  class Connection final : private io::SocketHandler {
   public:
    explicit Connection(FakeTarget& target) : target_(target) {}
    void begin(std::unique_ptr<io::Socket> socket) {
      if (!target_.tls_) {
        socket_ = std::move(socket);
        socket_->set_handler(*this);
        return on_readable();
      }
      auto secure = transport::SecureSocket::accept(target_.loop_, *target_.transport_,
                                                    *target_.tls_, std::move(socket), *this);
      secure_ = secure.get();
      socket_ = std::move(secure);
    }

    Connection& send(std::string_view bytes) {
      socket_->write(bytes);
      return *this;
    }
    // The end comes with the last bytes. REQUIRES: no TLS.
    void end_with(std::string_view bytes) { FakeLoop::end_with(*socket_, bytes); }
    // In the next turn, so that the caller's socket is not destroyed beneath it.
    void close() {
      target_.loop_.post([this] { socket_.reset(); });
    }
    void reset() {
      socket_->abort_on_close();
      close();
    }

   private:
    void on_connected() override {
      if (secure_->session().resumed()) ++target_.resumptions_;
    }
    void on_readable() override {
      char bytes[4096];
      while (socket_) {
        const io::IoResult got = socket_->read(bytes);
        if (got.status != io::IoStatus::done) return;
        request_.append(bytes, got.bytes);
        if (!request_.ends_with("\r\n\r\n")) continue;
        target_.requests_.push_back(std::exchange(request_, ""));
        if (target_.script_) target_.script_(*this);
      }
    }
    void on_writable() override {}

    FakeTarget& target_;
    std::unique_ptr<io::Socket> socket_;
    const transport::SecureSocket* secure_ = nullptr;
    std::string request_;
  };

  // Called with each whole request head.
  using Script = std::function<void(Connection&)>;

  FakeTarget(FakeLoop& loop, const Address& address) : loop_(loop), address_(address) { start(); }

  void start() { acceptor_ = std::move(*loop_.listen(address_, *this, {})); }
  void stop() { acceptor_.reset(); }
  // From now on handshakes before the first byte.
  void use_tls(transport::SecureTransport& transport, tls::ServerContext& context) {
    transport_ = &transport;
    tls_ = &context;
  }
  void on_request(Script script) { script_ = std::move(script); }
  void answer(std::string response) {
    on_request([response](Connection& connection) { connection.send(response).close(); });
  }
  void answer_status(int status) {
    answer("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 2\r\n\r\nok");
  }
  // Accepts TCP and says nothing: to HTTPS probes, the handshake is never answered.
  void stay_silent() { silent_ = true; }
  void reset_at_once() { resets_ = true; }

  const std::vector<std::string>& requests() const { return requests_; }
  const std::vector<Instant>& times() const { return times_; }
  size_t connections() const { return connections_; }
  size_t resumptions() const { return resumptions_; }

 private:
  void on_accept(std::unique_ptr<io::Socket> socket) override;

  FakeLoop& loop_;
  const Address address_;
  std::unique_ptr<io::Acceptor> acceptor_;
  transport::SecureTransport* transport_ = nullptr;
  tls::ServerContext* tls_ = nullptr;
  Script script_;
  bool silent_ = false;
  bool resets_ = false;
  std::vector<std::string> requests_;
  std::vector<Instant> times_;
  size_t connections_ = 0;
  size_t resumptions_ = 0;
  std::list<Connection> open_;
  std::vector<std::unique_ptr<io::Socket>> kept_;
};

inline void FakeTarget::on_accept(std::unique_ptr<io::Socket> socket) {
  ++connections_;
  times_.push_back(loop_.now());
  if (resets_) return socket->abort_on_close();
  if (silent_) {
    // Kept, or the peer would see it close.
    kept_.push_back(std::move(socket));
    return;
  }
  open_.emplace_back(*this).begin(std::move(socket));
}

}  // namespace daruma::health
