// SPDX-License-Identifier: Apache-2.0
//
// Node.Resolvers: the name servers that targets' names are asked of, instead of the system's.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "control/issues.h"

namespace daruma::control {

// Each is "10.0.0.2", "10.0.0.2:5353", "2001:db8::2" or "[2001:db8::2]:5353". Reports to `issues`,
// at Resolvers of `node`.
void validate_resolvers(const std::vector<std::string>& resolvers, const Path& node,
                        Issues& issues);

// With their ports (53 where none is given). REQUIRES: validate_resolvers() found no error.
std::vector<Address> name_servers(const std::vector<std::string>& resolvers);

}  // namespace daruma::control
