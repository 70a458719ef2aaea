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
#include "tls/pem_blocks.h"
#include "tls/revocation_list.h"
#include "tls/trust_store_parts.h"

namespace daruma::tls {
namespace {

// A certificate may stand in a bundle twice.
void add(X509_STORE* store, X509* certificate) {
  DARUMA_ASSERT(X509_STORE_add_cert(store, certificate) == 1);
  ERR_clear_error();
}

bool is_issuer(X509* issuer, X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  const bool issued = X509_check_issued(issuer, certificate) == X509_V_OK && key != nullptr &&
                      X509_verify(certificate, key) == 1;
  ERR_clear_error();
  return issued;
}

// Chains end at any authority of the store, so that no list is looked up for one of them: those
// that others of them have revoked are left out, and those that were only issued by such.
class TrustedOnes {
 public:
  TrustedOnes(std::span<const OwnedX509> authorities, std::span<const RevocationList> lists)
      : authorities_(authorities), lists_(lists), out_(authorities.size(), false) {
    bool changed = !lists.empty();
    while (changed) {
      changed = false;
      for (size_t i = 0; i < out_.size(); ++i) {
        if (out_[i] || !is_lost(i)) continue;
        out_[i] = true;
        changed = true;
      }
    }
  }

  bool contains(size_t i) const { return !out_[i]; }
  bool empty() const { return std::ranges::find(out_, false) == out_.end(); }

 private:
  bool is_lost(size_t i) const {
    X509* certificate = authorities_[i].get();
    bool any = false;
    bool good = false;
    for (size_t k = 0; k < authorities_.size(); ++k) {
      X509* issuer = authorities_[k].get();
      if (!is_issuer(issuer, certificate)) continue;
      if (is_issuer(certificate, certificate)) return false;  // a root
      if (is_revoked(lists_, certificate, issuer)) return true;
      any = true;
      good = good || !out_[k];
    }
    return any && !good;
  }

  std::span<const OwnedX509> authorities_;
  std::span<const RevocationList> lists_;
  std::vector<bool> out_;
};

Result<std::vector<RevocationList>> read_lists(std::span<const std::string_view> revocations,
                                               std::span<const OwnedX509> authorities) {
  std::vector<RevocationList> read;
  for (const std::string_view content : revocations) {
    const auto lists = parse_revocations(content);
    if (!lists) return fail(lists.error().message);
    for (const OwnedCrl& list : *lists) {
      auto made = RevocationList::create(list.get(), authorities);
      if (!made) return fail(made.error().message);
      read.push_back(std::move(*made));
    }
  }
  return read;
}

}  // namespace

Result<BundleFacts> describe_authorities(std::string_view pem) {
  const auto authorities = parse_authorities(pem);
  if (!authorities) return fail(authorities.error().message);
  const auto blocks = count_blocks(pem, "CERTIFICATE");
  if (!blocks) return fail(blocks.error().message);
  if (authorities->size() != *blocks)
    return fail(explain_blocks_not_read(*blocks, authorities->size()));
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

Result<std::string> revocations_as_pem(std::string_view content) {
  const auto lists = parse_revocations(content);
  if (!lists) return fail(lists.error().message);
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  DARUMA_ASSERT(memory != nullptr);
  for (const OwnedCrl& list : *lists)
    DARUMA_ASSERT(PEM_write_bio_X509_CRL(memory.get(), list.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

TrustStore::TrustStore(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

TrustStore::~TrustStore() = default;

Result<std::shared_ptr<const TrustStore>> TrustStore::create(
    std::string_view ca_pem, std::span<const std::string_view> revocations) {
  const auto authorities = parse_authorities(ca_pem);
  if (!authorities) return fail(authorities.error().message);
  auto lists = read_lists(revocations, *authorities);
  if (!lists) return fail(lists.error().message);
  const TrustedOnes trusted(*authorities, *lists);
  if (trusted.empty()) return fail("all authorities of the bundle are revoked");
  auto made = std::make_unique<Implementation>();
  made->store.reset(X509_STORE_new());
  made->names.reset(sk_X509_NAME_new_null());
  DARUMA_ASSERT(made->store != nullptr && made->names != nullptr);
  X509_STORE* const store = made->store.get();
  for (size_t i = 0; i < authorities->size(); ++i) {
    if (!trusted.contains(i)) continue;
    X509* const each = (*authorities)[i].get();
    add(store, each);
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(each));
    DARUMA_ASSERT(name != nullptr && sk_X509_NAME_push(made->names.get(), name) > 0);
  }
  // A bundle may hold intermediate authorities only.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  made->lists = std::move(*lists);
  return std::shared_ptr<const TrustStore>(new TrustStore(std::move(made)));
}

}  // namespace daruma::tls
