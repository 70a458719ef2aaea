// SPDX-License-Identifier: Apache-2.0
//
// Links that give one content to whoever has them, for ten minutes, as S3's presigned URLs do:
// what GetTrustStoreCaCertificatesBundle and GetTrustStoreRevocationContent answer. Signed with a
// key of this process, so that none outlives it. Control thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace daruma::api {

// Of a trust store: its bundle, or one of its revocation files.
struct LinkedContent {
  std::string trust_store;  // its ARN
  std::string revocation;   // its id; "": the bundle
  std::string fingerprint;  // of the content: the link is good for no other
  bool operator==(const LinkedContent&) const = default;
};

class ContentLinks {
 public:
  static constexpr std::string_view path = "/trust-store-content";
  static constexpr Duration lifetime = 10min;

  ContentLinks();
  // The query of the link.
  std::string make(const LinkedContent& content, WallTime now) const;
  // Nullopt if the link is not of our making, or its time is over.
  std::optional<LinkedContent> open(std::string_view query, WallTime now) const;

 private:
  std::string signature_of(std::string_view signed_text) const;
  std::string key_;
};

}  // namespace daruma::api
