// SPDX-License-Identifier: Apache-2.0
#include "control/mutual_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "control/suggestion.h"
#include "control/validate_values.h"
#include "model/limits.h"
#include "tls/sha256.h"
#include "tls/trust_store.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

std::string sha256_of(string_view bytes) {
  tls::Sha256 sha;
  sha.update(bytes);
  return sha.finish();
}

std::string check_limits(const tls::BundleFacts& facts) {
  if (facts.certificates > limits::trust_store_certificates_max)
    return fmt::format("the bundle has {} certificates; the limit is {}", facts.certificates,
                       limits::trust_store_certificates_max);
  if (facts.certificate_bytes_most > limits::trust_store_certificate_bytes_max)
    return fmt::format("the bundle has a certificate of {} bytes; the limit is {}",
                       facts.certificate_bytes_most, limits::trust_store_certificate_bytes_max);
  if (facts.subject_bytes > limits::trust_store_subject_bytes_max)
    return fmt::format("the subjects of the bundle's certificates have {} bytes; the limit is {}",
                       facts.subject_bytes, limits::trust_store_subject_bytes_max);
  return "";
}

void validate_verify(const api::MutualAuthentication& mutual, const std::set<std::string>* known,
                     const Path& path, Issues& issues) {
  if (mutual.trust_store.empty())
    return issues.error(path.at("TrustStore"),
                        "TrustStore is missing: Mode verify needs the name of a trust store");
  if (known == nullptr || known->contains(mutual.trust_store)) return;
  const std::vector<string_view> words(known->begin(), known->end());
  issues.error(path.at("TrustStore"),
               fmt::format("trust store '{}' is not in TrustStores{}", mutual.trust_store,
                           did_you_mean(mutual.trust_store, words)));
}

// What only `verify` has.
void validate_other(const api::MutualAuthentication& mutual, const Path& path, Issues& issues) {
  const auto refuse = [&](string_view member) {
    issues.error_at_key(path.at(member), fmt::format("{} is for Mode verify", member));
  };
  if (!mutual.trust_store.empty()) refuse("TrustStore");
  if (mutual.ignore_client_certificate_expiry.value_or(false))
    refuse("IgnoreClientCertificateExpiry");
  if (mutual.advertise_trust_store_ca_names.value_or("off") != "off")
    refuse("AdvertiseTrustStoreCaNames");
}

std::string fingerprint_of(const api::TrustStore& store) {
  std::string all = store.fingerprint;
  for (const api::Revocation& each : store.revocations) all += ' ' + each.fingerprint;
  return store.revocations.empty() ? all : sha256_of(all);
}

Result<std::shared_ptr<const tls::TrustStore>> compile(const api::TrustStore& store) {
  std::vector<string_view> revocations;
  for (const api::Revocation& each : store.revocations) {
    DARUMA_ASSERT(each.content != nullptr);
    revocations.emplace_back(*each.content);
  }
  return tls::TrustStore::create(store.ca_pem, revocations);
}

}  // namespace

Result<void> set_bundle(api::TrustStore& store, std::string ca_pem) {
  const auto facts = tls::describe_authorities(ca_pem);
  if (!facts) return fail(facts.error().message);
  if (std::string problem = check_limits(*facts); !problem.empty()) return fail(std::move(problem));
  store.fingerprint = sha256_of(ca_pem);
  store.certificates = static_cast<int64_t>(facts->certificates);
  store.ca_pem = std::move(ca_pem);
  return {};
}

Result<void> set_content(api::Revocation& revocation, std::string content) {
  const auto facts = tls::describe_revocations(content);
  if (!facts) return fail(facts.error().message);
  revocation.fingerprint = sha256_of(content);
  revocation.entries = static_cast<int64_t>(facts->entries);
  revocation.content = std::make_shared<const std::string>(std::move(content));
  return {};
}

Result<void> check_lists(const api::TrustStore& store) {
  if (store.revocations.empty()) return {};
  const auto made = compile(store);
  if (!made) return fail(made.error().message);
  return {};
}

int64_t revoked_entries(const api::TrustStore& store) {
  int64_t entries = 0;
  for (const api::Revocation& each : store.revocations) entries += each.entries.value_or(0);
  return entries;
}

void validate_trust_store(const api::TrustStore& store, const Path& path, Issues& issues) {
  if (store.identity.id.empty() && store.bundle_file.empty())
    issues.error(path.at("CaCertificatesFile"),
                 "CaCertificatesFile is missing: a PEM file of authorities' certificates");
  if (store.revocations.size() > limits::revocation_lists_max)
    issues.error(path.at("RevocationFiles"),
                 fmt::format("a trust store has at most {} RevocationFiles, not {}",
                             limits::revocation_lists_max, store.revocations.size()));
  const int64_t entries = revoked_entries(store);
  if (entries > static_cast<int64_t>(limits::revocation_entries_max))
    issues.error(path.at("RevocationFiles"),
                 fmt::format("a trust store has at most {} revocation entries, not {}",
                             limits::revocation_entries_max, entries));
}

void validate_mutual_tls(const api::Listener& listener, const std::set<std::string>* known,
                         const Path& path, Issues& issues) {
  if (!listener.mutual_authentication) return;
  const api::MutualAuthentication& mutual = *listener.mutual_authentication;
  const Path where = path.at("MutualAuthentication");
  if (mutual.mode != "off" && mutual.mode != "passthrough" && mutual.mode != "verify")
    return issues.error(
        where.at("Mode"),
        fmt::format("Mode must be off, passthrough or verify, not '{}'", mutual.mode));
  const std::string& advertise = mutual.advertise_trust_store_ca_names.value_or("off");
  if (advertise != "on" && advertise != "off")
    return issues.error(
        where.at("AdvertiseTrustStoreCaNames"),
        fmt::format("AdvertiseTrustStoreCaNames must be on or off, not '{}'", advertise));
  if (mutual.mode != "off" && listener.protocol == "HTTP")
    return issues.error_at_key(path.at("MutualAuthentication"),
                               "MutualAuthentication belongs to HTTPS listeners; this one is HTTP");
  if (mutual.mode == "verify") return validate_verify(mutual, known, where, issues);
  validate_other(mutual, where, issues);
}

model::TrustStore compile_trust_store(const api::TrustStore& store, const model::Snapshot* former) {
  model::TrustStore to{store.name, fingerprint_of(store), nullptr};
  if (former != nullptr) {
    const auto found =
        std::ranges::find(former->trust_stores, to.fingerprint, &model::TrustStore::fingerprint);
    if (found != former->trust_stores.end()) to.compiled = found->compiled;
  }
  if (to.compiled) return to;
  auto compiled = compile(store);
  DARUMA_ASSERT(compiled.has_value());
  to.compiled = std::move(*compiled);
  return to;
}

void compile_mutual_tls(const api::Listener& listener,
                        const std::map<std::string, uint32_t>& trust_stores, model::MutualTls& to) {
  if (!listener.mutual_authentication) return;
  const api::MutualAuthentication& mutual = *listener.mutual_authentication;
  if (mutual.mode == "passthrough") to.mode = model::MutualTlsMode::passthrough;
  if (mutual.mode != "verify") return;
  to.mode = model::MutualTlsMode::verify;
  const auto found = trust_stores.find(mutual.trust_store);
  DARUMA_ASSERT(found != trust_stores.end());
  to.trust_store = found->second;
  to.ignore_expiry = mutual.ignore_client_certificate_expiry.value_or(false);
  to.advertise_names = mutual.advertise_trust_store_ca_names.value_or("off") == "on";
}

}  // namespace daruma::control
