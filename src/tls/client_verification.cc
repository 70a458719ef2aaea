// SPDX-License-Identifier: Apache-2.0
#include "tls/client_verification.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/session_state.h"
#include "tls/trust_store_parts.h"

namespace daruma::tls {
namespace {

using Problem = ClientCertificateProblem;

Problem problem_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return Problem::chain_too_deep;
    case X509_V_ERR_CERT_REVOKED:
      return Problem::revoked;
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return Problem::revocations_unusable;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Problem::untrusted;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Problem::not_yet_valid;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Problem::expired;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
      return Problem::wrong_purpose;
#if !defined(OPENSSL_IS_AWSLC)
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return Problem::type_unsupported;
#endif
    default:
      return Problem::invalid;
  }
}

// Depth 0 is the client's own.
bool tolerated(X509_STORE_CTX* context, const ClientAuthentication& wanted) {
  return X509_STORE_CTX_get_error(context) == X509_V_ERR_CERT_HAS_EXPIRED &&
         X509_STORE_CTX_get_error_depth(context) == 0 && wanted.ignore_expiry;
}

// RSA of 2,048 to 8,192 bits or ECDSA on P-256, P-384 or P-521, signed with SHA-2 (AWS).
bool is_supported(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return false;
  if (EVP_PKEY_id(key) == EVP_PKEY_RSA) {
    if (EVP_PKEY_bits(key) < 2048 || EVP_PKEY_bits(key) > 8192) return false;
  } else if (EVP_PKEY_id(key) == EVP_PKEY_EC) {
    const int curve = curve_of(key);
    if (curve != NID_X9_62_prime256v1 && curve != NID_secp384r1 && curve != NID_secp521r1)
      return false;
  } else {
    return false;
  }
  int hash = NID_undef;
  X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr);
  return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

int refuse(X509_STORE_CTX* context, SessionState& state, Problem problem, int error) {
  state.client_problem = problem;
  X509_STORE_CTX_set_error(context, error);
  return 0;
}

// Of all but the topmost, which is trusted by being in the trust store. An authority need not have
// a list. REQUIRES: all signatures of the chain are good; else a stranger could make us look.
int revocation_error_of(X509_STORE_CTX* context, const TrustStore::Implementation& trust) {
  const auto* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i + 1 < static_cast<int>(sk_X509_num(chain)); ++i) {
    const int error =
        revocation_error(trust.lists, sk_X509_value(chain, i), sk_X509_value(chain, i + 1));
    if (error != X509_V_OK) return error;
  }
  return X509_V_OK;
}

bool is_topmost(X509_STORE_CTX* context, int depth) {
  return depth > 0 &&
         depth + 1 == static_cast<int>(sk_X509_num(X509_STORE_CTX_get0_chain(context)));
}

// The library forgets it when the handshake fails.
void keep_refused(X509_STORE_CTX* context, SessionState& state) {
  X509* leaf = X509_STORE_CTX_get0_cert(context);
  if (leaf != nullptr && X509_up_ref(leaf) == 1) state.refused.reset(leaf);
}

int judge(int good, X509_STORE_CTX* context, SessionState& state) {
  if (good != 1 && !tolerated(context, *state.authentication)) {
    state.client_problem = problem_of(X509_STORE_CTX_get_error(context));
    return 0;
  }
  X509_STORE_CTX_set_error(context, X509_V_OK);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (good != 1) return 1;
  if (!is_topmost(context, depth) && !is_supported(X509_STORE_CTX_get_current_cert(context)))
    return refuse(context, state, Problem::type_unsupported, X509_V_ERR_APPLICATION_VERIFICATION);
  if (depth != 0) return 1;
  const int error = revocation_error_of(context, state.authentication->trust->implementation());
  return error == X509_V_OK ? 1 : refuse(context, state, problem_of(error), error);
}

// Of each certificate of the chain, from the authority down, and for each thing that is wrong.
int on_verified(int good, X509_STORE_CTX* context) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  SessionState& state = state_of(ssl);
  DARUMA_ASSERT(state.authentication != nullptr);
  const int accepted = judge(good, context, state);
  if (accepted != 1) keep_refused(context, state);
  return accepted;
}

int accept_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

// As AWS has it, with + = / left as they are.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view safe = "+=/-._~";
  std::string encoded;
  encoded.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       safe.find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

Result<std::string> pem_of(X509* certificate) {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  DARUMA_ASSERT(memory != nullptr);
  if (PEM_write_bio_X509(memory.get(), certificate) != 1)
    return fail("the client's certificate cannot be written as PEM: " + take_error_text());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return percent_encoded({bytes, static_cast<size_t>(size)});
}

Result<std::string> chain_of(const SSL* ssl, X509* leaf) {
  Result<std::string> chain = pem_of(leaf);
  // A server's library keeps the leaf out of it.
  const STACK_OF(X509)* others = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; chain && others != nullptr && i < static_cast<int>(sk_X509_num(others)); ++i) {
    const Result<std::string> pem = pem_of(sk_X509_value(others, i));
    if (!pem) return pem;
    *chain += *pem;
  }
  return chain;
}

std::string serial_of(const X509* certificate) {
  const std::unique_ptr<BIGNUM, Releaser<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return "";
  char* digits = BN_bn2hex(number.get());
  if (digits == nullptr) return "";
  std::string text(digits);
  OPENSSL_free(digits);
  return text;
}

std::string time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// As connection logs have it.
ClientCertificate described(const X509* leaf) {
  ClientCertificate facts;
  facts.serial_number = serial_of(leaf);
  facts.subject = text_of(X509_get_subject_name(leaf));
  facts.validity = fmt::format("NotBefore={};NotAfter={}", time_of(X509_get0_notBefore(leaf)),
                               time_of(X509_get0_notAfter(leaf)));
  return facts;
}

}  // namespace

std::string_view name_of(Problem problem) {
  switch (problem) {
    case Problem::none:
      return "";
    case Problem::missing:
      return "UnmappedConnectionError";
    case Problem::chain_too_deep:
      return "ClientCertMaxChainDepthExceeded";
    case Problem::too_large:
      return "ClientCertMaxSizeExceeded";
    case Problem::revoked:
      return "ClientCertCrlHit";
    case Problem::revocations_unusable:
      return "ClientCertCrlProcessingError";
    case Problem::untrusted:
      return "ClientCertUntrusted";
    case Problem::not_yet_valid:
      return "ClientCertNotYetValid";
    case Problem::expired:
      return "ClientCertExpired";
    case Problem::type_unsupported:
      return "ClientCertTypeUnsupported";
    case Problem::wrong_purpose:
      return "ClientCertPurposeInvalid";
    case Problem::invalid:
      return "ClientCertInvalid";
  }
  return "";
}

void ask_for_certificates(SSL_CTX* context, const ClientAuthentication& wanted) {
  SSL_CTX_set_max_cert_list(context, client_chain_bytes_max);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  set_tickets_per_handshake(context, 0);
  if (wanted.mode == ClientCertificates::passthrough) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
    return;
  }
  DARUMA_ASSERT(wanted.trust != nullptr);
  const TrustStore::Implementation& trust = wanted.trust->implementation();
  DARUMA_ASSERT(SSL_CTX_set1_verify_cert_store(context, trust.store.get()) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verified);
  SSL_CTX_set_verify_depth(context, client_chain_depth_max);
  if (!wanted.advertise_names) return;
  STACK_OF(X509_NAME)* names = SSL_dup_CA_list(trust.names.get());
  DARUMA_ASSERT(names != nullptr);
  SSL_CTX_set_client_CA_list(context, names);
}

Problem client_problem_of(const SSL* ssl, unsigned long error_code) {
  const SessionState& state = state_of(ssl);
  if (state.authentication == nullptr) return Problem::none;
  if (state.client_problem != Problem::none) return state.client_problem;
  switch (ERR_GET_REASON(error_code)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Problem::missing;
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return Problem::too_large;
    case SSL_R_BAD_SIGNATURE:
      return Problem::invalid;
    default:
      return Problem::none;
  }
}

Result<std::unique_ptr<ClientCertificate>> client_certificate_of(const SSL* ssl) {
  const OwnedX509 leaf(SSL_get_peer_certificate(ssl));
  if (!leaf) return std::unique_ptr<ClientCertificate>();
  auto told = std::make_unique<ClientCertificate>();
  const ClientAuthentication* asked = state_of(ssl).authentication;
  if (asked != nullptr && asked->mode == ClientCertificates::passthrough) {
    auto chain = chain_of(ssl, leaf.get());
    if (!chain) return fail(chain.error().message);
    told->chain = std::move(*chain);
    ERR_clear_error();
    return told;
  }
  *told = described(leaf.get());
  told->issuer = text_of(X509_get_issuer_name(leaf.get()));
  auto pem = pem_of(leaf.get());
  if (!pem) return fail(pem.error().message);
  told->leaf = std::move(*pem);
  ERR_clear_error();
  return told;
}

ClientCertificate presented_certificate_of(const SSL* ssl) {
  const OwnedX509 accepted(SSL_get_peer_certificate(ssl));
  const X509* leaf = accepted ? accepted.get() : state_of(ssl).refused.get();
  if (leaf == nullptr) return {};
  ClientCertificate facts = described(leaf);
  ERR_clear_error();
  return facts;
}

}  // namespace daruma::tls
