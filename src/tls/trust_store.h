// SPDX-License-Identifier: Apache-2.0
//
// Whom a listener's clients are verified by: certificates of authorities, and lists of what those
// have revoked (RFC 5280). Immutable; made on one thread and shared by all: the library locks what
// it keeps inside.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::tls {

struct BundleFacts {
  size_t certificates = 0;
  size_t certificate_bytes_most = 0;  // DER, of the largest
  size_t subject_bytes = 0;           // DER, of all
};
// Checks that the text is PEM, and that all its certificates are authorities'; else says what is
// wrong.
Result<BundleFacts> describe_authorities(std::string_view pem);

// PEM (one list or more) or DER (one). Signed with SHA-256 or better, by RSA or ECDSA.
struct RevocationFacts {
  size_t lists = 0;
  size_t entries = 0;
};
Result<RevocationFacts> describe_revocations(std::string_view content);

class TrustStore {
 public:
  // REQUIRES: describe_authorities(ca_pem) and describe_revocations() of each were good.
  static std::shared_ptr<const TrustStore> create(std::string_view ca_pem,
                                                  std::span<const std::string_view> revocations);
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  struct Implementation;
  const Implementation& implementation() const { return *implementation_; }

 private:
  explicit TrustStore(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace daruma::tls
