// SPDX-License-Identifier: Apache-2.0
//
// For tests: a peer made of the TLS library alone, with every knob open, and the means to let two
// ends talk in memory.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "tls/certificate_for_test.h"
#include "tls/session.h"

namespace daruma::tls::testing {

class TestPeer {
 public:
  enum class Side { client, server };
  // `prepare` turns the knobs. A server has the certificate.
  TestPeer(Side side, const std::function<void(SSL_CTX*)>& prepare,
           const CertificateText* certificate = nullptr)
      : context_(SSL_CTX_new(TLS_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    if (certificate != nullptr) use(*certificate);
    if (prepare) prepare(context_.get());
    ssl_ = SSL_new(context_.get());
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (side == Side::client) {
      SSL_set_connect_state(ssl_);
    } else {
      SSL_set_accept_state(ssl_);
    }
  }
  ~TestPeer() { SSL_free(ssl_); }
  TestPeer(const TestPeer&) = delete;
  TestPeer& operator=(const TestPeer&) = delete;

  SSL* ssl() { return ssl_; }
  void feed(std::string_view bytes) {
    BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size()));
  }
  // What it wants to send.
  std::string take_output() {
    std::string output = text_of(SSL_get_wbio(ssl_));
    BIO_reset(SSL_get_wbio(ssl_));
    return output;
  }
  bool handshake() { return SSL_do_handshake(ssl_) == 1; }
  // All that can be read now.
  std::string read() {
    std::string plain;
    char bytes[4096];
    for (int n; (n = SSL_read(ssl_, bytes, sizeof bytes)) > 0;) {
      plain.append(bytes, static_cast<size_t>(n));
    }
    return plain;
  }
  bool write(std::string_view plain) {
    return SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())) ==
           static_cast<int>(plain.size());
  }
  // The common name of the certificate that the other side showed.
  std::string peer_common_name() {
    X509* certificate = SSL_get_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }

 private:
  void use(const CertificateText& certificate) {
    const OwnedBio chain(BIO_new_mem_buf(certificate.chain_pem.data(), -1));
    const OwnedBio key(BIO_new_mem_buf(certificate.key_pem.data(), -1));
    const OwnedX509 leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    const OwnedKey secret(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), leaf.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), secret.get()), 1);
  }

  OwnedContext context_;
  SSL* ssl_;
};

// Takes everything out of a buffer.
inline std::string take(Buffer& buffer) {
  std::string bytes(buffer.view());
  buffer.clear();
  return bytes;
}

inline std::string random_bytes(size_t size, uint64_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

// Gives `bytes` to the session in pieces of `chunk` and calls `step` after each.
inline void deliver(Session& session, std::string_view bytes, size_t chunk, const auto& step) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk, bytes.size()))) {
    // A copy of its own, so that the sanitizer sees whoever keeps a view.
    const std::string piece(bytes.substr(0, chunk));
    session.feed(piece);
    step();
    session.release_input();
    if (session.input_pending() > 0) {
      step();
      ASSERT_EQ(session.input_pending(), 0u);
    }
  }
}

// Handshakes a session with a test peer, all bytes at once. What the session's side returned last.
inline SessionStatus handshake(Session& session, TestPeer& peer, Buffer& out) {
  SessionStatus status = SessionStatus::want_input;
  for (int round = 0; round < 8; ++round) {
    peer.handshake();
    const std::string bytes = peer.take_output();
    if (!bytes.empty()) session.feed(bytes);
    status = session.handshake(out).status;
    session.release_input();
    peer.feed(take(out));
    if (status == SessionStatus::failed) peer.handshake();
    if (status != SessionStatus::want_input) return status;
  }
  return status;
}

}  // namespace daruma::tls::testing
