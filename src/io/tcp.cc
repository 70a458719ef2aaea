// SPDX-License-Identifier: Apache-2.0
#include "io/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace daruma::io::tcp {
namespace {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t encode(const Address& address, SocketAddress& out) {
  std::memset(&out, 0, sizeof out);
  if (address.family() == Address::Family::v4) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(address.port());
    std::memcpy(&out.v4.sin_addr, address.octets().data(), 4);
    return sizeof out.v4;
  }
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(address.port());
  std::memcpy(&out.v6.sin6_addr, address.octets().data(), 16);
  return sizeof out.v6;
}

Address decode(const SocketAddress& in) {
  std::array<uint8_t, 4> v4;
  if (in.any.sa_family == AF_INET) {
    std::memcpy(v4.data(), &in.v4.sin_addr, 4);
    return Address::v4(v4, ntohs(in.v4.sin_port));
  }
  if (in.any.sa_family != AF_INET6) return Address();
  const uint16_t port = ntohs(in.v6.sin6_port);
  std::array<uint8_t, 16> v6;
  std::memcpy(v6.data(), &in.v6.sin6_addr, 16);
  if (!IN6_IS_ADDR_V4MAPPED(&in.v6.sin6_addr)) return Address::v6(v6, port);
  std::copy(v6.begin() + 12, v6.end(), v4.begin());
  return Address::v4(v4, port);
}

void turn_on(const Descriptor& socket, int level, int option, int value = 1) {
  // Fails only for options this kernel lacks, and none of ours is needed to serve.
  (void)setsockopt(socket.number(), level, option, &value, sizeof value);
}

std::string listen_remedy(int error_number, const Address& address) {
  const std::string port = std::to_string(address.port());
  switch (error_number) {
    case EACCES:
      return "; ports below 1024 need root or CAP_NET_BIND_SERVICE, see setcap(8)";
    case EADDRINUSE:
      return "; another process listens there: ss -ltnp 'sport = :" + port + "' names it";
    case EADDRNOTAVAIL:
      return "; no interface of this machine has that address: ip address lists them";
    case EAFNOSUPPORT:
      return "; this machine has that address family turned off";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files, see ulimit -n";
  }
  return "";
}

tl::unexpected<Error> listen_failure(const Address& address) {
  const int error_number = errno;
  return fail("cannot listen on " + address.to_string() + ": " +
              std::generic_category().message(error_number) + listen_remedy(error_number, address));
}

}  // namespace

SocketError error_of(int error_number) {
  switch (error_number) {
    case 0:
      return SocketError::none;
    case ECONNREFUSED:
      return SocketError::refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
      return SocketError::unreachable;
    case ETIMEDOUT:
      return SocketError::timed_out;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return SocketError::reset;
    case EMFILE:
    case ENFILE:
    case EADDRNOTAVAIL:  // connect: every ephemeral port is taken
    case EAGAIN:         // connect: as above, or no room for a route
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:  // epoll_ctl: no watches left
    case EPERM:   // connect: this node's own firewall
    case EACCES:
      return SocketError::local_failure;
  }
  return SocketError::other;
}

SocketError take_error(const Descriptor& socket) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  if (getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
    return SocketError::other;
  }
  return error_of(error_number);
}

Descriptor open_stream(Address::Family family) {
  const int domain = family == Address::Family::v4 ? AF_INET : AF_INET6;
  Descriptor socket(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.is_open()) turn_on(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

bool has_family(Address::Family family) {
  return open_stream(family).is_open() || errno != EAFNOSUPPORT;
}

bool begin_connect(const Descriptor& socket, const Address& address) {
  SocketAddress to;
  const socklen_t size = encode(address, to);
  return connect(socket.number(), &to.any, size) == 0 || errno == EINPROGRESS;
}

Result<Descriptor> open_listening(const Address& address, const ListenOptions& options) {
  // Accepted sockets inherit TCP_NODELAY from it.
  Descriptor socket = open_stream(address.family());
  if (!socket.is_open()) return listen_failure(address);
  turn_on(socket, SOL_SOCKET, SO_REUSEADDR);
  if (options.share_port) turn_on(socket, SOL_SOCKET, SO_REUSEPORT);
  if (address.family() == Address::Family::v6) {
    turn_on(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1 : 0);
  }
  SocketAddress at;
  const socklen_t size = encode(address, at);
  if (bind(socket.number(), &at.any, size) != 0) return listen_failure(address);
  if (listen(socket.number(), options.backlog) != 0) return listen_failure(address);
  return socket;
}

Descriptor accept(const Descriptor& listening, Address& peer) {
  SocketAddress from;
  socklen_t size = sizeof from;
  Descriptor socket(accept4(listening.number(), &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) peer = decode(from);
  return socket;
}

Address local_of(const Descriptor& socket) {
  SocketAddress at;
  socklen_t size = sizeof at;
  if (getsockname(socket.number(), &at.any, &size) != 0) return Address();
  return decode(at);
}

void abort_on_close(const Descriptor& socket) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace daruma::io::tcp
