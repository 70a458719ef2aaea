// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_store.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/bytes.h"
#include "base/check.h"

namespace daruma::tls {
namespace {

// Smaller is better.
auto rank(const ParsedCertificate& certificate) {
  return std::make_tuple(certificate.facts.key_type, -certificate.hash_bits,
                         -certificate.facts.key_bits,
                         -certificate.facts.not_after.time_since_epoch());
}

bool contains(const auto& list, auto value) {
  return std::ranges::find(list, value) != list.end();
}

// RFC 8446 4.2.3: in TLS 1.3 an ECDSA scheme names its curve.
uint16_t tls13_scheme(int curve) {
  if (curve == NID_X9_62_prime256v1) return 0x0403;
  return curve == NID_secp384r1 ? 0x0503 : 0x0603;
}

bool usable_ecdsa(const ParsedCertificate& certificate, const ClientOffer& offer) {
  if (offer.version >= TLS1_3_VERSION) {
    return contains(offer.schemes, tls13_scheme(certificate.curve));
  }
  if (!offer.ecdsa_cipher) return false;
  if (!offer.curves.empty() && !contains(offer.curves, certificate.curve)) return false;
  // A client of TLS 1.2 that names no schemes accepts SHA-1 with any key (RFC 5246 7.4.1.4.1).
  return offer.version < TLS1_2_VERSION || offer.schemes.empty() ||
         std::ranges::any_of(offer.schemes, [](uint16_t s) { return (s & 0xff) == 3; });
}

bool usable_rsa(const ClientOffer& offer) {
  if (offer.version < TLS1_3_VERSION) return offer.rsa_cipher;
  return std::ranges::any_of(offer.schemes, [](uint16_t s) { return s >= 0x0804 && s <= 0x0806; });
}

// "*.example.com" for "www.example.com": a wildcard stands for one whole label (RFC 9525 6.3).
std::string wildcard_of(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos) return {};
  return '*' + std::string(name.substr(dot));
}

}  // namespace

bool usable(const ParsedCertificate& certificate, const ClientOffer& offer) {
  switch (certificate.facts.key_type) {
    case KeyType::ecdsa:
      return usable_ecdsa(certificate, offer);
    case KeyType::rsa:
      return usable_rsa(offer);
  }
  DARUMA_ASSERT(false);
}

CertificateStore::CertificateStore(std::vector<ParsedCertificate> certificates)
    : certificates_(std::move(certificates)) {
  DARUMA_ASSERT(!certificates_.empty());
  Ranked order(certificates_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    return rank(certificates_[a]) < rank(certificates_[b]);
  });
  for (const uint32_t certificate : order) index(certificate);
}

void CertificateStore::index(uint32_t certificate) {
  for (const std::string& name : certificates_[certificate].facts.names) {
    Ranked& ranked = by_name_[name];
    if (!contains(ranked, certificate)) ranked.push_back(certificate);
  }
}

const ParsedCertificate* CertificateStore::best(const std::string& key,
                                                const ClientOffer& offer) const {
  const auto found = by_name_.find(key);
  if (found == by_name_.end()) return nullptr;
  for (const uint32_t candidate : found->second) {
    if (usable(certificates_[candidate], offer)) return &certificates_[candidate];
  }
  return nullptr;
}

const ParsedCertificate& CertificateStore::choose(std::string_view server_name,
                                                  const ClientOffer& offer) const {
  const std::string name = ascii_lowered(server_name);
  const ParsedCertificate* exact = best(name, offer);
  const ParsedCertificate* wildcard = best(wildcard_of(name), offer);
  if (exact != nullptr && wildcard != nullptr)
    return rank(*wildcard) < rank(*exact) ? *wildcard : *exact;
  if (exact != nullptr) return *exact;
  return wildcard != nullptr ? *wildcard : standard();
}

}  // namespace daruma::tls
