// SPDX-License-Identifier: Apache-2.0
#include "tls/security_policy.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "tls/library.h"

namespace daruma::tls {
namespace {

using enum TlsVersion;

// Blocks by the suffixes of AWS's names.
constexpr uint8_t res = forward_gcm;
constexpr uint8_t fs = forward_gcm | forward_cbc_sha2;
constexpr uint8_t fs_sha1 = fs | forward_cbc_sha1;
constexpr uint8_t ext1 = fs | rsa_sha2;
constexpr uint8_t all_aes = fs_sha1 | rsa_sha2 | rsa_sha1;
constexpr bool post_quantum = true;
constexpr bool fips = true;

constexpr SecurityPolicy policies[] = {
    {"ELBSecurityPolicy-TLS13-1-3-2021-06", v1_3, v1_3, 0},
    {"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", v1_2, v1_3, res},
    {"ELBSecurityPolicy-TLS13-1-2-2021-06", v1_2, v1_3, fs},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", v1_2, v1_3, ext1},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", v1_2, v1_3, all_aes},
    {"ELBSecurityPolicy-TLS13-1-1-2021-06", v1_1, v1_3, all_aes},
    {"ELBSecurityPolicy-TLS13-1-0-2021-06", v1_0, v1_3, all_aes},
    {"ELBSecurityPolicy-FS-1-2-Res-2020-10", v1_2, v1_2, res},
    {"ELBSecurityPolicy-FS-1-2-Res-2019-08", v1_2, v1_2, fs},
    {"ELBSecurityPolicy-FS-1-2-2019-08", v1_2, v1_2, fs_sha1},
    {"ELBSecurityPolicy-FS-1-1-2019-08", v1_1, v1_2, fs_sha1},
    {"ELBSecurityPolicy-FS-2018-06", v1_0, v1_2, fs_sha1},
    {"ELBSecurityPolicy-TLS-1-2-Ext-2018-06", v1_2, v1_2, all_aes},
    {"ELBSecurityPolicy-TLS-1-2-2017-01", v1_2, v1_2, ext1},
    {"ELBSecurityPolicy-TLS-1-1-2017-01", v1_1, v1_2, all_aes},
    {"ELBSecurityPolicy-2016-08", v1_0, v1_2, all_aes},
    {"ELBSecurityPolicy-2015-05", v1_0, v1_2, all_aes},
    {"ELBSecurityPolicy-TLS-1-0-2015-04", v1_0, v1_2, all_aes | triple_des},

    {"ELBSecurityPolicy-TLS13-1-3-PQ-2025-09", v1_3, v1_3, 0, post_quantum},
    {"ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", v1_2, v1_3, res, post_quantum},
    {"ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", v1_2, v1_3, fs, post_quantum},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09", v1_2, v1_3, ext1, post_quantum},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09", v1_2, v1_3, all_aes, post_quantum},
    {"ELBSecurityPolicy-TLS13-1-0-PQ-2025-09", v1_0, v1_3, all_aes, post_quantum},

    {"ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", v1_3, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", v1_1, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04", v1_0, v1_3, 0, false, fips},

    {"ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09", v1_3, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09", v1_2, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09", v1_2, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-PQ-2025-09", v1_2, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09", v1_2, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-PQ-2025-09", v1_2, v1_3, 0, post_quantum, fips},
    {"ELBSecurityPolicy-TLS13-1-0-FIPS-PQ-2025-09", v1_0, v1_3, 0, post_quantum, fips},

    {"ELBSecurityPolicy-TLS13-1-3-RFC9151-FIPS-2023-07", v1_3, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP3-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
    {"ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07", v1_2, v1_3, 0, false, fips},
};

struct Cipher {
  std::string_view name;
  CipherBlock block;
};
// AWS interleaves its blocks in this order.
constexpr Cipher cipher_order[] = {
    {"ECDHE-ECDSA-AES128-GCM-SHA256", forward_gcm},
    {"ECDHE-RSA-AES128-GCM-SHA256", forward_gcm},
    {"ECDHE-ECDSA-AES128-SHA256", forward_cbc_sha2},
    {"ECDHE-RSA-AES128-SHA256", forward_cbc_sha2},
    {"ECDHE-ECDSA-AES128-SHA", forward_cbc_sha1},
    {"ECDHE-RSA-AES128-SHA", forward_cbc_sha1},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", forward_gcm},
    {"ECDHE-RSA-AES256-GCM-SHA384", forward_gcm},
    {"ECDHE-ECDSA-AES256-SHA384", forward_cbc_sha2},
    {"ECDHE-RSA-AES256-SHA384", forward_cbc_sha2},
    {"ECDHE-RSA-AES256-SHA", forward_cbc_sha1},
    {"ECDHE-ECDSA-AES256-SHA", forward_cbc_sha1},
    {"AES128-GCM-SHA256", rsa_sha2},
    {"AES128-SHA256", rsa_sha2},
    {"AES128-SHA", rsa_sha1},
    {"AES256-GCM-SHA384", rsa_sha2},
    {"AES256-SHA256", rsa_sha2},
    {"AES256-SHA", rsa_sha1},
    {"DES-CBC3-SHA", triple_des},
};

constexpr std::string_view tls13_order[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                            "TLS_CHACHA20_POLY1305_SHA256"};
constexpr std::string_view hybrid_groups[] = {"X25519MLKEM768", "SecP256r1MLKEM768",
                                              "SecP384r1MLKEM1024"};
constexpr std::string_view classical_groups[] = {"X25519", "P-256", "P-384", "P-521"};

int number_of(TlsVersion version) {
  switch (version) {
    case v1_0:
      return TLS1_VERSION;
    case v1_1:
      return TLS1_1_VERSION;
    case v1_2:
      return TLS1_2_VERSION;
    case v1_3:
      return TLS1_3_VERSION;
  }
  DARUMA_ASSERT(false);
}

std::string joined(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ':';
    list += name;
  }
  return list;
}

tl::unexpected<Error> unavailable(const SecurityPolicy& policy, std::string_view missing) {
  return fail("security policy " + std::string(policy.name) +
              " is known to AWS, but not available with this TLS library (" +
              OpenSSL_version(OPENSSL_VERSION) + "): " + std::string(missing));
}

// The library leaves out of a list, silently, what it does not have.
std::string_view first_missing(SSL_CTX* context, std::span<const std::string_view> wanted) {
  const STACK_OF(SSL_CIPHER)* have = SSL_CTX_get_ciphers(context);
  for (const std::string_view name : wanted) {
    bool found = false;
    for (size_t i = 0; i < static_cast<size_t>(sk_SSL_CIPHER_num(have)) && !found; ++i) {
      found = name == SSL_CIPHER_get_name(sk_SSL_CIPHER_value(have, static_cast<int>(i)));
    }
    if (!found) return name;
  }
  return {};
}

Result<void> apply_ciphers(SSL_CTX* context, const SecurityPolicy& policy) {
  const auto older = policy.cipher_names();
  if (!older.empty()) {
    if (SSL_CTX_set_cipher_list(context, joined(older).c_str()) != 1) {
      return unavailable(policy, take_error_text());
    }
    const std::string_view missing = first_missing(context, older);
    if (!missing.empty()) return unavailable(policy, "it lacks " + std::string(missing));
  }
  const auto newer = policy.tls13_cipher_names();
  if (!newer.empty() && SSL_CTX_set_ciphersuites(context, joined(newer).c_str()) != 1) {
    return unavailable(policy, take_error_text());
  }
  return {};
}

}  // namespace

std::vector<std::string_view> SecurityPolicy::cipher_names() const {
  std::vector<std::string_view> names;
  for (const Cipher& cipher : cipher_order) {
    if (ciphers & cipher.block) names.push_back(cipher.name);
  }
  return names;
}

std::vector<std::string_view> SecurityPolicy::tls13_cipher_names() const {
  if (most < v1_3) return {};
  return {std::begin(tls13_order), std::end(tls13_order)};
}

std::vector<std::string_view> SecurityPolicy::groups() const {
  std::vector<std::string_view> names;
  if (post_quantum) names.assign(std::begin(hybrid_groups), std::end(hybrid_groups));
  names.insert(names.end(), std::begin(classical_groups), std::end(classical_groups));
  return names;
}

std::span<const SecurityPolicy> security_policies() {
  return policies;
}

const SecurityPolicy* find_policy(std::string_view name) {
  const auto* found = std::ranges::find(policies, name, &SecurityPolicy::name);
  return found == std::end(policies) ? nullptr : found;
}

Result<void> apply_policy(SSL_CTX* context, const SecurityPolicy& policy) {
  if (policy.fips) return unavailable(policy, "it is not a validated FIPS module");
  set_security_level(context, policy.least < v1_2 ? 0 : 1);
  if (SSL_CTX_set_min_proto_version(context, number_of(policy.least)) != 1 ||
      SSL_CTX_set_max_proto_version(context, number_of(policy.most)) != 1) {
    return unavailable(policy, "it lacks a TLS version");
  }
  if (SSL_CTX_set1_groups_list(context, joined(policy.groups()).c_str()) != 1) {
    ERR_clear_error();
    return unavailable(policy, "it lacks one of the groups " + joined(policy.groups()));
  }
  return apply_ciphers(context, policy);
}

Result<const SecurityPolicy*> known_policy(std::string_view name) {
  if (const SecurityPolicy* policy = find_policy(name)) return policy;
  return fail("'" + std::string(name) + "' is not a security policy that AWS knows; try " +
              std::string(default_policy));
}

Result<void> check_policy(std::string_view name) {
  const auto policy = known_policy(name);
  if (!policy) return fail(policy.error().message);
  const OwnedContext context(SSL_CTX_new(TLS_server_method()));
  DARUMA_ASSERT(context != nullptr);
  return apply_policy(context.get(), **policy);
}

}  // namespace daruma::tls
