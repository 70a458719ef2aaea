// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. The certificates of one listener by server name, and the choice among them.
// Immutable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tls/certificate.h"
#include "tls/library.h"

namespace daruma::tls {

// Whether a server with this certificate can complete a handshake with that client.
bool usable(const ParsedCertificate& certificate, const ClientOffer& offer);

class CertificateStore {
 public:
  // certificates[0] is the default. REQUIRES: !certificates.empty().
  explicit CertificateStore(std::vector<ParsedCertificate> certificates);

  const ParsedCertificate& standard() const { return certificates_.front(); }
  std::span<const ParsedCertificate> all() const { return certificates_; }
  // The best usable certificate for the name; the default if there is none, or no name.
  // Case does not matter.
  const ParsedCertificate& choose(std::string_view server_name, const ClientOffer& offer) const;

 private:
  using Ranked = std::vector<uint32_t>;  // indices into certificates_, best first
  void index(uint32_t certificate);
  const ParsedCertificate* best(const std::string& key, const ClientOffer& offer) const;

  std::vector<ParsedCertificate> certificates_;
  // "www.example.com", and "*.example.com" for wildcards.
  std::unordered_map<std::string, Ranked> by_name_;
};

}  // namespace daruma::tls
