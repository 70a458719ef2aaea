// SPDX-License-Identifier: Apache-2.0
//
// Who belongs to whom, and how CloudWatch spells them: what turns counters' labels into dimensions.
// Values.
#pragma once

#include <map>
#include <string>

namespace daruma::metrics {

struct Topology {
  struct Group {
    std::string resource_id;    // "targetgroup/apache/73e2d6bc24d8a067"
    std::string load_balancer;  // its resource id; "" if none uses the group, or several do
  };
  std::map<std::string, std::string> load_balancers;  // name → "app/web/50dc6c495c0c9188"
  std::map<std::string, Group> groups;                // by name
};

}  // namespace daruma::metrics
