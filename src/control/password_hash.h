// SPDX-License-Identifier: Apache-2.0
//
// Hashes of passwords, as daruma.yaml has them (Admin.Users): Argon2id (RFC 9106) by libargon2, in
// the form that its own tools write: "$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH". Making and
// checking one takes 64 MB and a few tenths of a second, which is what they are for: never on a
// thread that others wait for (docs/adr/0015).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::control {

inline constexpr size_t password_bytes_min = 8;
inline constexpr size_t password_bytes_max = 1024;

// With a salt by chance. Fails where there are not 64 MB of memory. REQUIRES: the password has at
// most password_bytes_max.
Result<std::string> hash_of_password(std::string_view password);

// REQUIRES: problem_of_hash(hash) is "".
bool is_password(std::string_view password, const std::string& hash);

// Why this is no hash that is_password() takes; "" if it is one. Bounded as well: one that takes
// over 256 MB or 16 passes would let whoever tries a password stop the node.
std::string problem_of_hash(std::string_view hash);

}  // namespace daruma::control
