// SPDX-License-Identifier: Apache-2.0
//
// One connection that does not block, plain or with TLS, straight on top of OpenSSL: what the
// origin, the relay and the generator of the comparison read and write.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/descriptor.h"
#include "poller.h"

namespace daruma::peers {

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;
using TlsSession = std::unique_ptr<SSL_SESSION, FreeTls>;

// Both end the program with a message where OpenSSL refuses: there is nothing to measure then.
// Versions, ciphers and groups are OpenSSL's own choice, as for the peers.
TlsContext make_server_context(const std::string& certificate_file, const std::string& key_file);
TlsContext make_client_context();

enum class Role : uint8_t { client, server };
enum class Step : uint8_t { done, blocked, ended };

struct Moved {
  Step step;
  size_t bytes = 0;
};

class Stream {
 public:
  // `tls` null: plain. It must outlive the stream.
  Stream(io::Descriptor socket, SSL_CTX* tls, Role role);
  // Says close_notify where TLS was spoken.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int fd() const { return socket_.number(); }
  SSL* tls() const { return tls_.get(); }

  // The TLS handshake, as far as it goes; `done` at once where there is none.
  Step handshake();
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  // Whether bytes may be waiting above the socket, where epoll does not see them.
  bool holds_bytes() const { return tls_ && SSL_has_pending(tls_.get()) == 1; }

 private:
  io::Descriptor socket_;
  std::unique_ptr<SSL, FreeTls> tls_;
  bool established_;
};

// What connections a socket of ours is listening for, handed to `accept` one by one.
class Listener final : public Watched {
 public:
  using Accept = std::function<void(io::Descriptor)>;
  // Ends the program with a message if the address is taken.
  Listener(Poller& poller, const std::string& address, uint16_t port, Accept accept);
  void on_event() override;

 private:
  io::Descriptor socket_;
  Accept accept_;
};

// A connection that has begun to be made; writable once it is there.
io::Descriptor begin_connect(const std::string& address, uint16_t port);

// Prints `what` and ends the program.
[[noreturn]] void give_up(const std::string& what);

}  // namespace daruma::peers
