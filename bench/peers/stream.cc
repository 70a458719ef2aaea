// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace daruma::peers {
namespace {

// Enough for several records in one read.
constexpr size_t tls_read_bytes = 64 * 1024;

TlsContext make_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method));
  if (!context) give_up("OpenSSL gives no context");
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read for a record and what comes with it, instead of one for its five bytes of header and
  // another for the rest: the least that TLS can cost.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), tls_read_bytes);
  return context;
}

sockaddr_in socket_address(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
    give_up("not an IPv4 address: " + address);
  }
  return result;
}

void set_no_delay(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace

void give_up(const std::string& what) {
  std::cerr << what << std::endl;
  std::exit(1);
}

TlsContext make_server_context(const std::string& certificate_file, const std::string& key_file) {
  TlsContext context = make_context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    give_up("cannot use " + certificate_file + " with " + key_file);
  }
  SSL_CTX_set_num_tickets(context.get(), 1);
  static constexpr unsigned char id[] = "peers";
  SSL_CTX_set_session_id_context(context.get(), id, sizeof id);
  return context;
}

TlsContext make_client_context() {
  return make_context(TLS_client_method());
}

Stream::Stream(io::Descriptor socket, SSL_CTX* tls, Role role)
    : socket_(std::move(socket)), established_(tls == nullptr) {
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls));
  if (!tls_ || SSL_set_fd(tls_.get(), fd()) != 1) give_up("OpenSSL gives no connection");
  if (role == Role::server) {
    SSL_set_accept_state(tls_.get());
  } else {
    SSL_set_connect_state(tls_.get());
  }
}

Stream::~Stream() {
  if (tls_ && established_) SSL_shutdown(tls_.get());
  ERR_clear_error();
}

Step Stream::handshake() {
  if (established_) return Step::done;
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) {
    established_ = true;
    return Step::done;
  }
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::blocked;
  ERR_clear_error();
  return Step::ended;
}

Moved Stream::read(std::span<char> into) {
  size_t bytes = 0;
  if (!tls_) {
    const ssize_t result = recv(fd(), into.data(), into.size(), 0);
    if (result > 0) return {Step::done, static_cast<size_t>(result)};
    return {result < 0 && errno == EAGAIN ? Step::blocked : Step::ended};
  }
  const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &bytes);
  if (result == 1) return {Step::done, bytes};
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {Step::blocked};
  ERR_clear_error();
  established_ = false;  // nothing more is said on it
  return {Step::ended};
}

Moved Stream::write(std::string_view from) {
  size_t bytes = 0;
  if (!tls_) {
    const ssize_t result = send(fd(), from.data(), from.size(), MSG_NOSIGNAL);
    if (result >= 0) return {Step::done, static_cast<size_t>(result)};
    return {errno == EAGAIN ? Step::blocked : Step::ended};
  }
  const int result = SSL_write_ex(tls_.get(), from.data(), from.size(), &bytes);
  if (result == 1) return {Step::done, bytes};
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {Step::blocked};
  ERR_clear_error();
  established_ = false;
  return {Step::ended};
}

Listener::Listener(Poller& poller, const std::string& address, uint16_t port, Accept accept)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      accept_(std::move(accept)) {
  const sockaddr_in at = socket_address(address, port);
  const int one = 1;
  setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(socket_.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      listen(socket_.number(), 4096) != 0) {
    give_up("cannot listen on " + address + ":" + std::to_string(port) + ": " +
            std::strerror(errno));
  }
  poller.add(socket_.number(), EPOLLIN, *this);
}

void Listener::on_event() {
  // Some at a time: connections that are there have their turn in between.
  for (int i = 0; i < 64; ++i) {
    io::Descriptor accepted(
        ::accept4(socket_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.number() < 0) return;
    set_no_delay(accepted.number());
    accept_(std::move(accepted));
  }
}

io::Descriptor begin_connect(const std::string& address, uint16_t port) {
  io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.number() < 0) give_up("no more descriptors: raise `ulimit -n`");
  set_no_delay(socket.number());
  const sockaddr_in to = socket_address(address, port);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS) {
    give_up("cannot connect to " + address + ":" + std::to_string(port) + ": " +
            std::strerror(errno));
  }
  return socket;
}

}  // namespace daruma::peers
