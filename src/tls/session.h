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
#include "base/client_certificate.h"
#include "tls/context.h"

namespace daruma::tls {

struct SessionState;

enum class SessionStatus : uint8_t {
  done,        // bytes > 0 of plaintext were moved, or the handshake is complete
  want_input,  // feed() more ciphertext
  closed,      // the peer's close_notify: an orderly end
  failed,      // alert or protocol error; error_text() says which
};

enum class CertificateProblem : uint8_t {
  none,
  expired,    // or not valid yet
  untrusted,  // no chain to an authority that is trusted
  wrong_name
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
  // Resumes a session of the cache if there is one; `cache` may be null. `server_name` is a DNS
  // name for SNI, or empty for none. Where the context verifies, it is what the certificate must be
  // for; then it may also be an IP address, which is not sent. REQUIRES: then it is not empty.
  static std::unique_ptr<Session> connect(ClientContext& context, SessionCache* cache,
                                          std::string_view server_name,
                                          AlpnOffer offer = AlpnOffer::nothing);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ciphertext from the peer. Views `bytes` until it is used up or the next call of
  // release_input(), which copies the rest: so a caller may decrypt straight out of a shared read
  // buffer. REQUIRES: input_pending() == 0.
  void feed(std::string_view bytes);
  void release_input();
  // Bytes fed and not yet used.
  size_t input_pending() const;
  // True if read() may have something to tell without more input: plaintext, unused input, the end.
  bool readable() const;

  SessionResult handshake(Buffer& ciphertext);
  bool handshake_done() const { return established_; }
  // Fills `plain` as far as the input goes, from as many records as it takes; `want_input` only if
  // nothing was moved. REQUIRES: handshake_done().
  SessionResult read(std::span<char> plain, Buffer& ciphertext);
  // Encrypts all of it, in as few records as the peer allows: `done`. Less, with `want_input`,
  // while a target renegotiates. REQUIRES: handshake_done(); no close_notify() before; room in
  // ciphertext for ciphertext_max(plain.size()).
  SessionResult write(std::string_view plain, Buffer& ciphertext);
  // The last thing this side says; reading goes on.
  void close_notify(Buffer& ciphertext);

  // REQUIRES: handshake_done().
  size_t ciphertext_max(size_t plain) const {
    return plain + (plain / record_bytes_ + 1) * record_overhead_max;
  }

  static constexpr size_t record_bytes_max = 16 * 1024;  // of plaintext (RFC 8446 5.1)
  static constexpr size_t record_bytes_least = 512;      // that a client may ask for (RFC 6066 4)
  // Header, padding, MAC or tag, and the empty record that TLS 1.0 puts before a CBC one.
  static constexpr size_t record_overhead_max = 256;

  // Valid once handshake_done().
  std::string_view version() const;  // "TLSv1.3"
  std::string_view cipher() const;   // "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"
  std::string_view group() const;    // of the key exchange: "x25519"; "" if there was none
  bool resumed() const;
  bool http2_chosen() const;             // by ALPN
  std::string_view server_name() const;  // SNI; "" if none
  // Server side: which one was chosen; "" if the session was resumed, and none was sent.
  std::string_view certificate_name() const;
  // Server side: null if none was asked for, or sent.
  const ClientCertificate* client_certificate() const { return client_certificate_.get(); }
  // Server side: subject, serial number and validity of what the client sent, whether it was
  // accepted or not, and whatever targets are told; for logs. All empty if none was asked for, or
  // sent.
  ClientCertificate presented_certificate() const;
  // Server side, after `failed`: why the client's certificate was not accepted, if it was that.
  ClientCertificateProblem client_certificate_problem() const;
  // Client side, after `failed`: why the target's certificate was not accepted, if it was that.
  CertificateProblem certificate_problem() const;
  // True if the first bytes were plain HTTP (server side, after `failed`).
  bool peer_spoke_http() const;
  const std::string& error_text() const { return error_text_; }

 private:
  // A call into the library, and the buffer that its BIO writes to meanwhile.
  class Call;
  Session(SSL_CTX* context, std::unique_ptr<SessionState> state);
  SessionStatus status_of(int returned);
  void keep_renewed_ticket();
  bool too_many_steps() const;

  std::unique_ptr<SessionState> state_;
  SSL* ssl_;
  size_t record_bytes_ = record_bytes_max;  // that records to this peer may hold
  uint64_t bytes_read_ = 0;
  bool established_ = false;
  // How reading ended; `done` while it has not.
  SessionStatus end_ = SessionStatus::done;
  std::string error_text_;
  std::unique_ptr<const ClientCertificate> client_certificate_;
};

}  // namespace daruma::tls
