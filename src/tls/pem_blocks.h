// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. Files that may hold blocks of one kind alone: a reader skips what it does not
// look for, so that a private key beside a certificate would be kept, and handed out, with it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::tls {

// How many blocks there are, one or more; an error if one has another label.
Result<size_t> count_blocks(std::string_view pem, std::string_view label);

// Why a reader found fewer than there are.
std::string explain_blocks_not_read(size_t there, size_t read);

}  // namespace daruma::tls
