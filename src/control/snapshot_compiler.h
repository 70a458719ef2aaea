// SPDX-License-Identifier: Apache-2.0
//
// Resources → Snapshot: everything that workers and health read, from everything that people wrote.
// A full rebuild each time, but for the tables of rules that are as they were. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/result.h"
#include "control/name_resolver.h"
#include "control/zonal_shifts.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace daruma::control {

// `names` has the addresses of targets that are host names; one that is not in it has none.
// `shifts`: the zones that traffic is shifted away from. Where a listener's conditions are those
// that it has in the former snapshot (may be null), both have one rule table. REQUIRES: validate()
// found no error.
model::SnapshotRef compile_snapshot(const model::api::Resources& resources, const NameTable& names,
                                    uint64_t revision, const ZonalShifts& shifts = {},
                                    const model::Snapshot* former = nullptr);

// The targets that are host names.
std::set<std::string> target_names(const model::api::Resources& resources);

}  // namespace daruma::control
