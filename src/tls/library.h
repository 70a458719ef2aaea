// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. The one place that knows which TLS library is linked: OpenSSL (3.0 or newer) or
// AWS-LC. The other files keep to the API that both share.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace daruma::tls {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* value) const {
    release(value);
  }
};
using OwnedX509 = std::unique_ptr<X509, Releaser<X509_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using OwnedBio = std::unique_ptr<BIO, Releaser<BIO_free>>;
using OwnedBioMethod = std::unique_ptr<BIO_METHOD, Releaser<BIO_meth_free>>;
using OwnedContext = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;

// What the latest error in the thread's queue says, in the library's words; empties the queue.
std::string take_error_text();

// NID of an EC key's curve; NID_undef if the library has no name for it.
int curve_of(EVP_PKEY* key);

// Compares public keys.
bool is_same_key(const EVP_PKEY* a, const EVP_PKEY* b);

// AES-256-CBC, looked up once rather than for every ticket.
struct CipherReleaser {
  void operator()(const EVP_CIPHER* cipher) const;
};
using OwnedCipher = std::unique_ptr<const EVP_CIPHER, CipherReleaser>;
OwnedCipher find_ticket_cipher();

// Seals and opens session tickets with the keys of the connection's ServerContext.
void install_ticket_keys_callback(SSL_CTX* context);

// OpenSSL's scale of what it takes for too weak: 0 allows everything, as TLS 1.0 and 1.1 need for
// their signatures with MD5 and SHA-1; 1 refuses such certificates. AWS-LC has no such scale.
void set_security_level(SSL_CTX* context, int level);

// The group of the key exchange, e.g. "x25519"; null before there is one, and where there is none.
const char* group_name(SSL* ssl);

// How many session tickets a TLS 1.3 server sends after a full handshake.
void set_tickets_per_handshake(SSL_CTX* context, size_t count);

// Lets a server on this connection ask for a new handshake (TLS 1.2 and older).
void allow_renegotiation_by_server(SSL* ssl);

// Gives back the write buffer that OpenSSL takes when it handles a session ticket, and would keep
// until the next write: 16 KB on every idle connection. REQUIRES: the handshake is complete.
void release_write_buffer(SSL* ssl);

// Plaintext that one record to the peer may hold: less than 16 KB where the client asked for that
// (RFC 6066 4). REQUIRES: the handshake is complete.
size_t record_bytes_max(const SSL* ssl);

// Counts in SessionState::steps what clients make the library do beside passing data. AWS-LC has a
// limit of its own.
void count_steps(SSL_CTX* server_context);

// What a client said it can use, as far as it decides which certificate it can be given.
// REQUIRES: called from the certificate callback, where versions and ciphers are known.
struct ClientOffer {
  int version = 0;                // negotiated, e.g. TLS1_3_VERSION
  bool ecdsa_cipher = false;      // TLS 1.2 and older: some common cipher signs with such a key
  bool rsa_cipher = false;        // TLS 1.2 and older
  std::vector<uint16_t> schemes;  // SignatureScheme code points (RFC 8446 4.2.3)
  std::vector<int> curves;        // NIDs; empty if the client, or the library, does not tell
};
ClientOffer client_offer(SSL* ssl);

}  // namespace daruma::tls
