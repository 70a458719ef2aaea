// SPDX-License-Identifier: Apache-2.0
//
// One TLS connection as bytes in, bytes out: no socket, no clock. One large read feeds many
// records.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "tls/context.h"

namespace daruma::tls {

enum class SessionStatus : uint8_t {
  done,        // bytes > 0 of plaintext were moved, or the handshake is complete
  want_input,  // feed() more ciphertext
  closed,      // the peer's close_notify: an orderly end
  failed,      // alert or protocol error; error_text() says which
};

struct SessionResult {
  SessionStatus status;
  size_t bytes = 0;
};

class Session {
 public:
  // The context (and cache) must outlive the session. Ciphertext to send is appended to the Buffer
  // passed to each call, also when the call fails (the alert).
  static std::unique_ptr<Session> accept(ServerContext& context);
  static std::unique_ptr<Session> connect(ClientContext& context, SessionCache* cache,
                                          std::string_view server_name);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ciphertext from the peer. Views `bytes` until it is used up or the next call of
  // release_input(), which copies the rest: so a caller may decrypt straight out of a shared read
  // buffer.
  void feed(std::string_view bytes);
  void release_input();
  // Bytes fed and not yet used.
  size_t input_pending() const;

  SessionResult handshake(Buffer& ciphertext);
  bool handshake_done() const;
  // REQUIRES: handshake_done().
  SessionResult read(std::span<char> plain, Buffer& ciphertext);
  // Encrypts all of it, in records of up to 16 KB. REQUIRES: handshake_done(); room for it in
  // ciphertext.
  SessionResult write(std::string_view plain, Buffer& ciphertext);
  void close_notify(Buffer& ciphertext);

  // Valid once handshake_done().
  std::string_view version() const;  // "TLSv1.3"
  std::string_view cipher() const;   // "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"
  bool resumed() const;
  std::string_view server_name() const;       // SNI; "" if none
  std::string_view certificate_name() const;  // server side: which one was chosen
  std::string_view alpn() const;              // "" if none
  // True if the first bytes were plain HTTP (server side, after `failed`).
  bool peer_spoke_http() const;
  const std::string& error_text() const { return error_text_; }

 private:
  Session() = default;
  struct Io;
  std::unique_ptr<Io> io_;
  SSL* ssl_ = nullptr;
  std::string error_text_;
};

}  // namespace daruma::tls
