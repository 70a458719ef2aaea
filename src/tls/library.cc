// SPDX-License-Identifier: Apache-2.0
#include "tls/library.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <cstring>
#include <string_view>

#include "base/check.h"
#include "tls/session_state.h"
#include "tls/ticket_keys.h"

#if defined(OPENSSL_IS_AWSLC)
#include <openssl/ec_key.h>
#include <openssl/hmac.h>
#else
#include <openssl/core_names.h>
#endif

namespace daruma::tls {
namespace {

#if defined(OPENSSL_IS_AWSLC)

using MacContext = HMAC_CTX;

bool start_mac(MacContext* mac, std::string_view key) {
  return HMAC_Init_ex(mac, key.data(), key.size(), EVP_sha256(), nullptr) == 1;
}

void add_curves(SSL*, std::vector<int>&) {}  // AWS-LC does not tell

std::vector<uint16_t> peer_schemes(SSL* ssl) {
  const uint16_t* schemes = nullptr;
  const size_t count = SSL_get0_peer_verify_algorithms(ssl, &schemes);
  return {schemes, schemes + count};
}

#else

using MacContext = EVP_MAC_CTX;

bool start_mac(MacContext* mac, std::string_view key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<char*>(key.data()),
                                        key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

void add_curves(SSL* ssl, std::vector<int>& curves) {
  const long count = SSL_get1_groups(ssl, nullptr);
  if (count <= 0) return;
  curves.resize(static_cast<size_t>(count));
  SSL_get1_groups(ssl, curves.data());
}

std::vector<uint16_t> peer_schemes(SSL* ssl) {
  std::vector<uint16_t> schemes;
  const int count = SSL_get_sigalgs(ssl, 0, nullptr, nullptr, nullptr, nullptr, nullptr);
  for (int i = 0; i < count; ++i) {
    unsigned char low = 0;
    unsigned char high = 0;
    SSL_get_sigalgs(ssl, i, nullptr, nullptr, nullptr, &low, &high);
    schemes.push_back(static_cast<uint16_t>(high << 8 | low));
  }
  return schemes;
}

#endif

// The libraries' convention for ticket callbacks: negative is an error, 0 "no such key" (full
// handshake), 1 the key is good, 2 it is good and the client should get a newer ticket.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              MacContext* mac, int encrypt) {
  const TicketKeyRing* ring = state_of(ssl).ticket_keys;
  DARUMA_ASSERT(ring != nullptr);
  const std::string_view wanted(reinterpret_cast<const char*>(name), TicketKeyRing::name_bytes);
  const TicketKeyRing::Key* key = encrypt != 0 ? &ring->current() : ring->find(wanted);
  if (key == nullptr) return 0;
  const auto* aes = reinterpret_cast<const unsigned char*>(key->aes().data());
  if (encrypt != 0) {
    std::memcpy(name, key->name().data(), TicketKeyRing::name_bytes);
    if (RAND_bytes(iv, EVP_CIPHER_iv_length(ring->cipher())) != 1) return -1;
  }
  if (EVP_CipherInit_ex(cipher, ring->cipher(), nullptr, aes, iv, encrypt) != 1) return -1;
  if (!start_mac(mac, key->hmac())) return -1;
  // A client of TLS 1.3 uses a ticket once.
  const bool renew = key != &ring->current() || SSL_version(ssl) >= TLS1_3_VERSION;
  return encrypt == 0 && renew ? 2 : 1;
}

bool usable_at(const SSL_CIPHER* cipher, int version) {
  return version >= TLS1_2_VERSION || std::strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.2") != 0;
}

void add_ciphers(SSL* ssl, ClientOffer& offer) {
  const STACK_OF(SSL_CIPHER)* theirs = SSL_get_client_ciphers(ssl);
  const STACK_OF(SSL_CIPHER)* ours = SSL_get_ciphers(ssl);
  if (theirs == nullptr || ours == nullptr) return;
  for (size_t i = 0; i < static_cast<size_t>(sk_SSL_CIPHER_num(theirs)); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(theirs, static_cast<int>(i));
    if (!usable_at(cipher, offer.version)) continue;
    bool common = false;
    for (size_t j = 0; j < static_cast<size_t>(sk_SSL_CIPHER_num(ours)) && !common; ++j) {
      common = SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ours, static_cast<int>(j))) ==
               SSL_CIPHER_get_id(cipher);
    }
    const int signer = SSL_CIPHER_get_auth_nid(cipher);
    offer.ecdsa_cipher |= common && signer == NID_auth_ecdsa;
    offer.rsa_cipher |= common && signer == NID_auth_rsa;
  }
}

}  // namespace

std::string take_error_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  char text[128];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

#if defined(OPENSSL_IS_AWSLC)
int curve_of(EVP_PKEY* key) {
  return EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key)));
}

bool is_same_key(const EVP_PKEY* a, const EVP_PKEY* b) {
  return EVP_PKEY_cmp(a, b) == 1;
}

void CipherReleaser::operator()(const EVP_CIPHER*) const {}

OwnedCipher find_ticket_cipher() {
  return OwnedCipher(EVP_aes_256_cbc());
}
#else
int curve_of(EVP_PKEY* key) {
  char name[64];
  return EVP_PKEY_get_group_name(key, name, sizeof name, nullptr) == 1 ? OBJ_txt2nid(name)
                                                                       : NID_undef;
}

bool is_same_key(const EVP_PKEY* a, const EVP_PKEY* b) {
  return EVP_PKEY_eq(a, b) == 1;
}

void CipherReleaser::operator()(const EVP_CIPHER* cipher) const {
  EVP_CIPHER_free(const_cast<EVP_CIPHER*>(cipher));
}

OwnedCipher find_ticket_cipher() {
  return OwnedCipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
}
#endif

void install_ticket_keys_callback(SSL_CTX* context) {
#if defined(OPENSSL_IS_AWSLC)
  SSL_CTX_set_tlsext_ticket_key_cb(context, on_ticket);
#else
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
#endif
}

void set_security_level([[maybe_unused]] SSL_CTX* context, [[maybe_unused]] int level) {
#if !defined(OPENSSL_IS_AWSLC)
  SSL_CTX_set_security_level(context, level);
#endif
}

const char* group_name(SSL* ssl) {
#if defined(OPENSSL_IS_AWSLC)
  return SSL_get_curve_name(SSL_get_curve_id(ssl));
#else
  const auto id = static_cast<int>(SSL_get_negotiated_group(ssl));
  return id == 0 ? nullptr : SSL_group_to_name(ssl, id);
#endif
}

void set_tickets_per_handshake(SSL_CTX* context, size_t count) {
  DARUMA_ASSERT(SSL_CTX_set_num_tickets(context, count) == 1);
}

void allow_renegotiation_by_server([[maybe_unused]] SSL* ssl) {
#if defined(OPENSSL_IS_AWSLC)
  SSL_set_renegotiate_mode(ssl, ssl_renegotiate_freely);
#endif  // OpenSSL's client does unless told otherwise.
}

void release_write_buffer([[maybe_unused]] SSL* ssl) {
#if !defined(OPENSSL_IS_AWSLC)
  // SSL_free_buffers is the word for it, but frees a record half read as well (CVE-2024-4741).
  size_t written = 0;
  SSL_write_ex(ssl, "", 0, &written);
  ERR_clear_error();
#endif
}

size_t record_bytes_max([[maybe_unused]] const SSL* ssl) {
#if !defined(OPENSSL_IS_AWSLC)
  const uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl));
  if (code != TLSEXT_max_fragment_length_DISABLED) return size_t{256} << code;
#endif
  return SSL3_RT_MAX_PLAIN_LENGTH;
}

void count_steps([[maybe_unused]] SSL_CTX* server_context) {
#if !defined(OPENSSL_IS_AWSLC)
  SSL_CTX_set_info_callback(server_context, [](const SSL* ssl, int where, int) {
    if (where == SSL_CB_ACCEPT_LOOP) ++state_of(ssl).steps;
  });
#endif
}

ClientOffer client_offer(SSL* ssl) {
  ClientOffer offer;
  offer.version = SSL_version(ssl);
  if (offer.version < TLS1_3_VERSION) add_ciphers(ssl, offer);
  offer.schemes = peer_schemes(ssl);
  add_curves(ssl, offer.curves);
  return offer;
}

}  // namespace daruma::tls
