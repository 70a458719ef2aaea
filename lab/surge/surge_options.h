// SPDX-License-Identifier: Apache-2.0
//
// Who the surge's users are and what they ask for.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/time.h"

namespace daruma::lab {

// Evenly spaced, or as many strangers come (a Poisson process).
enum class Arrivals : uint8_t { even, poisson };

struct SurgeOptions {
  Address address;
  bool tls = false;
  std::string host = "localhost";
  std::string path = "/page";  // asked for as /page?n=NUMBER&try=ATTEMPT
  size_t outstanding_max = 3000;
  Duration patience = 10s;
  unsigned retries = 0;  // an impatient user asks so often again, after 100–500 ms
  // Where not 0, a 2xx response must hold "n=NUMBER\n" and so many letters after it.
  size_t letters = 0;
  Arrivals arrivals = Arrivals::even;
};

}  // namespace daruma::lab
