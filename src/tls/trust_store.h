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
// Checks that the text is PEM, holds certificates alone, and that all are authorities'; else says
// what is wrong.
Result<BundleFacts> describe_authorities(std::string_view pem);

// PEM (one list or more, and nothing else) or DER (one). Complete lists, of all reasons, signed
// with SHA-256 or better, by RSA or ECDSA; deltas, indirect lists and those with critical
// extensions that are not known are refused (RFC 5280 5.2).
struct RevocationFacts {
  size_t lists = 0;
  size_t entries = 0;
};
Result<RevocationFacts> describe_revocations(std::string_view content);

// The same lists, as PEM.
Result<std::string> revocations_as_pem(std::string_view content);

class TrustStore {
 public:
  // Each list must be signed by an authority of the bundle. Authorities that the bundle's others
  // have revoked are left out; an error if none is left. Hashes the lists: with hundreds of
  // thousands of entries it takes its time.
  static Result<std::shared_ptr<const TrustStore>> create(
      std::string_view ca_pem, std::span<const std::string_view> revocations);
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
