// SPDX-License-Identifier: Apache-2.0
//
// Internal to api/acm*. Certificates as ACM shows them (CertificateDetail, CertificateSummary).
#pragma once

#include "api/acm.h"

namespace daruma::api::acm {

// The local authority's (api/local_authority); the others were imported or are declared.
bool is_issued(const shapes::Certificate& certificate);

// Members that a description and a summary share.
Json outline(const JsonCall& call, const shapes::Certificate& certificate,
             const tls::CertificateFacts& facts);
Json description(const JsonCall& call, const shapes::Certificate& certificate,
                 const tls::CertificateFacts& facts);

}  // namespace daruma::api::acm
