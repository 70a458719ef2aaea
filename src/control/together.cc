// SPDX-License-Identifier: Apache-2.0
#include "control/together.h"

namespace daruma::control {

model::api::Resources together(const model::api::Resources& declared,
                               const model::api::Resources& created) {
  model::api::Resources whole = declared;
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(whole.certificates, created.certificates);
  add(whole.trust_stores, created.trust_stores);
  add(whole.target_groups, created.target_groups);
  add(whole.load_balancers, created.load_balancers);
  whole.authorities = created.authorities;
  whole.inventory = created.inventory;
  return whole;
}

}  // namespace daruma::control
