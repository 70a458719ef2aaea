// SPDX-License-Identifier: Apache-2.0
#include "tls/trust_store.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/trust_store_parts.h"

namespace daruma::tls {
namespace {

using OwnedCrl = std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>>;

constexpr std::string_view pem_begin = "-----BEGIN X509 CRL-----";

bool is_strong(int signature) {
  if (signature == NID_rsassaPss) return true;  // its hash stands in its parameters
  int hash = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(signature, &hash, &key) != 1) return false;
  const bool known = key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey;
  return known && (hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512);
}

Result<void> take(OwnedCrl list, std::vector<OwnedCrl>& lists) {
  const int signature = X509_CRL_get_signature_nid(list.get());
  if (!is_strong(signature)) {
    const char* name = OBJ_nid2ln(signature);
    return fail(
        fmt::format("list {} is signed with {}; use RSA or ECDSA with SHA-256, SHA-384 or "
                    "SHA-512",
                    lists.size() + 1, name != nullptr ? name : "an unknown algorithm"));
  }
  lists.push_back(std::move(list));
  return {};
}

Result<std::vector<OwnedCrl>> parse_pem(std::string_view content) {
  std::vector<OwnedCrl> lists;
  const OwnedBio bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  DARUMA_ASSERT(bio != nullptr);
  while (OwnedCrl next{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
    if (auto taken = take(std::move(next), lists); !taken) return fail(taken.error().message);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string problem = take_error_text();
  if (at_end) return lists;
  return fail(fmt::format("list {} is damaged: {}", lists.size() + 1, problem));
}

Result<std::vector<OwnedCrl>> parse_revocations(std::string_view content) {
  if (content.find(pem_begin) != std::string_view::npos) return parse_pem(content);
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  const unsigned char* at = bytes;
  OwnedCrl list(d2i_X509_CRL(nullptr, &at, static_cast<long>(content.size())));
  ERR_clear_error();
  if (!list || at != bytes + content.size()) {
    return fail(
        fmt::format("there is no revocation list: it begins neither as PEM (\"{}\") nor as "
                    "DER",
                    pem_begin));
  }
  std::vector<OwnedCrl> lists;
  if (auto taken = take(std::move(list), lists); !taken) return fail(taken.error().message);
  return lists;
}

size_t entries_of(X509_CRL* list) {
  const auto* revoked = X509_CRL_get_REVOKED(list);
  return revoked == nullptr ? 0 : static_cast<size_t>(sk_X509_REVOKED_num(revoked));
}

// A certificate may stand in a bundle twice.
void add(X509_STORE* store, X509* certificate) {
  DARUMA_ASSERT(X509_STORE_add_cert(store, certificate) == 1);
  ERR_clear_error();
}

}  // namespace

Result<BundleFacts> describe_authorities(std::string_view pem) {
  const auto authorities = parse_authorities(pem);
  if (!authorities) return fail(authorities.error().message);
  BundleFacts facts;
  for (const OwnedX509& each : *authorities) {
    ++facts.certificates;
    // With one that is nobody's issuer in the store, its owner alone would be let in.
    if (X509_check_ca(each.get()) == 0) {
      return fail(fmt::format("certificate {} ({}) is no authority's: it may not sign others",
                              facts.certificates, text_of(X509_get_subject_name(each.get()))));
    }
    const auto size = static_cast<size_t>(i2d_X509(each.get(), nullptr));
    facts.certificate_bytes_most = std::max(facts.certificate_bytes_most, size);
    facts.subject_bytes +=
        static_cast<size_t>(i2d_X509_NAME(X509_get_subject_name(each.get()), nullptr));
  }
  ERR_clear_error();
  return facts;
}

Result<RevocationFacts> describe_revocations(std::string_view content) {
  const auto lists = parse_revocations(content);
  if (!lists) return fail(lists.error().message);
  RevocationFacts facts;
  facts.lists = lists->size();
  for (const OwnedCrl& list : *lists) facts.entries += entries_of(list.get());
  return facts;
}

TrustStore::TrustStore(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

TrustStore::~TrustStore() = default;

std::shared_ptr<const TrustStore> TrustStore::create(
    std::string_view ca_pem, std::span<const std::string_view> revocations) {
  auto made = std::make_unique<Implementation>();
  made->store.reset(X509_STORE_new());
  made->names.reset(sk_X509_NAME_new_null());
  DARUMA_ASSERT(made->store != nullptr && made->names != nullptr);
  X509_STORE* const store = made->store.get();
  const auto authorities = parse_authorities(ca_pem);
  DARUMA_ASSERT(authorities.has_value());
  for (const OwnedX509& each : *authorities) {
    add(store, each.get());
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(each.get()));
    DARUMA_ASSERT(name != nullptr && sk_X509_NAME_push(made->names.get(), name) > 0);
  }
  // A bundle may hold intermediate authorities only.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  for (const std::string_view content : revocations) {
    const auto lists = parse_revocations(content);
    DARUMA_ASSERT(lists.has_value());
    for (const OwnedCrl& list : *lists) DARUMA_ASSERT(X509_STORE_add_crl(store, list.get()) == 1);
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  ERR_clear_error();
  X509_STORE_set_flags(store, flags);
  return std::shared_ptr<const TrustStore>(new TrustStore(std::move(made)));
}

}  // namespace daruma::tls
