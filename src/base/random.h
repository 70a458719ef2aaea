// SPDX-License-Identifier: Apache-2.0
//
// The only source of chance (xoshiro256**): the same seed gives the same run. Not for secrets.
#pragma once

#include <cstdint>

namespace daruma {

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t below(uint64_t bound);
  // True with probability numerator / denominator.
  bool chance(uint32_t numerator, uint32_t denominator) { return below(denominator) < numerator; }

 private:
  uint64_t state_[4];
};

}  // namespace daruma
