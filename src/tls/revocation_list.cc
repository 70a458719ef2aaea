// SPDX-License-Identifier: Apache-2.0
#include "tls/revocation_list.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/pem_blocks.h"

namespace daruma::tls {
namespace {

using OwnedPss = std::unique_ptr<RSA_PSS_PARAMS, Releaser<RSA_PSS_PARAMS_free>>;

bool is_strong_hash(int hash) {
  return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

// Where the parameters do not say, it is SHA-1 (RFC 4055 3.1).
bool is_strong_pss(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return false;
  const auto* sequence = static_cast<const ASN1_STRING*>(value);
  const unsigned char* at = ASN1_STRING_get0_data(sequence);
  const OwnedPss pss(d2i_RSA_PSS_PARAMS(nullptr, &at, ASN1_STRING_length(sequence)));
  if (!pss || pss->hashAlgorithm == nullptr) return false;
  const ASN1_OBJECT* hash = nullptr;
  X509_ALGOR_get0(&hash, nullptr, nullptr, pss->hashAlgorithm);
  return is_strong_hash(OBJ_obj2nid(hash));
}

bool is_strong(const X509_CRL* list) {
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(list, nullptr, &algorithm);
  const int signature = X509_CRL_get_signature_nid(list);
  if (signature == NID_rsassaPss) return is_strong_pss(algorithm);
  int hash = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(signature, &hash, &key) != 1) return false;
  return (key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey) && is_strong_hash(hash);
}

// "" if it can be judged by. Where the extension is there and cannot be read, critical is not -1.
std::string check_point(X509_CRL* list) {
  int critical = -1;
  const std::unique_ptr<ISSUING_DIST_POINT, Releaser<ISSUING_DIST_POINT_free>> point(
      static_cast<ISSUING_DIST_POINT*>(
          X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, &critical, nullptr)));
  if (!point && critical == -1) return "";
  if (!point) return "has a damaged issuingDistributionPoint";
  if (point->indirectCRL > 0) return "is an indirect one, with other authorities' certificates";
  if (point->onlysomereasons != nullptr) return "is only about some reasons of revocation";
  if (point->onlyattr > 0) return "is about attribute certificates";
  if (point->onlyuser > 0 && point->onlyCA > 0) return "is about no certificates at all";
  // Type 1: a name relative to the issuer's, which nobody uses.
  if (point->distpoint != nullptr && point->distpoint->type != 0)
    return "has a distribution point with a relative name";
  return "";
}

std::string check_extensions(const X509_CRL* list) {
  for (int i = 0; i < X509_CRL_get_ext_count(list); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(list, i);
    const int type = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (type == NID_delta_crl) return "is a delta, which only says what has changed";
    const bool known = type == NID_issuing_distribution_point ||
                       type == NID_authority_key_identifier || type == NID_crl_number;
    if (!known && X509_EXTENSION_get_critical(extension) != 0)
      return "has a critical extension that is not known";
  }
  return "";
}

// Of entries none is known that may be critical: certificateIssuer belongs to indirect lists.
std::string check_entries(X509_CRL* list) {
  const auto* revoked = X509_CRL_get_REVOKED(list);
  for (int i = 0; revoked != nullptr && i < static_cast<int>(sk_X509_REVOKED_num(revoked)); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(revoked, i);
    for (int e = 0; e < X509_REVOKED_get_ext_count(entry); ++e) {
      if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, e)) != 0)
        return "has an entry with a critical extension that is not known";
    }
  }
  return "";
}

// What the comparison answers 0 to is not written as RFC 5280 5.1.2.4 has it.
std::string check_times(const X509_CRL* list) {
  const ASN1_TIME* end = X509_CRL_get0_nextUpdate(list);
  const bool good = X509_cmp_current_time(X509_CRL_get0_lastUpdate(list)) != 0 &&
                    (end == nullptr || X509_cmp_current_time(end) != 0);
  return good ? "" : "has a thisUpdate or nextUpdate that is no time in UTC";
}

std::string check_signature(const X509_CRL* list) {
  if (is_strong(list)) return "";
  const char* name = OBJ_nid2ln(X509_CRL_get_signature_nid(list));
  return fmt::format("is signed with {}; use RSA or ECDSA with SHA-256, SHA-384 or SHA-512",
                     name != nullptr ? name : "an unknown algorithm");
}

Result<void> take(OwnedCrl list, std::vector<OwnedCrl>& lists) {
  std::string problem = check_signature(list.get());
  if (problem.empty()) problem = check_times(list.get());
  if (problem.empty()) problem = check_extensions(list.get());
  if (problem.empty()) problem = check_point(list.get());
  if (problem.empty()) problem = check_entries(list.get());
  ERR_clear_error();
  if (!problem.empty()) {
    return fail(fmt::format("list {} (of {}) {}; bring the authority's complete list",
                            lists.size() + 1, text_of(X509_CRL_get_issuer(list.get())), problem));
  }
  lists.push_back(std::move(list));
  return {};
}

Result<std::vector<OwnedCrl>> parse_pem(std::string_view content) {
  const auto blocks = count_blocks(content, revocations_label);
  if (!blocks) return fail(blocks.error().message);
  std::vector<OwnedCrl> lists;
  const OwnedBio bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  DARUMA_ASSERT(bio != nullptr);
  while (OwnedCrl next{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
    if (auto taken = take(std::move(next), lists); !taken) return fail(taken.error().message);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string problem = take_error_text();
  if (!at_end) return fail(fmt::format("list {} is damaged: {}", lists.size() + 1, problem));
  if (lists.size() != *blocks) return fail(explain_blocks_not_read(*blocks, lists.size()));
  return lists;
}

// A serial number's sign and magnitude.
std::string key_of(const ASN1_INTEGER* serial) {
  std::string key(1, ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? '-' : '+');
  key.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
             static_cast<size_t>(ASN1_STRING_length(serial)));
  return key;
}

std::vector<std::string> serials_of(X509_CRL* list) {
  std::vector<std::string> serials;
  serials.reserve(entries_of(list));
  const auto* revoked = X509_CRL_get_REVOKED(list);
  for (int i = 0; revoked != nullptr && i < static_cast<int>(sk_X509_REVOKED_num(revoked)); ++i)
    serials.push_back(key_of(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
  std::ranges::sort(serials);
  return serials;
}

// By their encodings: AWS-LC has no comparison.
std::string encoded(GENERAL_NAME* name) {
  unsigned char* bytes = nullptr;
  const int size = i2d_GENERAL_NAME(name, &bytes);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

bool have_common(const GENERAL_NAMES* some, const GENERAL_NAMES* others) {
  for (int i = 0; i < static_cast<int>(sk_GENERAL_NAME_num(some)); ++i) {
    const std::string name = encoded(sk_GENERAL_NAME_value(some, i));
    for (int k = 0; k < static_cast<int>(sk_GENERAL_NAME_num(others)); ++k)
      if (!name.empty() && name == encoded(sk_GENERAL_NAME_value(others, k))) return true;
  }
  return false;
}

// Whether the certificate says that its revocation would stand in the list of one of these names.
bool points_to(const X509* certificate, const GENERAL_NAMES* names) {
  auto* points = static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr));
  bool found = false;
  for (int i = 0; points != nullptr && i < static_cast<int>(sk_DIST_POINT_num(points)); ++i) {
    const DIST_POINT_NAME* point = sk_DIST_POINT_value(points, i)->distpoint;
    if (point != nullptr && point->type == 0 && have_common(point->name.fullname, names))
      found = true;
  }
  CRL_DIST_POINTS_free(points);
  ERR_clear_error();
  return found;
}

const X509* find_signer(X509_CRL* list, std::span<const OwnedX509> authorities, bool& named) {
  for (const OwnedX509& each : authorities) {
    if (X509_NAME_cmp(X509_get_subject_name(each.get()), X509_CRL_get_issuer(list)) != 0) continue;
    named = true;
    EVP_PKEY* key = X509_get0_pubkey(each.get());
    if (key != nullptr && X509_CRL_verify(list, key) == 1) return each.get();
  }
  return nullptr;
}

}  // namespace

Result<std::vector<OwnedCrl>> parse_revocations(std::string_view content) {
  if (content.find("-----BEGIN ") != std::string_view::npos) return parse_pem(content);
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  const unsigned char* at = bytes;
  OwnedCrl list(d2i_X509_CRL(nullptr, &at, static_cast<long>(content.size())));
  ERR_clear_error();
  if (!list || at != bytes + content.size()) {
    return fail(
        fmt::format("there is no revocation list: it begins neither as PEM (\"-----BEGIN {}-----\")"
                    " nor as DER",
                    revocations_label));
  }
  std::vector<OwnedCrl> lists;
  if (auto taken = take(std::move(list), lists); !taken) return fail(taken.error().message);
  return lists;
}

size_t entries_of(X509_CRL* list) {
  const auto* revoked = X509_CRL_get_REVOKED(list);
  return revoked == nullptr ? 0 : static_cast<size_t>(sk_X509_REVOKED_num(revoked));
}

Result<RevocationList> RevocationList::create(X509_CRL* list,
                                              std::span<const OwnedX509> authorities) {
  bool named = false;
  const X509* signer = find_signer(list, authorities, named);
  ERR_clear_error();
  const std::string name = text_of(X509_CRL_get_issuer(list));
  if (!named) {
    return fail(
        fmt::format("a revocation list is of {}, which is not among the authorities: add its "
                    "certificate to the bundle",
                    name));
  }
  if (signer == nullptr) {
    return fail(
        fmt::format("a revocation list of {} is not signed by the authority of that name in the "
                    "bundle",
                    name));
  }
  if ((X509_get_key_usage(const_cast<X509*>(signer)) & X509v3_KU_CRL_SIGN) == 0) {
    return fail(
        fmt::format("a revocation list is of {}, whose certificate does not let it sign lists "
                    "(key usage cRLSign)",
                    name));
  }
  RevocationList made;
  made.issuer_.reset(X509_NAME_dup(X509_CRL_get_issuer(list)));
  made.key_.reset(X509_get_pubkey(const_cast<X509*>(signer)));
  made.begin_.reset(ASN1_STRING_dup(X509_CRL_get0_lastUpdate(list)));
  const ASN1_TIME* end = X509_CRL_get0_nextUpdate(list);
  made.end_.reset(end == nullptr ? nullptr : ASN1_STRING_dup(end));
  made.point_.reset(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, nullptr, nullptr)));
  made.serials_ = serials_of(list);
  ERR_clear_error();
  DARUMA_ASSERT(made.issuer_ != nullptr && made.key_ != nullptr && made.begin_ != nullptr);
  return made;
}

bool RevocationList::is_of(const X509* issuer) const {
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  return key != nullptr && X509_NAME_cmp(X509_get_subject_name(issuer), issuer_.get()) == 0 &&
         is_same_key(key, key_.get());
}

bool RevocationList::in_scope(X509* certificate) const {
  if (!point_) return true;
  const bool authority = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
  if (authority ? point_->onlyuser > 0 : point_->onlyCA > 0) return false;
  return point_->distpoint == nullptr || points_to(certificate, point_->distpoint->name.fullname);
}

bool RevocationList::contains(const X509* certificate) const {
  return std::ranges::binary_search(serials_, key_of(X509_get0_serialNumber(certificate)));
}

bool RevocationList::newer_than(const RevocationList& other) const {
  int days = 0;
  int seconds = 0;
  return ASN1_TIME_diff(&days, &seconds, other.begin_.get(), begin_.get()) == 1 &&
         (days > 0 || seconds > 0);
}

int RevocationList::time_error() const {
  if (X509_cmp_current_time(begin_.get()) > 0) return X509_V_ERR_CRL_NOT_YET_VALID;
  const bool ended = end_ && X509_cmp_current_time(end_.get()) <= 0;
  return ended ? X509_V_ERR_CRL_HAS_EXPIRED : X509_V_OK;
}

int revocation_error(std::span<const RevocationList> lists, X509* certificate, const X509* issuer) {
  const RevocationList* best = nullptr;
  int error = X509_V_OK;  // of the best
  for (const RevocationList& each : lists) {
    if (!each.is_of(issuer)) continue;
    if (best == nullptr && error == X509_V_OK) error = X509_V_ERR_DIFFERENT_CRL_SCOPE;
    if (!each.in_scope(certificate)) continue;
    const int its = each.time_error();
    const bool better = best == nullptr || (its == X509_V_OK && error != X509_V_OK) ||
                        ((its == X509_V_OK) == (error == X509_V_OK) && each.newer_than(*best));
    if (!better) continue;
    best = &each;
    error = its;
  }
  if (best == nullptr || error != X509_V_OK) return error;
  return best->contains(certificate) ? X509_V_ERR_CERT_REVOKED : X509_V_OK;
}

bool is_revoked(std::span<const RevocationList> lists, X509* certificate, const X509* issuer) {
  const RevocationList* best = nullptr;
  for (const RevocationList& each : lists) {
    if (!each.is_of(issuer) || !each.in_scope(certificate)) continue;
    if (best == nullptr || each.newer_than(*best)) best = &each;
  }
  return best != nullptr && best->contains(certificate);
}

}  // namespace daruma::tls
