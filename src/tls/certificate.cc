// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "tls/sha256.h"

namespace daruma::tls {
namespace {

bool has_block(std::string_view pem, std::string_view label) {
  return pem.find(fmt::format("-----BEGIN {}-----", label)) != std::string_view::npos;
}

OwnedBio memory_of(std::string_view bytes) {
  OwnedBio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  DARUMA_ASSERT(bio != nullptr);
  return bio;
}

// The library would ask for a passphrase on the terminal; a server has nobody to ask.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

std::string explain_no_certificate(std::string_view pem) {
  if (pem.empty()) return "the certificate file is empty";
  if (has_block(pem, "CERTIFICATE REQUEST") || has_block(pem, "NEW CERTIFICATE REQUEST")) {
    return "the certificate file holds a signing request (CSR); use the certificate that the "
           "authority made from it";
  }
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return "the certificate file holds only a private key; are the two files swapped?";
  }
  if (pem.find("-----BEGIN ") == std::string_view::npos) {
    return "the certificate file has no PEM block (\"-----BEGIN CERTIFICATE-----\"); a DER file is "
           "converted by: openssl x509 -inform DER -in FILE -out FILE.pem";
  }
  return "the certificate file has no block \"-----BEGIN CERTIFICATE-----\"";
}

std::string explain_no_key(std::string_view pem) {
  if (pem.empty()) return "the private key file is empty";
  if (has_block(pem, "ENCRYPTED PRIVATE KEY") ||
      pem.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos) {
    return "the private key is encrypted with a passphrase; write it without one: openssl pkey "
           "-in FILE -out FILE.plain";
  }
  if (has_block(pem, "PUBLIC KEY")) return "the private key file holds only a public key";
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return "the private key is damaged: " + take_error_text();
  }
  if (has_block(pem, "CERTIFICATE")) {
    return "the private key file holds only a certificate; are the two files swapped?";
  }
  return "the private key file has no PEM block (\"-----BEGIN PRIVATE KEY-----\")";
}

// Puts the leaf and the issuers where they belong.
Result<void> parse_chain(std::string_view pem, ParsedCertificate& certificate) {
  if (!has_block(pem, "CERTIFICATE")) return fail(explain_no_certificate(pem));
  const OwnedBio bio = memory_of(pem);
  size_t bytes = 0;
  for (;;) {
    OwnedX509 next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    bytes += static_cast<size_t>(i2d_X509(next.get(), nullptr));
    if (!certificate.leaf) {
      certificate.leaf = std::move(next);
    } else {
      certificate.issuers.push_back(std::move(next));
    }
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string problem = take_error_text();
  if (!certificate.leaf || !at_end) {
    return fail(fmt::format("certificate {} of the chain is damaged: {}",
                            certificate.leaf ? certificate.issuers.size() + 2 : 1, problem));
  }
  if (bytes > chain_bytes_max) {
    return fail(fmt::format("the chain holds {} bytes of certificates; at most {} can be sent",
                            bytes, chain_bytes_max));
  }
  return {};
}

Result<void> parse_key(std::string_view pem, ParsedCertificate& certificate) {
  const OwnedBio bio = memory_of(pem);
  certificate.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate.key) {
    auto why = fail(explain_no_key(pem));
    ERR_clear_error();
    return why;
  }
  return {};
}

Result<void> match_key(const ParsedCertificate& certificate) {
  const auto belongs = [&](X509* candidate) {
    const bool yes = X509_check_private_key(candidate, certificate.key.get()) == 1;
    ERR_clear_error();
    return yes;
  };
  if (belongs(certificate.leaf.get())) return {};
  for (size_t i = 0; i < certificate.issuers.size(); ++i) {
    if (!belongs(certificate.issuers[i].get())) continue;
    return fail(fmt::format(
        "the private key belongs to certificate {} of the chain; the server's own certificate must "
        "come first, then its issuers",
        i + 2));
  }
  return fail("the private key does not belong to the certificate");
}

Result<void> describe_key(ParsedCertificate& certificate) {
  EVP_PKEY* key = certificate.key.get();
  certificate.facts.key_bits = EVP_PKEY_bits(key);
  const int type = EVP_PKEY_id(key);
  if (type == EVP_PKEY_RSA) {
    certificate.facts.key_type = KeyType::rsa;
    if (certificate.facts.key_bits >= 1024) return {};
    return fail(fmt::format("an RSA key of {} bits is too short; use 2048 or more",
                            certificate.facts.key_bits));
  }
  if (type == EVP_PKEY_EC) {
    certificate.facts.key_type = KeyType::ecdsa;
    const int curve = certificate.curve = curve_of(key);
    if (curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1) {
      return {};
    }
    return fail("the ECDSA key's curve is not supported; use P-256, P-384 or P-521");
  }
  const char* name = OBJ_nid2sn(type);
  return fail(fmt::format("keys of type {} are not supported; use RSA or ECDSA",
                          name != nullptr ? name : "unknown"));
}

WallTime time_of(const ASN1_TIME* time) {
  const std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return {};
  return WallTime{std::chrono::days{days} + std::chrono::seconds{seconds}};
}

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

// A name with other bytes matches no SNI, and whoever shows names wants text.
bool is_dns_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

void add_name(std::string_view name, std::vector<std::string>& names) {
  if (is_dns_name(name)) names.push_back(ascii_lowered(name));
}

void add_alternative_names(X509* leaf, std::vector<std::string>& names) {
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  if (all == nullptr) return;
  for (int i = 0; i < static_cast<int>(sk_GENERAL_NAME_num(all)); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) add_name(bytes_of(name->d.dNSName), names);
  }
  GENERAL_NAMES_free(all);
}

void add_common_name(X509* leaf, std::vector<std::string>& names) {
  X509_NAME* subject = X509_get_subject_name(leaf);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return;
  unsigned char* utf8 = nullptr;  // a name may be in UTF-16, among others
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return;
  add_name({reinterpret_cast<const char*>(utf8), static_cast<size_t>(size)}, names);
  OPENSSL_free(utf8);
}

std::string serial_of(const X509* certificate) {
  std::string text;
  for (const char byte : bytes_of(X509_get0_serialNumber(certificate))) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
  }
  return text;
}

void describe_leaf(ParsedCertificate& certificate) {
  X509* leaf = certificate.leaf.get();
  add_alternative_names(leaf, certificate.facts.names);
  if (certificate.facts.names.empty()) add_common_name(leaf, certificate.facts.names);
  certificate.facts.not_before = time_of(X509_get0_notBefore(leaf));
  certificate.facts.not_after = time_of(X509_get0_notAfter(leaf));
  certificate.facts.serial = serial_of(leaf);
  certificate.facts.subject = text_of(X509_get_subject_name(leaf));
  certificate.facts.issuer = text_of(X509_get_issuer_name(leaf));
  int hash = NID_undef;
  X509_get_signature_info(leaf, &hash, nullptr, nullptr, nullptr);
  const EVP_MD* digest = EVP_get_digestbynid(hash);
  certificate.hash_bits = digest != nullptr ? 8 * static_cast<int>(EVP_MD_size(digest)) : 0;
  certificate.id.resize(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  DARUMA_ASSERT(X509_digest(leaf, EVP_sha256(), certificate.id.data(), &size) == 1);
  certificate.id.resize(size);
  ERR_clear_error();
}

std::string fingerprint_of(const CertificateText& text) {
  Sha256 sha;
  sha.update(text.chain_pem);
  sha.update(std::string_view("\0", 1));  // so that moving bytes from one to the other shows
  sha.update(text.key_pem);
  return sha.finish();
}

Result<ParsedCertificate> parse(const CertificateText& text) {
  ParsedCertificate certificate;
  certificate.name = text.name;
  if (auto done = parse_chain(text.chain_pem, certificate); !done)
    return fail(done.error().message);
  if (auto done = parse_key(text.key_pem, certificate); !done) return fail(done.error().message);
  if (auto done = match_key(certificate); !done) return fail(done.error().message);
  if (auto done = describe_key(certificate); !done) return fail(done.error().message);
  describe_leaf(certificate);
  certificate.facts.fingerprint = fingerprint_of(text);
  return certificate;
}

constexpr auto warned_before_end = std::chrono::days(14);

std::string day_of(WallTime time) {
  return fmt::format("{:%Y-%m-%d}", std::chrono::time_point_cast<std::chrono::seconds>(time));
}

}  // namespace

std::string text_of(const X509_NAME* name) {
  const OwnedBio text(BIO_new(BIO_s_mem()));
  DARUMA_ASSERT(text != nullptr);
  if (X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253) < 0) return "";
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : "";
}

Result<std::vector<OwnedX509>> parse_authorities(std::string_view pem) {
  if (!has_block(pem, "CERTIFICATE")) return fail(explain_no_certificate(pem));
  const OwnedBio bio = memory_of(pem);
  std::vector<OwnedX509> authorities;
  while (OwnedX509 next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)})
    authorities.push_back(std::move(next));
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string problem = take_error_text();
  if (at_end) return authorities;
  return fail(
      fmt::format("certificate {} of the bundle is damaged: {}", authorities.size() + 1, problem));
}

Result<ParsedCertificate> parse_certificate(const CertificateText& text) {
  auto parsed = parse(text);
  if (!parsed) return fail(fmt::format("certificate '{}': {}", text.name, parsed.error().message));
  return parsed;
}

Result<CertificateFacts> describe_certificate(const CertificateText& certificate) {
  auto parsed = parse_certificate(certificate);
  if (!parsed) return fail(parsed.error().message);
  return std::move(parsed->facts);
}

std::vector<std::string> certificates_of(std::string_view chain_pem) {
  const OwnedBio from = memory_of(chain_pem);
  std::vector<std::string> certificates;
  while (const OwnedX509 next{PEM_read_bio_X509(from.get(), nullptr, no_passphrase, nullptr)}) {
    const OwnedBio to(BIO_new(BIO_s_mem()));
    DARUMA_ASSERT(to != nullptr && PEM_write_bio_X509(to.get(), next.get()) == 1);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(to.get(), &bytes);
    certificates.emplace_back(bytes, static_cast<size_t>(size));
  }
  ERR_clear_error();
  return certificates;
}

std::optional<std::string> validity_warning(const CertificateFacts& facts, WallTime now) {
  if (now > facts.not_after) return "expired on " + day_of(facts.not_after);
  if (now < facts.not_before) return "is not valid before " + day_of(facts.not_before);
  if (facts.not_after - now < warned_before_end) return "ends on " + day_of(facts.not_after);
  return std::nullopt;
}

}  // namespace daruma::tls
