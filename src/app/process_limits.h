// SPDX-License-Identifier: Apache-2.0
//
// What the operating system grants this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace daruma::app {

// Raises the limit of open descriptors as far as it goes. Returns the limit in force.
uint64_t raise_descriptor_limit();

// How many client connections each worker may take of a limit that all workers share: three in four
// descriptors, for of many clients most are idle and have no target's connection.
size_t client_connections_per_worker(uint64_t descriptor_limit, size_t workers);

// The cores that this process may use, ascending.
std::vector<int> usable_cores();

// Keeps the calling thread on one core. False if the system refuses.
bool pin_to_core(int core);

}  // namespace daruma::app
