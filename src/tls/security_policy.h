// SPDX-License-Identifier: Apache-2.0
//
// AWS's predefined security policies for HTTPS listeners: name → versions, ciphers, groups. The
// names and orders are those of "Security policies for your Application Load Balancer" in the AWS
// documentation. A policy is served as it is or not at all: what the linked TLS library cannot do
// (post-quantum groups, a FIPS module, 3DES) makes the policy unavailable, never weaker.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace daruma::tls {

// For listeners in daruma.yaml that name none.
inline constexpr std::string_view default_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
// What CreateListener of the elbv2 API takes when none is given; it still allows TLS 1.0.
inline constexpr std::string_view api_default_policy = "ELBSecurityPolicy-2016-08";
// What an ALB speaks to targets when its listener's policy includes TLS 1.3.
inline constexpr std::string_view target_policy = "ELBSecurityPolicy-TLS13-1-0-2021-06";

enum class TlsVersion : uint8_t { v1_0, v1_1, v1_2, v1_3 };

// The blocks of which AWS composes its cipher lists; bits of SecurityPolicy::ciphers.
enum CipherBlock : uint8_t {
  forward_gcm = 1,       // ECDHE with AES-GCM
  forward_cbc_sha2 = 2,  // ECDHE with AES-CBC and SHA-256 or SHA-384
  forward_cbc_sha1 = 4,  // ECDHE with AES-CBC and SHA-1
  rsa_sha2 = 8,          // RSA key exchange with AES-GCM, or AES-CBC and SHA-256
  rsa_sha1 = 16,         // RSA key exchange with AES-CBC and SHA-1
  triple_des = 32,       // DES-CBC3-SHA
};

struct SecurityPolicy {
  std::string_view name;
  TlsVersion least;
  TlsVersion most;
  uint8_t ciphers;            // CipherBlock bits, for TLS 1.2 and older
  bool post_quantum = false;  // hybrid ML-KEM groups
  bool fips = false;          // by a validated module only; the blocks are not modelled

  // Names in the server's order of preference.
  std::vector<std::string_view> cipher_names() const;        // TLS 1.2 and older
  std::vector<std::string_view> tls13_cipher_names() const;  // empty without TLS 1.3
  std::vector<std::string_view> groups() const;
};

// Every policy name that AWS knows.
std::span<const SecurityPolicy> security_policies();
// Null if AWS knows no policy of that name.
const SecurityPolicy* find_policy(std::string_view name);

// Sets versions, ciphers and groups. Fails, saying what is missing, if the linked library cannot
// honour all of the policy.
Result<void> apply_policy(SSL_CTX* context, const SecurityPolicy& policy);
// As find_policy(), with an error for the operator.
Result<const SecurityPolicy*> known_policy(std::string_view name);
// Whether a listener can be served with the policy: known, and available with this library. For
// checking configuration.
Result<void> check_policy(std::string_view name);

}  // namespace daruma::tls
