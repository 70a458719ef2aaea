// SPDX-License-Identifier: Apache-2.0
//
// Names the seed under way when a run crashes or does not come to an end.
#pragma once

#include <cstdint>

namespace daruma::sim {

// Once per process.
void catch_crashes();
// Before each run.
void begin_seed(uint64_t seed);

}  // namespace daruma::sim
