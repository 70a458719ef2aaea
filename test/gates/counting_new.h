// SPDX-License-Identifier: Apache-2.0
//
// operator new that counts, on the threads that ask for it. In a file of its own, so that the
// compiler can't inline one half of it and complain that it does not match the other.
#pragma once

#include <cstdint>

namespace daruma::gates {

void count_allocations_of_this_thread();
uint64_t allocations();

}  // namespace daruma::gates
