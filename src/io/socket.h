// SPDX-License-Identifier: Apache-2.0
//
// One stream connection, and one listening socket, as the Loop offers them. transport::SecureSocket
// is a Socket too, so whoever speaks HTTP need not know whether TLS lies beneath.
//
// Readiness is remembered, edge by edge: after on_readable(), read until readable() is false; the
// next on_readable() comes only when more has arrived since. A read that returns fewer bytes than
// asked for is no sign of it: the end may have come in the same event.
// Whoever stops reading earlier (because the other side is slow) simply calls read() again later,
// without waiting for a call. So no system call is ever spent on learning that there is nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/buffer.h"

namespace daruma::io {

enum class IoStatus : uint8_t {
  done,     // bytes > 0 were moved
  blocked,  // nothing now; on_readable / on_writable will be called
  end,      // read only: the peer finished sending in an orderly way (FIN; with TLS, close_notify)
  // The connection is dead; see Socket::error(). After a write that failed, read() still gives what
  // had arrived before: often the answer that explains the reset. Never `end` then.
  failed,
};

struct IoResult {
  IoStatus status;
  size_t bytes = 0;
};

// Why a connection could not be made or died. Closed list: reasons shown to people are derived from
// it.
enum class SocketError : uint8_t {
  none,
  refused,        // ECONNREFUSED: nobody listens, or its queue is full and set to reset
  unreachable,    // no route, ICMP unreachable
  timed_out,      // the kernel's own time-out
  reset,          // RST from the peer
  tls_handshake,  // the TLS handshake failed: alert, bad record, no common parameters
  tls_record,     // a record after the handshake did not decrypt, or a fatal alert came
  tls_truncated,  // FIN without close_notify
  local_failure,  // this node's: no descriptors, ports or memory, or its own firewall forbids it
  other,
};
std::string_view name_of(SocketError error);

class Socket;

// Calls come from the loop's thread, never from inside a call into the Socket.
class SocketHandler {
 public:
  // An outgoing connection (and its TLS handshake) is complete, or an accepted one's TLS handshake
  // is. Never called for an accepted plain socket.
  virtual void on_connected() {}
  // The connection or handshake failed; the socket's error() says why. Nothing follows.
  virtual void on_connect_failed() {}
  virtual void on_readable() = 0;
  // After a write that returned `blocked` or moved less than asked.
  virtual void on_writable() = 0;

 protected:
  ~SocketHandler() = default;
};

// Destroying a Socket closes it (FIN) and may happen at any time, also within its handler's call:
// no call follows.
class Socket {
 public:
  virtual ~Socket() = default;

  virtual void set_handler(SocketHandler& handler) = 0;
  // True if read() might return something else than `blocked`. Costs no system call.
  virtual bool readable() const = 0;
  virtual IoResult read(std::span<char> into) = 0;
  // Gathers up to 4 pieces. REQUIRES: finish_writing() was not called. A TLS socket may keep
  // accepted bytes until the network takes them (bounded).
  virtual IoResult write(std::span<const std::string_view> pieces) = 0;
  IoResult write(std::string_view bytes) { return write(std::span(&bytes, 1)); }
  // Says "no more from this side" after everything written so far (FIN; with TLS close_notify
  // first). Reading goes on.
  virtual void finish_writing() = 0;
  // Makes destruction send RST instead of FIN: the peer must not take what it got for complete.
  virtual void abort_on_close() = 0;
  // Accepted bytes not yet given to the network: always 0 for plain sockets.
  virtual size_t pending_bytes() const { return 0; }
  virtual SocketError error() const = 0;
  virtual Address local() const = 0;
  virtual Address peer() const = 0;
};

// Reads behind what `buffer` holds, into at least `least` bytes of room. A buffer that is empty
// after it holds no slab. REQUIRES: buffer.size() + least <= Buffer::size_max().
IoResult read_into(Buffer& buffer, size_t least, Socket& socket);

class AcceptHandler {
 public:
  // The socket has no handler yet: set one before returning, or drop it.
  virtual void on_accept(std::unique_ptr<Socket> socket) = 0;
  // The system refused to hand over a connection (out of descriptors or memory). They stay in its
  // queue, and accepting goes on by itself after a moment; called once per such pause, for whoever
  // counts them.
  virtual void on_accept_paused(SocketError) {}

 protected:
  ~AcceptHandler() = default;
};

// Destroying it closes the listening socket.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  virtual Address local() const = 0;
  // No on_accept follows, also from within on_accept, until resume(): new connections wait in the
  // kernel's listen queue, as far as its backlog goes. Both may be called at any time and repeat.
  virtual void pause() = 0;
  virtual void resume() = 0;
};

}  // namespace daruma::io
