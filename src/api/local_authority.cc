// SPDX-License-Identifier: Apache-2.0
#include "api/local_authority.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/digest.h"
#include "base/check.h"
#include "base/time_text.h"
#include "tls/context.h"

namespace daruma::api {
namespace {

namespace shapes = model::api;

std::optional<WallTime> end_of(const shapes::Authority& authority) {
  const auto facts =
      tls::describe_certificate({"authority", authority.chain_pem, authority.key_pem});
  return facts ? std::optional(facts->not_after) : std::nullopt;
}

// One that ends after what it is to sign now. Those that end earlier stay as long as somebody has
// to trust them; whoever looks at both can tell by their names which is which.
const shapes::Authority& authority_for(shapes::Resources& created, WallTime now) {
  auto& authorities = created.authorities;
  std::erase_if(authorities, [&](const auto& each) { return end_of(each) < now; });
  for (const shapes::Authority& each : authorities) {
    if (end_of(each) >= now + issued_for) return each;
  }
  const std::string id = make_uuid();
  tls::CertifiedKey made =
      tls::make_authority(fmt::format("Daruma local authority {}", id.substr(0, 8)),
                          {now - backdated, now + authority_valid_for});
  return authorities.emplace_back(
      shapes::Authority{std::move(made.chain_pem),
                        std::move(made.key_pem),
                        {.id = id, .created = date_and_time(now), .tags = {}}});
}

tls::LeafKey kind_of(const tls::CertificateFacts& facts) {
  if (facts.key_type == tls::KeyType::rsa) return tls::LeafKey::rsa_2048;
  return facts.key_bits == 384 ? tls::LeafKey::p384 : tls::LeafKey::p256;
}

}  // namespace

Expected<void> issue_certificate(shapes::Resources& created, std::vector<std::string> names,
                                 tls::LeafKey kind, WallTime now, shapes::Certificate& to) {
  const shapes::Authority& authority = authority_for(created, now);
  auto made = tls::issue({authority.chain_pem, authority.key_pem}, names, kind,
                         {now - backdated, now + issued_for});
  if (!made) return refuse("ValidationException", made.error().message);
  const auto facts = tls::describe_certificate({"", made->chain_pem, made->key_pem});
  DARUMA_ASSERT(facts.has_value());
  to.chain_pem = std::move(made->chain_pem);
  to.key_pem = std::move(made->key_pem);
  to.fingerprint = facts->fingerprint;
  to.request.issued = date_and_time(now);
  return {};
}

Expected<void> renew_certificate(shapes::Resources& created, WallTime now,
                                 shapes::Certificate& certificate) {
  const auto facts = tls::describe_certificate({"", certificate.chain_pem, certificate.key_pem});
  if (!facts) return refuse("InternalFailure", facts.error().message, 500);
  return issue_certificate(created, facts->names, kind_of(*facts), now, certificate);
}

bool is_due(const shapes::Certificate& certificate, WallTime not_after, WallTime now) {
  return !certificate.request.issued.empty() && not_after - now < renewed_before_end;
}

}  // namespace daruma::api
