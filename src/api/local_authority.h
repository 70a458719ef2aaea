// SPDX-License-Identifier: Apache-2.0
//
// The node's own certificate authority (Certificates.LocalAuthority), with which ACM's
// RequestCertificate is answered and what it issued is renewed. Its key is made when it is first
// needed and kept as those of certificates are: sealed, in the store. Control thread; it makes
// keys, which takes a while.
#pragma once

#include <string>
#include <vector>

#include "api/service_error.h"
#include "base/time.h"
#include "model/resources.h"
#include "tls/authority.h"

namespace daruma::api {

// What ACM gives: 13 months, renewed from 60 days before their end.
inline constexpr auto issued_for = std::chrono::days(395);
inline constexpr auto renewed_before_end = std::chrono::days(60);
inline constexpr auto authority_valid_for = std::chrono::days(3650);
// For clients whose clock is a little behind.
inline constexpr auto backdated = std::chrono::hours(1);

// Fresh key and certificate for the names into `to` (chain, key, request.issued). Makes the
// authority in `created` if there is none, or if it would end before what it is to sign; those that
// it issued stay until they are renewed.
Expected<void> issue_certificate(model::api::Resources& created, std::vector<std::string> names,
                                 tls::LeafKey kind, WallTime now, model::api::Certificate& to);

// The same names and kind of key again, from now on.
Expected<void> renew_certificate(model::api::Resources& created, WallTime now,
                                 model::api::Certificate& certificate);

// Whether one of the local authority's nears its end, or has passed it.
bool is_due(const model::api::Certificate& certificate, WallTime not_after, WallTime now);

}  // namespace daruma::api
