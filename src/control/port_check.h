// SPDX-License-Identifier: Apache-2.0
//
// Whether listeners could bind, asked before workers are told of them. Workers share their ports
// (SO_REUSEPORT), and the kernel would let a second daruma share them too: half of the connections
// would go to the wrong process, and nobody would be told.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "model/resources.h"

namespace daruma::control {

// Where the listeners bind, each address once, ascending.
std::vector<Address> listening_addresses(const model::api::Resources& resources);

// Those of `wanted` that do not overlap with one of `ours`: where this process listens already, no
// port check can tell it from others.
std::vector<Address> new_addresses(const std::vector<Address>& wanted,
                                   const std::vector<Address>& ours);

// "" if this process alone can listen there, else what is in the way.
std::string listening_problem(const Address& address);

}  // namespace daruma::control
