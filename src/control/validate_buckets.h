// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at Buckets, and at load balancers whose logs go there. Pure.
#pragma once

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

// Each is a directory, or with a service that speaks S3 and a key for it; and those that logs go to
// are there.
void validate_buckets(const model::api::Resources& resources, Issues& issues);

}  // namespace daruma::control
