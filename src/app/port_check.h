// SPDX-License-Identifier: Apache-2.0
//
// Whether listeners could bind, asked before anything starts. Workers share their ports
// (SO_REUSEPORT), and the kernel would let a second daruma share them too: half of the connections
// would go to the wrong process, and nobody would be told.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "model/snapshot.h"

namespace daruma::app {

// Where the listeners of the snapshot bind, each once.
std::vector<Address> listening_addresses(const model::Snapshot& snapshot);

// "" if this process alone can listen there, else what is in the way.
std::string listening_problem(const Address& address);

}  // namespace daruma::app
