// SPDX-License-Identifier: Apache-2.0
#include "model/balancing.h"

namespace daruma::model {

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::round_robin:
      return "round_robin";
    case Algorithm::least_outstanding_requests:
      return "least_outstanding_requests";
    case Algorithm::weighted_random:
      return "weighted_random";
  }
  return "";
}

}  // namespace daruma::model
