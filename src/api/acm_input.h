// SPDX-License-Identifier: Apache-2.0
//
// Internal to api/acm*. What operations of ACM read from their input, and the certificate that it
// names. Refusals have ACM's codes.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "api/acm.h"

namespace daruma::api::acm {

tl::unexpected<ServiceError> wrong(std::string message);  // ValidationException

// Members that an operation does not know are refused, not ignored.
Expected<void> check_members(const Json& in, std::initializer_list<std::string_view> known);
const Json& member(const Json& in, const char* name, const Json& otherwise);
Expected<std::string> text(const Json& in, const char* name);  // required
// One of the choices; the first if there is none.
Expected<std::string> choice(const Json& in, const char* name,
                             std::initializer_list<std::string_view> choices);
Expected<std::string> pem(const Json& in, const char* name);   // a blob with PEM in it
Expected<void> read_tags(const Json& in, shapes::Tags& tags);  // into those that are there

// By the member CertificateArn.
Expected<const shapes::Certificate*> find(const JsonCall& call);
// What was found, to be changed. REQUIRES: a change was begun before it was found.
Expected<shapes::Certificate*> edited(JsonCall& call, const shapes::Certificate& certificate);

}  // namespace daruma::api::acm
