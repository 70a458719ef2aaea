// SPDX-License-Identifier: Apache-2.0
//
// AWS Signature Version 4, verified: who signed this request, or why it is refused, in AWS's words
// ("Signature Version 4 signing process" in the AWS documentation). The signature is recomputed
// over what was received, body included, in the Authorization field or in a presigned query. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/service_error.h"
#include "base/time.h"
#include "http/message.h"
#include "model/resources.h"

namespace daruma::api {

struct SignedRequest {
  std::string_view method;  // "POST"
  std::string_view path;    // as received
  std::string_view query;   // as received, without '?'
  const http::Fields& fields;
  std::string_view body;
};

struct SignatureRules {
  std::span<const model::api::AccessKey> keys;
  std::span<const std::string_view> services;  // that the scope may name; none: any
  WallTime now;
};

// The key that signed it; it has a secret. Checked in AWS's order: time, form of the credential,
// scope, key, signature. All x-amz-… fields must be signed: they say what is asked; but for a
// session token, which is accepted with any key and may be added later, as AWS's vectors have it.
Expected<const model::api::AccessKey*> verify_signature(const SignedRequest& request,
                                                        const SignatureRules& rules);

// The id of the key that it says it is signed with, true or not; "" if it says none.
std::string claimed_key(const SignedRequest& request);

}  // namespace daruma::api
